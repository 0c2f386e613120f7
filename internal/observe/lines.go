package observe

import (
	"time"

	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// lines sets what the View says of jobs. list has the heartbeats.
func (t *jobTable) lines(v *View, s *session, list []worker.Status) {
	active, ended, left := t.list()
	v.Jobs, v.Total = len(active), len(active)+len(ended)+left
	now, more, work := time.Now(), uint64(0), s.workOf(list, v.Time)
	for _, j := range active {
		more += j.measure(s)
		line := lineOf(j, v.Time)
		if j.job.Queue().Route() != "" || j.job.Replicas > 1 {
			line.Waits = WaitsOf(j.job, nil, list)
		}
		line.Dead, _ = s.dead.Of(line.ID)
		snapshot := j.look(now, work)
		line.Share, line.Rate = snapshot.Share, snapshot.Rate
		if snapshot.Known && snapshot.Waits == "" {
			line.ETA, line.Known = snapshot.ETA, true
		}
		if len(v.Lines) < MaxJobs {
			v.Lines = append(v.Lines, line)
		}
	}
	for _, j := range ended {
		more += j.end()
		if len(v.Lines) < MaxJobs {
			v.Lines = append(v.Lines, lineOf(j, v.Time))
		}
	}
	fresh := plan.NewTally(plan.Expectation{})
	fresh.AddMixed(more, 0)
	s.total.Done(now, "", task.Range{}, fresh)
	v.Rate = s.total.Snapshot(now).Rate
}

// lineOf returns the line of a job without its progress. now is the server's time.
func lineOf(j jobAt, now time.Time) JobLine {
	m := j.job
	l := JobLine{
		ID: m.ID, State: StateOf(m, now), Kind: m.Kind, Class: m.Class, Route: m.Route, Count: m.Count, Sealed: m.State != task.Open, Bad: m.BadCount,
		Created: m.Created, Ended: m.Ended, Active: !m.Finished(), Unfinished: m.Unfinished, Answered: j.answered, Holder: j.lease.Holder,
	}
	switch {
	case m.State == task.Done:
		l.Answered, l.Dead, l.Share, l.Known, l.Holder = m.Verified, m.Dead, 1, true, ""
	case m.Finished():
		l.Holder = ""
	case m.State == task.Open:
		l.Count = max(j.stored, j.answered)
	}
	if m.Finished() && m.State != task.Done && l.Count > 0 {
		l.Share = min(1, float64(l.Answered)/float64(l.Count))
	}
	return l
}

// StateOf returns the state of a job for people: paused and scheduled instead of open and sealed. now is the server's time.
func StateOf(j *task.Job, now time.Time) string {
	switch {
	case j.Finished():
	case j.Paused:
		return "paused"
	case j.Waits(now):
		return "scheduled"
	}
	return string(j.State)
}

// measure brings the count of answers of a job that has not ended up to date, and returns how many numbers were answered
// since the last look.
func (j jobAt) measure(s *session) (more uint64) {
	if answered, known := j.count(s); known {
		more = j.grow(answered)
	}
	return more
}

// count returns how many numbers of a job are answered, as far as it is known: what its holder has verified, else what is
// stored.
func (j jobAt) count(s *session) (n uint64, known bool) {
	if j.lease.Counted {
		return j.lease.Answered, true
	}
	if n, known = s.answers.Of(j.job.ID); known && j.job.Replicas <= 1 {
		return n, true
	}
	return j.answered, false
}

// end returns how many numbers were answered since the last look at a job that has ended.
func (j jobAt) end() uint64 {
	j.progress = nil
	return j.grow(j.job.Verified)
}

// grow notes that so many numbers are answered, and returns how many that are more than before. Those that were answered
// before the first look are not counted, unless the job was created since.
func (j jobAt) grow(answered uint64) (more uint64) {
	if (j.seen || j.fresh) && answered > j.answered {
		more = answered - j.answered
	}
	j.seen, j.answered = true, max(j.answered, answered)
	return more
}
