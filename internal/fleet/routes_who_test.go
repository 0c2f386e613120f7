package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestForgottenRoute: only a worker that offers the route makes the requests of the others look forgotten.
func TestForgottenRoute(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.routed("j", "gpu", 1)
	h.queue(j, single(0))
	s := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 1}}
	w := &forgottenWatch{f: h.Fleet, workers: func() []worker.Status { return []worker.Status{s} }}
	look := func(want bool) {
		t.Helper()
		h.forgetRoute("")
		if err := w.look(t.Context()); err != nil || w.before[j.Queue()] != want {
			t.Errorf("%v, %v", w.before, err)
		}
	}
	look(false)
	s.Offers = []string{"gpu"}
	look(true)
}

// TestOthersTakeIt: of other workers only those count that would take the number. Else a number that fails at the only
// worker with a label would be queued for ever.
func TestOthersTakeIt(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, in := h.routed("j", "gpu", 10)
	x := &Failures{f: h.Fleet, ackWait: time.Second}
	var err error
	if x.trust, err = h.Trust(t.Context()); err == nil {
		x.registry, err = h.Registry(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	h.put(schema.FailedSubject(task.Address{Job: "j", Range: single(1), Round: "0"}, schema.MaxDeliver, "w"), (&task.Failure{Worker: "w", Time: time.Now()}).Encode())
	h.put(schema.DeadSubject("j", single(1), "w"), (&task.Failure{Worker: "w", Time: time.Now()}).Encode())
	running := worker.Stats{State: worker.StateRunning}
	for _, test := range []struct {
		offers  []string
		digits  int
		another bool
	}{
		{nil, 0, false}, {[]string{"ssd"}, 0, false}, {[]string{"gpu"}, 0, true}, {[]string{"gpu"}, 20, true},
	} {
		if err := h.station("other").Beat(worker.Status{Stats: running, Offers: test.offers, MaxDigits: test.digits}); err != nil {
			t.Fatal(err)
		}
		await(t, "its heartbeat", func() bool {
			return slices.ContainsFunc(x.registry.Workers(), func(s worker.Status) bool { return slices.Equal(s.Offers, test.offers) && s.MaxDigits == test.digits })
		})
		e, err := x.findOf(t.Context(), j, in, single(1))
		if err != nil {
			t.Fatal(err)
		}
		present := slices.DeleteFunc(x.registry.Workers(), func(s worker.Status) bool { return !slices.Equal(s.Offers, test.offers) })
		takes := func(s *worker.Status) bool { return s.Serves("gpu") }
		if others := namesWithout(present, takes); others["other"] == test.another {
			t.Errorf("%v: not counted: %v", test.offers, others)
		}
		if now := e.Others == 0; test.another && !now {
			t.Errorf("%v: another worker is not counted: %+v", test.offers, e.Evidence)
		}
	}
}

// TestHostileOffers: what a heartbeat claims to offer is bounded, and fit to be printed.
func TestHostileOffers(t *testing.T) {
	s := worker.Status{Offers: []string{"b", "a", "b", "x y", "\x1b[2J", strings.Repeat("l", 25), "exec=", "exec=ok", "LARGE"}, MaxDigits: -1, MemoryDigits: 1 << 40}
	for i := range 100 {
		s.Offers = append(s.Offers, fmt.Sprint("z", i))
	}
	b, err := s.Encode(schema.MaxStatusSize)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := decodeStatus("w.i", b)
	if !ok || len(got.Offers) > task.MaxWorkerOffers || !slices.IsSorted(got.Offers) || got.MaxDigits != 0 || got.MemoryDigits != maxDigits {
		t.Fatalf("%v %+v", ok, got)
	}
	for _, offer := range got.Offers {
		if task.CheckOffer(offer) != nil {
			t.Errorf("%q", offer)
		}
	}
	if !got.Serves("a+b+exec=ok") || got.Serves("a+c") {
		t.Errorf("%v", got.Offers)
	}
}

// TestBlind: credentials of an earlier version show the priorities only, and no request is sent that they do not permit.
func TestBlind(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.routed("j", "gpu", 1)
	h.forgetRoute("")
	h.routes.blind = true
	names := make(chan *nats.Msg, 10)
	if _, err := h.nc.ChanSubscribe("$JS.API.CONSUMER.NAMES.>", names); err != nil {
		t.Fatal(err)
	}
	classes, err := h.Classes(context.WithoutCancel(t.Context()))
	if err = errorsOf(err, h.EnsureRoutes(t.Context(), []task.Class{"norm+gpu"}), h.nc.Flush()); err != nil || !slices.Equal(classes, task.Classes) || len(names) > 0 {
		t.Errorf("%v, %v, %d requests", classes, err, len(names))
	}
}

// TestRunningNames: a worker that is paused or sleeps, or does not offer the route, is not asked; one with several processes
// is named once.
func TestRunningNames(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	registry, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct {
		name, state string
		offers      []string
	}{
		{"v", worker.StateRunning, []string{"gpu"}}, {"v", worker.StateRunning, []string{"gpu"}}, {"w", worker.StateRunning, nil},
		{"paused", worker.StatePaused, []string{"gpu"}}, {"sleeps", worker.StateSleeping, []string{"gpu"}},
		{"bad", worker.StateRunning, []string{"gpu"}}, {"x", worker.StatePaused, []string{"gpu"}}, {"x", worker.StateRunning, []string{"gpu"}},
	} {
		if err := h.station(w.name).Beat(worker.Status{Offers: w.offers, Stats: worker.Stats{State: w.state}}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the heartbeats", func() bool { return len(registry.Workers()) == 8 })
	if got := fmt.Sprint(registry.RunningNames("gpu", func(name string) bool { return name == "bad" })); got != "[v x]" {
		t.Errorf("%s", got)
	}
}
