// Package explain says what happens to a hard number, as data and as text for number theorists: what is planned
// (plan.go), and the facts of the work as it goes on (facts.go). Both are the same wherever they are shown: in the
// progress line, by --explain, by status and in JSON.
package explain

import (
	"cmp"
	"math"
	"slices"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Facts say how far the work on one composite is. All of them are claims of workers, or of the process that conducts a
// campaign.
type Facts struct {
	Position uint64 `json:"position"` // of the number in the input of the job, from 0
	Digits   int    `json:"digits"`   // of the composite
	Phase    string `json:"phase"`    // one of the phases below
	Shared   bool   `json:"shared"`   // several workers are at work: a campaign

	// Of the phases of p-1, p+1 and curves.
	B1      uint64  `json:"b1,omitempty"`
	Curves  uint64  `json:"curves,omitempty"`  // of the level, done
	Planned uint64  `json:"planned,omitempty"` // of the level
	Reached float64 `json:"reached,omitempty"` // t-level: a factor of so many digits was missed with probability 1/e

	// Of the phases of the sieve and the matrix.
	Relations int `json:"relations,omitempty"`
	Expected  int `json:"expected,omitempty"` // relations in all, an estimate
	Cycles    int `json:"cycles,omitempty"`   // 0 = unknown
	Need      int `json:"need,omitempty"`     // cycles at which the matrix begins

	Solved float64 `json:"solved,omitempty"` // part of the linear algebra that is done, 0 to 1; 0 = unknown

	Rate    float64       `json:"rate,omitempty"` // relations, or curves, a second; 0 = unknown
	Workers int           `json:"workers"`        // at work
	Hosts   int           `json:"hosts"`          // machines of these workers
	Cores   int           `json:"cores"`          // of these workers, at work
	Left    time.Duration `json:"left_ns,omitempty"`
}

// The phases.
const (
	PhasePM1    = "p-1"
	PhasePP1    = "p+1"
	PhaseCurves = "curves"
	PhaseSieve  = "sieve"
	PhaseMatrix = "linear algebra"
	PhaseSplit  = "split"   // a divisor is known: the owner divides it out
	PhaseNone   = "waiting" // nothing is known of the work
)

// FactsOf returns the facts about the numbers of a job that take long, by position. list has the heartbeats of the
// workers, campaigns those of the job. A composite with a campaign that goes on is listed once.
func FactsOf(job string, list []worker.Status, campaigns []fleet.Campaign) (all []Facts) {
	shared := make(map[uint64]bool)
	for i := range campaigns {
		if c := &campaigns[i]; c.State != task.PartDone && c.Holder != "" {
			shared[c.Position] = true
			all = append(all, ofCampaign(job, c, list))
		}
	}
	for i := range list {
		for j := range list[i].Activities {
			if a := &list[i].Activities[j]; a.Job == job && !shared[a.Position] {
				all = append(all, ofActivity(a))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Facts) int { return cmp.Compare(a.Position, b.Position) })
	return all
}

// ofActivity returns what the worker that has a number says of it.
func ofActivity(a *worker.Activity) Facts {
	f := Facts{Position: a.Position, Digits: a.Digits, B1: a.B1, Workers: 1, Hosts: 1, Cores: max(a.Cores, 1), Left: a.Left}
	switch a.Method {
	case "ecm":
		f.Phase, f.Curves, f.Planned = PhaseCurves, a.Done, a.Total
		f.Reached = factor.EffortUpTo(a.B1, a.Done).Digits(0)
	case "siqs":
		f.Phase, f.Relations, f.Expected = PhaseSieve, claimed(a.Done), claimed(a.Total)
	default:
		f.Phase = a.Method
	}
	return f
}

// claimed returns a count of a heartbeat, which may be any number, as an int that is not negative.
func claimed(n uint64) int { return int(min(n, math.MaxInt32)) }

// ofCampaign returns what the process that conducts a campaign says of it. The heartbeats of list say which workers take part.
func ofCampaign(job string, c *fleet.Campaign, list []worker.Status) Facts {
	f := Facts{Position: c.Position, Digits: c.Digits, Phase: PhaseNone, Shared: true}
	f.atWork(job, c.Part, list)
	p := c.CampaignProgress
	if p == nil {
		return f
	}
	f.Rate, f.Left = max(p.Rate, 0), max(p.Left, 0)
	if x := p.Curves; x != nil {
		f.Phase, f.B1, f.Curves, f.Planned, f.Reached = PhaseCurves, x.B1, x.Done, x.Planned, max(x.Digits, 0)
		return f
	}
	f.Relations, f.Expected, f.Cycles, f.Need = max(p.Relations, 0), max(p.Expected, p.Relations, 1), max(p.Cycles, 0), max(p.Need, 0)
	switch p.Phase {
	case "sieving":
		f.Phase = PhaseSieve
	case "solving":
		f.Phase, f.Solved = PhaseMatrix, min(max(p.Solved, 0), 1)
	case "split":
		f.Phase = PhaseSplit
	}
	return f
}

// atWork counts the workers, machines and cores that have a task of the part, or its number. It counts no more cores of a
// worker than the worker has slots and names as cores of activities, and maxCores at most.
func (f *Facts) atWork(job, part string, list []worker.Status) {
	const maxCores = 4096 // of one process
	names, hosts := make(map[string]bool), make(map[string]bool)
	for i := range list {
		w := &list[i]
		cores := 0
		for _, name := range w.Holding {
			if a, ok := worker.ParseTaskName(name); ok && a.Job == part {
				cores++
			}
		}
		// A slot has further tasks of the part that wait.
		cores = min(cores, max(w.Slots, 0))
		for _, a := range w.Activities {
			if a.Job == job && a.Position == f.Position {
				cores += max(a.Cores, 1)
			}
		}
		if cores > 0 {
			names[w.Name], hosts[w.Host] = true, true
			f.Cores += min(cores, maxCores)
		}
	}
	f.Workers, f.Hosts = len(names), len(hosts)
}
