package observe

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/worker"
)

// crowd returns the heartbeats of a hostile worker with very many processes, and of an honest one.
func crowd() (list []worker.Status) {
	for i := range 256 {
		s := worker.Status{Name: "evil", Instance: fmt.Sprint("i", i), Stats: worker.Stats{Slots: 1, Tasks: math.MaxUint64, Numbers: math.MaxUint64, Failures: math.MaxUint64,
			SieveFailures: math.MaxUint64, CPU: math.MaxInt64}}
		if i%2 == 0 {
			s.CPU = math.MinInt64
		}
		for k := range worker.MaxActivities {
			s.Activities = append(s.Activities, worker.Activity{Job: "a", Position: uint64(k), NumberProgress: worker.NumberProgress{Method: "ecm", Left: math.MaxInt64}})
			s.Holding = append(s.Holding, fmt.Sprintf("a.%d-1.0", k))
		}
		list = append(list, s)
	}
	return append(list, worker.Status{Name: "honest", Instance: "i", Stats: worker.Stats{Slots: 1, Activities: []worker.Activity{
		{Job: "a", Position: 7, NumberProgress: worker.NumberProgress{Method: "siqs", Left: time.Second}}}}})
}

// TestCrowdSums: the sums of what processes of one name claim do not overflow.
func TestCrowdSums(t *testing.T) {
	w := Summarize(fleet.WorkerList{Workers: crowd()}, nil)[0]
	if w.Tasks != math.MaxUint64 || w.Numbers != math.MaxUint64 || w.Failures != math.MaxUint64 || w.SieveFailures != math.MaxUint64 || w.CPU != math.MaxInt64 || w.Slots != 256 {
		w.Activities = nil
		t.Errorf("%+v", w.Stats)
	}
}

// TestCrowdDisplacesNobody: numbers of a hostile worker do not displace those of others, and its lists are bounded.
func TestCrowdDisplacesNobody(t *testing.T) {
	list := crowd()
	for _, job := range []string{"", "a"} {
		all := runningOf(list, job, time.Time{})
		if len(all) != maxOfName+1 || all[len(all)-1].Worker != "honest" {
			t.Errorf("job %q: %d numbers, the last one %+v", job, len(all), all[len(all)-1])
		}
	}
	if all := runningOf(list, "b", time.Time{}); all == nil || len(all) != 0 {
		t.Errorf("numbers of another job: %v", all)
	}
	w := Summarize(fleet.WorkerList{Workers: list}, nil)[0].shortened()
	if len(w.Activities) > maxShown || len(w.Holding) > maxShown {
		t.Errorf("%d activities, %d tasks", len(w.Activities), len(w.Holding))
	}
}

// TestUnreachable: while the server cannot be reached, no request waits for it: pages that stay open would hold all requests
// that are answered at a time.
func TestUnreachable(t *testing.T) {
	r := newRig(t)
	j := r.job("a", 15, 3)
	r.await("the job", func(v *View) bool { return v.Connected && len(v.Lines) == 1 })
	r.server.Stop()
	r.await("the end", func(v *View) bool { return !v.Connected })
	const want = "the server cannot be reached"
	if _, err := r.o.Job(t.Context(), j.ID); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("job: %v", err)
	}
	if _, err := r.o.Dead(t.Context(), DeadQuery{Query: Query{Limit: 1}}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("dead letters: %v", err)
	}
	if p, err := r.o.Jobs(t.Context(), JobQuery{Query: Query{Limit: 1}}); err != nil || len(p.Jobs) != 1 {
		t.Errorf("jobs: %+v, %v", p, err)
	}
}

// TestOfflineOnce: the same reason again is no new View.
func TestOfflineOnce(t *testing.T) {
	o := New()
	o.Offline("a")
	v := o.View()
	if o.Offline("a"); o.View() != v {
		t.Error("a new view without a change")
	}
	if o.Offline("b"); o.View().Reason != "b" {
		t.Errorf("%+v", o.View())
	}
}
