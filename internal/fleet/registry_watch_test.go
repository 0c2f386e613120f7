package fleet

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsserver"
	"factorfleet/internal/puller"
	"factorfleet/internal/worker"
)

// TestRegistryWatch: the registry of a process shows who holds which task, and forgets workers that leave.
func TestRegistryWatch(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{Listen: "127.0.0.1:0", Store: t.TempDir()})
	h.provision(Provision{})
	beat := func(s *station, status worker.Status) {
		t.Helper()
		if err := s.Beat(status); err != nil {
			t.Fatal(err)
		}
	}
	running := func(slots, busy int) worker.Stats {
		return worker.Stats{State: worker.StateRunning, Slots: slots, Busy: busy}
	}
	a, b := h.station("a"), h.station("b")
	beat(a, worker.Status{Stats: running(3, 2), Holding: []string{"j.0-1.0", "j.1-1.0", "k.0-4.0x", "j.2-1.0", "j.2-1.0"}})
	r, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "a is known", func() bool { return len(r.Workers()) == 1 })
	beat(b, worker.Status{Stats: running(2, 1), Holding: []string{"j.1-1.0"}})
	await(t, "b is known", func() bool { return len(r.Workers()) == 2 })
	held := r.HeldOf("j")
	if len(held) != 3 || len(held["j.1-1.0"]) != 2 || held["j.1-1.0"][0].Worker != "a" {
		t.Errorf("held: %v", held)
	}
	if n, m := r.FreeSlots("a"), r.FreeSlots(""); n != 1 || m != 1 {
		t.Errorf("%d and %d free slots", n, m)
	}
	since := r.Holders("j.1-1.0")[1].Since
	beat(b, worker.Status{Stats: running(4, 1), Holding: []string{"j.1-1.0", "k.7-1.0"}})
	await(t, "the next heartbeat", func() bool { return len(r.Holders("k.7-1.0")) == 1 })
	if got := r.Holders("j.1-1.0")[1].Since; !got.Equal(since) {
		t.Errorf("since %v, then %v", since, got)
	}
	if !r.OtherAlive("a", 0, nil) {
		t.Error("a process that has just begun to watch knows that no other worker is alive")
	}
	if err := a.Leave(); err != nil {
		t.Fatal(err)
	}
	await(t, "a has left", func() bool { return len(r.Workers()) == 1 && len(r.Holders("j.0-1.0")) == 0 })
	h.server.Restart()
	await(t, "the watch continues", func() bool {
		beat(b, worker.Status{Stats: running(4, 4), Holding: []string{"z.0-1.0"}})
		return len(r.Holders("z.0-1.0")) == 1
	})
}

// An unwatchable is a bucket that refuses watches.
type unwatchable struct{ jetstream.KeyValue }

func (unwatchable) WatchAll(context.Context, ...jetstream.WatchOpt) (jetstream.KeyWatcher, error) {
	return nil, errors.New("refused")
}

// TestRegistryServesReminders: a process with a registry lists no heartbeats to remind workers.
func TestRegistryServesReminders(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Quarantine(t.Context(), "w", "why"); err != nil {
		t.Fatal(err)
	}
	await(t, "the quarantine is known", func() bool { return trust.Quarantined("w") })
	r, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.Fleet.workers = unwatchable{h.Fleet.workers}
	h.remindEvery = 0
	w := h.station("w")
	told := make(chan bool, 10)
	if err := w.Listen(t.Context(), puller.Orders{Quarantine: func() { told <- true }}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Beat(worker.Status{Stats: worker.Stats{State: worker.StateRunning}}), w.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	await(t, "the worker is known", func() bool { return len(r.Workers()) == 1 })
	if err := trust.Remind(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-told
}
