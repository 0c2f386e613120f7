package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// maxWaitsLogged bounds the jobs of which waitLog remembers that the user knows. Beyond it, it begins anew.
const maxWaitsLogged = 1000

// A waitLog says once a job that a failed number waits for another worker. Without the line a user would wait
// for up to attempt.AliveWaits ack waits and see nothing happen. The zero value is ready for use, by several goroutines.
type waitLog struct {
	mu   sync.Mutex
	jobs map[string]bool // guarded by mu
}

// first reports whether it is called for the job for the first time.
func (l *waitLog) first(job string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs[job] {
		return false
	}
	if len(l.jobs) >= maxWaitsLogged || l.jobs == nil {
		l.jobs = make(map[string]bool)
	}
	l.jobs[job] = true
	return true
}

// logWait logs why a number of j is not given up yet, if it waits for another worker, and with which error it has failed.
func (x *Failures) logWait(ctx context.Context, j *task.Job, number task.Range, e *finding) {
	if e.Unseen || e.Workers != 1 || e.Others != attempt.AliveRecently || !x.waits.first(j.ID) {
		return
	}
	what := "a number"
	if task.IsExec(j.Kind) {
		what = "an item"
	}
	cause, _ := x.cause(ctx, j.ID, number, e)
	x.f.link.Log.Warn().Str("job", j.ID).Stringer("range", number).Strs("workers", slices.Sorted(maps.Keys(e.workers))).Str("error", cause).
		Msgf("%s has failed at one worker and waits for another one: start one, or it is given up when no other was alive for %s",
			what, text.Duration(attempt.AliveWaits*x.ackWait))
}
