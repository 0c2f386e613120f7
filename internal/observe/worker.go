package observe

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A Worker is the status of a worker with what is held against it. If several processes run under its
// name, the status is that of the one which sent the last heartbeat, with the numbers of all added.
type Worker struct {
	worker.Status
	Alive       bool                       `json:"alive"`                   // it sends heartbeats
	Processes   int                        `json:"processes"`               // whose heartbeats are in the status
	Heartbeats  int                        `json:"heartbeats"`              // all of the name; more than Processes if there are too many to be read
	Rate        float64                    `json:"numbers_per_s,omitempty"` // answered over the last 10 s or more, as it says; only in a View
	Quarantined *time.Time                 `json:"quarantined,omitempty"`
	Reason      string                     `json:"quarantine_reason,omitempty"`
	Strikes     []fleet.Strike             `json:"strikes"`
	Complaints  map[fleet.Complaint]uint64 `json:"complaints,omitempty"`
}

// Workers returns the active workers and those with a standing, sorted by name.
func Workers(ctx context.Context, fl *fleet.Fleet) ([]Worker, error) {
	active, err := fl.ListWorkers(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := fl.Standings(ctx)
	if err != nil {
		return nil, err
	}
	return Summarize(active, standings), nil
}

// Summarize returns a report for each name.
func Summarize(active fleet.WorkerList, standings []fleet.Standing) []Worker {
	reports := make(map[string]*Worker)
	named := func(name string) *Worker {
		r := reports[name]
		if r == nil {
			r = &Worker{Status: worker.Status{Name: name, Stats: worker.Stats{State: fleet.StateGone}}, Strikes: []fleet.Strike{}} // [] in JSON, not null
			reports[name] = r
		}
		return r
	}
	for i := range active.Workers {
		named(active.Workers[i].Name).add(&active.Workers[i])
	}
	for _, crowd := range active.Crowds {
		named(crowd.Worker).Heartbeats = crowd.Heartbeats
	}
	for i := range standings {
		named(standings[i].Worker).judge(&standings[i])
	}
	list := make([]Worker, 0, len(reports))
	for _, r := range reports {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Worker) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// add adds the status of a process.
func (r *Worker) add(s *worker.Status) {
	r.Alive = true
	r.Processes++
	r.Heartbeats++
	sum := *s
	if r.Processes > 1 {
		if r.Seen.After(s.Seen) {
			sum = r.Status
		}
		state, pause := sum.State, sum.Pause
		sum.Stats = addStats(r.Stats, s.Stats)
		sum.State, sum.Pause = state, pause
		sum.Holding = slices.Concat(r.Holding, s.Holding)
		sum.Offers = task.SoundOffers(slices.Concat(r.Offers, s.Offers))
		if r.Started.Before(s.Started) {
			sum.Started = r.Started
		}
	}
	r.Status = sum
}

// addStats returns the sums, with all activities, the longest time left first. The state and its reason are those of a.
func addStats(a, b worker.Stats) worker.Stats {
	a.Slots, a.Busy, a.Lost, a.Held = a.Slots+b.Slots, a.Busy+b.Busy, a.Lost+b.Lost, a.Held+b.Held
	a.Tasks, a.Numbers, a.Failures = sum(a.Tasks, b.Tasks), sum(a.Numbers, b.Numbers), sum(a.Failures, b.Failures)
	a.SieveFailures = sum(a.SieveFailures, b.SieveFailures)
	a.CPU = max(a.CPU, 0) + min(max(b.CPU, 0), math.MaxInt64-max(a.CPU, 0))
	a.Activities = slices.Concat(a.Activities, b.Activities)
	slices.SortStableFunc(a.Activities, func(x, y worker.Activity) int { return cmp.Compare(y.Left, x.Left) })
	return a
}

// sum returns a + b, at most 2^64-1: workers may claim any count.
func sum(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// shortened returns the worker with lists that do not grow with the processes that run under its name: a hostile worker can
// make up 256 of them.
func (r Worker) shortened() Worker {
	r.Activities = r.Activities[:min(len(r.Activities), maxShown)]
	r.Holding = r.Holding[:min(len(r.Holding), maxShown)]
	return r
}

// maxShown is the most numbers, and tasks, of a worker in a View.
const maxShown = 64

// judge adds what is held against the worker.
func (r *Worker) judge(s *fleet.Standing) {
	r.Strikes = append(r.Strikes, s.Strikes...)
	r.Quarantined, r.Reason, r.Complaints = s.Quarantined, s.Reason, s.Complaints
	if r.Quarantined != nil {
		r.State = fleet.StateQuarantined
	}
}

// longestBeat is the longest time since a heartbeat for which its numbers are taken to be at work still.
const longestBeat = 15 * time.Second

// ActivitiesAt returns the numbers that a worker computes, as they are at the server's time now.
func ActivitiesAt(w *worker.Status, now time.Time) []worker.Activity {
	all := slices.Clone(w.Activities)
	for i := range all {
		a, since := &all[i], now.Sub(w.Seen)
		worked := min(max(since, 0), longestBeat)
		if a.Left > 0 {
			worked = min(worked, a.Left)
			a.Left = max(a.Left-since, time.Second)
		}
		if a.Spent > 0 {
			a.Spent += worked * time.Duration(a.Cores)
		}
	}
	return all
}
