package task

import "time"

// Throttle notes that the holder of the job queues its tasks, as far as Paused, After, Rate and MaxRunning allow, if one
// of them is set. It does not become false again: positions that the feeder has stored and not queued may be anywhere.
func (j *Job) Throttle() {
	j.Throttled = j.Throttled || j.limitsQueue()
}

// limitsQueue reports whether a field is set that limits what may be queued.
func (j *Job) limitsQueue() bool {
	return j.Paused || j.After != nil || j.Rate > 0 || j.MaxRunning > 0
}

// Waits reports whether nothing of the job may be queued at the server's time now: it is paused, or its time to start
// has not come.
func (j *Job) Waits(now time.Time) bool {
	return j.Paused || j.After != nil && now.Before(*j.After)
}

// plainSchema is the version of a manifest that programs of the first releases can act on.
const plainSchema = 1

// SetSchema sets Schema to the least version whose programs do what the manifest says. A program of an earlier release
// would ignore a field that it does not know, and drop it when it changes the manifest: it has to leave the job alone.
func (j *Job) SetSchema() {
	j.Schema = plainSchema
	if IsExec(j.Kind) || j.Throttled || j.Deadline != nil || j.MaxAttempts > 0 || len(j.Backoff) > 0 || j.Route != "" || j.Sleep > 0 || j.One {
		j.Schema = jobSchema
	}
}
