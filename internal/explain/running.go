package explain

import (
	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// RunningOf returns the numbers of a job that take long, for plan.JobProgress. list has the heartbeats of the workers, with
// their activities of this moment. campaigns has the campaigns of the job.
func RunningOf(job string, list []worker.Status, campaigns []fleet.Campaign) (all []plan.Running) {
	shared := make(map[uint64]Facts)
	for i := range campaigns {
		if c := &campaigns[i]; c.State != task.PartDone && c.Holder != "" {
			shared[c.Position] = ofCampaign(job, c, list)
		}
	}
	for i := range list {
		for j := range list[i].Activities {
			a := &list[i].Activities[j]
			if a.Job != job {
				continue
			}
			r := runningOf(a)
			r.Task = taskOf(list[i].Holding, a)
			if f, ok := shared[a.Position]; ok {
				r = sharedRunning(r, &f)
			}
			all = append(all, r)
		}
	}
	return all
}

// runningOf returns what the worker that has a number says of it.
func runningOf(a *worker.Activity) plan.Running {
	r := plan.Running{Position: a.Position, Digits: a.Digits, Cores: max(a.Cores, 1), Spent: a.Spent, Left: a.Left}
	if a.Budget > 0 { // it ends the work: Left is the time of a sieve that does not begin
		r.Budget, r.Left = a.Budget, 0
	}
	switch a.Method {
	case "siqs":
		r.Final = true
		if a.Total > 0 {
			r.Share = min(float64(a.Done)/float64(a.Total), 1)
		}
	case PhaseMatrix:
		r.Final, r.Share = true, 0
	}
	return r
}

// taskOf returns the range of the task of an activity, among the names of the tasks that its worker has; zero if it is not
// named.
func taskOf(holding []string, a *worker.Activity) task.Range {
	for _, name := range holding {
		if t, ok := worker.ParseTaskName(name); ok && t.Job == a.Job && t.Range.First <= a.Position && a.Position-t.Range.First < t.Range.Count {
			return t.Range
		}
	}
	return task.Range{}
}

// sharedRunning returns what the process that conducts the campaign of a number says of it. Curves of a campaign have no
// known end.
func sharedRunning(r plan.Running, f *Facts) plan.Running {
	r.Cores = max(f.Cores, r.Cores)
	switch f.Phase {
	case PhaseSieve, PhaseMatrix, PhaseSplit:
		r.Left, r.Budget, r.Final = f.Left, 0, true
		if f.Expected > 0 && f.Phase == PhaseSieve {
			r.Share = min(float64(f.Relations)/float64(f.Expected), 1)
		}
	case PhaseCurves:
		r.Endless, r.Budget, r.Left = true, 0, 0
	}
	return r
}

// CapacityOf returns what the workers have that take tasks of a class now: task.Job.Queue.
func CapacityOf(class task.Class, list []worker.Status) (c plan.Capacity) {
	for i := range list {
		w := &list[i]
		if w.State != worker.StateRunning && w.State != "" || !w.Serves(class.Route()) {
			continue
		}
		c.Cores += w.Slots
		c.One = max(c.One, w.Slots)
	}
	return c
}
