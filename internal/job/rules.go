package job

import (
	"slices"
	"time"

	"factorfleet/internal/task"
)

// Rules are the rules of attempts and of queueing of a new job; see the fields of task.Job. A job that exists keeps its own.
type Rules struct {
	MaxAttempts int
	Backoff     []time.Duration
	Rate        float64
	MaxRunning  int

	After         Moment // when the first task is queued; zero = at once
	StartDeadline Moment // when the job is cancelled if none of its tasks has begun; zero = never
}

// A Moment is a time, or a duration from the creation of the job on; the zero value is neither.
type Moment struct {
	At time.Time
	In time.Duration
}

// of returns the moment of a job that is created at the server's time now; nil for the zero value.
func (m Moment) of(now time.Time) *time.Time {
	switch {
	case m.In > 0:
		at := now.Add(m.In).UTC()
		return &at
	case !m.At.IsZero():
		at := m.At.UTC()
		return &at
	}
	return nil
}

// write writes the rules into the manifest of a job that is created at the server's time now.
func (r *Rules) write(j *task.Job, now time.Time) {
	j.MaxAttempts, j.Backoff, j.Rate, j.MaxRunning = r.MaxAttempts, r.Backoff, r.Rate, r.MaxRunning
	j.After, j.Deadline = r.After.of(now), r.StartDeadline.of(now)
	j.Throttle()
	j.SetSchema()
}

// differ reports whether a rule is set that the manifest of a job does not have. Times are not compared: they may be over.
func (r *Rules) differ(j *task.Job) bool {
	return r.MaxAttempts > 0 && r.MaxAttempts != j.MaxAttempts || len(r.Backoff) > 0 && !slices.Equal(r.Backoff, j.Backoff) ||
		r.Rate > 0 && r.Rate != j.Rate || r.MaxRunning > 0 && r.MaxRunning != j.MaxRunning
}
