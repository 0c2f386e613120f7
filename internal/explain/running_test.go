package explain

import (
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestRunningOf: what workers say of the numbers of a job, for its ETA.
func TestRunningOf(t *testing.T) {
	activity := func(job string, position uint64, p worker.NumberProgress) worker.Activity {
		return worker.Activity{Job: job, Position: position, NumberProgress: p}
	}
	list := []worker.Status{{
		Holding: []string{"k.7-1.0", "j.5-10.0", "nonsense"},
		Stats: worker.Stats{Activities: []worker.Activity{
			activity("j", 7, worker.NumberProgress{Method: "siqs", Digits: 70, Done: 25, Total: 100, Cores: 2, Spent: time.Second, Left: 9 * time.Second}),
			activity("j", 40, worker.NumberProgress{Method: "ecm", Digits: 120, Budget: time.Minute, Left: time.Hour}),
			activity("j", 50, worker.NumberProgress{Method: "ecm", Digits: 120, Budget: time.Minute}),
			activity("k", 7, worker.NumberProgress{Method: "siqs"}),
		}}}}
	campaigns := []fleet.Campaign{{Part: "p", Position: 50, Digits: 120, Holder: "s", CampaignProgress: &fleet.CampaignProgress{Curves: &fleet.CurvesProgress{}}}}
	got := RunningOf("j", list, campaigns)
	want := []plan.Running{
		{Position: 7, Task: task.Range{First: 5, Count: 10}, Digits: 70, Cores: 2, Spent: time.Second, Left: 9 * time.Second, Share: 0.25, Final: true},
		{Position: 40, Digits: 120, Cores: 1, Budget: time.Minute},
		{Position: 50, Digits: 120, Cores: 1, Endless: true},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

// TestCapacityOf: only workers that take tasks of the class count.
func TestCapacityOf(t *testing.T) {
	of := func(state string, slots int, offers ...string) worker.Status {
		return worker.Status{Offers: offers, Stats: worker.Stats{State: state, Slots: slots}}
	}
	list := []worker.Status{of(worker.StateRunning, 2), of(worker.StateRunning, 8, "gpu"), of(worker.StatePaused, 16, "gpu"), of(worker.StateDraining, 4)}
	if got := CapacityOf(task.ClassNorm, list); got != (plan.Capacity{Cores: 10, One: 8}) {
		t.Errorf("%+v", got)
	}
	j := task.Job{Kind: task.KindFactor, Class: task.ClassNorm, Route: "gpu"}
	if got := CapacityOf(j.Queue(), list); got != (plan.Capacity{Cores: 8, One: 8}) {
		t.Errorf("with a label: %+v", got)
	}
}
