package explain

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestFactsText: the line of each phase, for a wide and a narrow terminal, whatever the claims are.
func TestFactsText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		facts        Facts
		wide, narrow string
	}{
		{Facts{Phase: PhasePM1, B1: 2_500_000, Cores: 1}, "p-1 with B1=2,500,000, 1 core", "p-1 with B1=2,500,000"},
		{Facts{Phase: PhaseCurves, B1: 250_000, Curves: 24, Planned: 640, Reached: 25.34, Cores: 2, Left: 170 * time.Second},
			"about 3 min left: curves 24 of 640 with B1=250,000, t25.3, 2 cores", "about 3 min left: curves 24 of 640, t25.3"},
		{Facts{Phase: PhaseCurves, Shared: true, Curves: 16, Planned: 640, Left: 95 * time.Second},
			"about 95 s left at this level: curves 16 of 640", "about 95 s left at this level: curves 16 of 640"},
		{Facts{Phase: PhaseCurves, Shared: true, B1: 3_000_000, Curves: 9, Planned: 8, Rate: 0.05, Cores: 3, Workers: 2, Hosts: 1},
			"curves 8 of 8 with B1=3,000,000, 3.0/min, 3 cores of 2 workers on 1 machine", "curves 8 of 8"},
		{Facts{Phase: PhaseSieve, Relations: 85_000, Expected: 170_000, Cores: 2, Left: 44 * time.Second},
			"about 45 s left: sieve, 85,000 of about 170,000 relations (50%), 2 cores", "about 45 s left: sieve 50%"},
		{Facts{Phase: PhaseSieve, Shared: true, Relations: 134_000, Expected: 310_000, Cycles: 812, Need: 5600, Rate: 5200.7, Cores: 5, Workers: 3, Hosts: 2, Left: 50 * time.Second},
			"about 50 s left: sieve, 134,000 of about 310,000 relations (43%), 5,200/s, 812 of 5,600 cycles, 5 cores of 3 workers on 2 machines", "about 50 s left: sieve 43%"},
		{Facts{Phase: PhaseSieve, Relations: 1 << 62, Expected: 1}, "sieve, 4,611,686,018,427,387,904 of about 1 relations (99%)", "sieve 99%"},
		{Facts{Phase: PhaseSieve}, "sieve 0%", "sieve 0%"},
		{Facts{Phase: PhaseMatrix, Shared: true, Relations: 750_000, Expected: 750_000, Cycles: 9, Need: 9, Rate: 5}, "linear algebra of 750,000 relations", "linear algebra"},
		{Facts{Phase: PhaseMatrix, Shared: true, Relations: 750_000, Solved: 0.437}, "linear algebra of 750,000 relations 43%", "linear algebra 43%"},
		{Facts{Phase: PhaseSplit, Shared: true}, "a divisor is known", "a divisor is known"},
		{Facts{Phase: PhaseNone, Shared: true}, "a supervisor starts the shared work", "a supervisor starts the shared work"},
		{Facts{Phase: "a\x1b[2Jb"}, "a [2Jb", "a [2Jb"},
	} {
		test.facts.Position, test.facts.Digits = 6, 90
		list := test.facts.Variants()
		if list[0] != test.wide || list[len(list)-1] != test.narrow {
			t.Errorf("%+v:\n got %q\nwant %q and %q", test.facts, list, test.wide, test.narrow)
		}
		if got, want := test.facts.String(), "number 7, 90 digits: "+test.wide; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for i := range list[1:] {
			if len(list[i+1]) > len(list[i]) {
				t.Errorf("%q is longer than %q", list[i+1], list[i])
			}
		}
	}
}

// TestFactsOf: facts of owners and campaigns of one job; of a number with a campaign those of the campaign.
func TestFactsOf(t *testing.T) {
	t.Parallel()
	const part = "cabcdefghjkmn"
	owner := func(job string, at uint64, method string, cores int) worker.Activity {
		return worker.Activity{Job: job, Position: at, NumberProgress: worker.NumberProgress{Digits: 90, Method: method, B1: 11_000, Done: 8, Total: 80, Cores: cores}}
	}
	workers := []worker.Status{
		{Name: "a", Host: "x", Stats: worker.Stats{Slots: 4, Activities: []worker.Activity{owner("j", 3, "ecm", 2), owner("other", 0, "ecm", 1)}}},
		{Name: "b", Host: "x", Stats: worker.Stats{Slots: 2}, Holding: []string{part + ".8-8.0", part + ".16-8.0", part + ".24-8.0", "j.9-1.0", "no task"}},
		{Name: "c", Host: "y", Stats: worker.Stats{Slots: 1, Activities: []worker.Activity{owner("j", 1, "siqs", 0)}}, Holding: []string{part + ".32-8.0"}},
		{Name: "d", Host: "z", Stats: worker.Stats{Slots: 1}},
	}
	campaigns := []fleet.Campaign{
		{Part: part, Position: 3, Digits: 88, State: task.PartSieve, Holder: "s", CampaignProgress: &fleet.CampaignProgress{
			Phase: "sieving", Relations: 5, Expected: 10, Cycles: 2, Need: 7, Rate: 1.5, Left: time.Minute}},
		{Part: "cother", Position: 1, Digits: 90, State: task.PartDone, Holder: "s"},
		{Part: "cother2", Position: 1, Digits: 90, State: task.PartSieve},
	}
	want := []Facts{
		{Position: 1, Digits: 90, Phase: PhaseSieve, B1: 11_000, Relations: 8, Expected: 80, Workers: 1, Hosts: 1, Cores: 1},
		{Position: 3, Digits: 88, Phase: PhaseSieve, Shared: true, Relations: 5, Expected: 10, Cycles: 2, Need: 7, Rate: 1.5, Workers: 3, Hosts: 2, Cores: 5, Left: time.Minute},
	}
	if got := FactsOf("j", workers, campaigns); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := FactsOf("j", workers, nil); len(got) != 2 || got[1].Phase != PhaseCurves || got[1].Planned != 80 || got[1].Reached <= 17 || got[1].Shared {
		t.Errorf("without campaigns: %+v", got)
	}
	workers[2].Activities[0].Done, workers[2].Activities[0].Total = 1<<63, 1<<64-1
	if got := FactsOf("j", workers, nil)[0]; got.Relations < 0 || got.Expected < 1 {
		t.Errorf("a worker claims too much: %+v", got)
	}
	campaigns[0].CampaignProgress = &fleet.CampaignProgress{Phase: "curves", Rate: -1, Left: -1, Curves: &fleet.CurvesProgress{Level: 30, B1: 250_000, Done: 8, Planned: 640, Digits: 25.5}}
	if got := FactsOf("j", workers, campaigns)[1]; got.Phase != PhaseCurves || got.Reached != 25.5 || got.Planned != 640 || got.Rate != 0 || got.Left != 0 {
		t.Errorf("curves: %+v", got)
	}
	campaigns[0].CampaignProgress = &fleet.CampaignProgress{Phase: "solving", Relations: -5, Expected: -3, Solved: 7}
	if got := FactsOf("j", workers, campaigns)[1]; got.Phase != PhaseMatrix || got.Relations != 0 || got.Expected != 1 || got.Solved != 1 {
		t.Errorf("the matrix: %+v", got)
	}
}

// TestStage: a log has a line for each phase, level and tenth, and no more.
func TestStage(t *testing.T) {
	t.Parallel()
	f := Facts{Digits: 90, Phase: PhaseSieve, Expected: 1000}
	var stages []string
	for f.Relations = 0; f.Relations < 1000; f.Relations++ {
		if s := f.Stage(); len(stages) == 0 || stages[len(stages)-1] != s {
			stages = append(stages, s)
		}
	}
	if len(stages) != 10 {
		t.Errorf("stages %s", strings.Join(stages, ", "))
	}
}
