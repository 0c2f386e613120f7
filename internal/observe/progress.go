package observe

import (
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A workSeen is what is seen of the work on all jobs at one moment. The session's goroutine owns it.
type workSeen struct {
	at        time.Time // of the server
	list      []worker.Status
	campaigns map[string][]fleet.Campaign // by job
	busy      map[string]bool             // jobs with numbers that take long
	capacity  map[task.Class]plan.Capacity
}

// workOf returns what is seen of the work. list has the heartbeats, at the server's time.
func (s *session) workOf(list []worker.Status, at time.Time) *workSeen {
	x := &workSeen{at: at, list: make([]worker.Status, len(list)), campaigns: s.campaigns.byJob(), busy: make(map[string]bool), capacity: make(map[task.Class]plan.Capacity)}
	copy(x.list, list)
	for i := range x.list {
		w := &x.list[i]
		w.Activities = ActivitiesAt(w, at)
		for _, a := range w.Activities {
			x.busy[a.Job] = true
		}
	}
	return x
}

// look returns how far a job that has not ended is. Only for a job with numbers that take long, of which there are few at a
// time, all heartbeats are read.
func (j jobAt) look(now time.Time, x *workSeen) plan.Snapshot {
	if j.progress == nil {
		j.progress = new(plan.JobProgress)
	}
	class := j.job.Queue()
	if _, known := x.capacity[class]; !known {
		x.capacity[class] = explain.CapacityOf(class, x.list)
	}
	seen := plan.Seen{Job: j.job, Stored: j.stored, Answered: j.answered, Capacity: x.capacity[class]}
	if campaigns := x.campaigns[j.job.ID]; x.busy[j.job.ID] || len(campaigns) > 0 {
		seen.Running = explain.RunningOf(j.job.ID, x.list, campaigns)
	}
	seen.Waits = waitsNow(j.job, x.at)
	return j.progress.Look(now, seen)
}
