package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestComposites: the registry tells which composites workers name, and which slots may sieve.
func TestComposites(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	number := strings.Repeat("7", 90)
	child := task.ChildID("j", 7, nat.New(1))
	named := func(job string) worker.Activity {
		return worker.Activity{Job: job, Position: 7, NumberProgress: worker.NumberProgress{Method: "siqs", Digits: 90, Cores: 2, Left: time.Minute, Composite: number}}
	}
	beat := func(name string, s worker.Status) {
		s.State = worker.StateRunning
		if err := h.station(name).Beat(s); err != nil {
			t.Fatal(err)
		}
	}
	beat("owner", worker.Status{Sieves: true, Stats: worker.Stats{Slots: 4, Busy: 3, Activities: []worker.Activity{named("j"), named(child)}},
		Holding: []string{"j.7-1.0", "k.1-1.0", child + ".0-4096.0"}})
	beat("old", worker.Status{Stats: worker.Stats{Slots: 3}})
	beat("newer", worker.Status{Sieves: true, Sieve: task.SieveRevision + 1, Stats: worker.Stats{Slots: 5}})
	beat("same", worker.Status{Sieves: true, Sieve: task.SieveRevision, Stats: worker.Stats{Slots: 1}})
	beat("liar", worker.Status{Sieves: true, Stats: worker.Stats{Slots: 100, Activities: []worker.Activity{named("j")}}})
	bad := func(name string) bool { return name == "liar" }
	r, err := h.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "all workers", func() bool { return len(r.Workers()) == 5 })
	list := r.Composites(bad)
	if len(list) != 1 || list[0].Number.String() != number {
		t.Fatalf("composites: %+v", list)
	}
	list[0].Number = nat.Nat{}
	if want := (Composite{Worker: "owner", Job: "j", Position: 7, Left: time.Minute, Cores: 2}); list[0] != want {
		t.Errorf("composite: %+v, not %+v", list[0], want)
	}
	if got := r.SieveSlots(bad); got.All != 4 || got.Idle != 3 || got.Old != 8 || got.OldWorker == "" || !got.Plain || got.Of["owner"] != 3 {
		t.Errorf("slots: %+v", got)
	}
}

// TestSieveClaims: the heartbeats of one worker count for a bounded number of slots.
func TestSieveClaims(t *testing.T) {
	t.Parallel()
	r := &Registry{roster: newRoster()}
	for i := range 100 {
		s := worker.Status{Name: "liar", Instance: fmt.Sprint("x", i), Sieves: true, Stats: worker.Stats{State: worker.StateRunning, Slots: maxSlots}}
		content, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		r.roster.put(beat{key: "liar." + s.Instance, value: content}, time.Now())
	}
	if got := r.SieveSlots(nil); got.All < 1 || got.All > maxSieveSlots || got.Idle > maxSieveSlots {
		t.Errorf("slots: %+v", got)
	}
}
