package fleet

import (
	"time"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A stuckLog has the lines about stuck tasks of a process. The first time is information: a worker may have
// crashed. If it happens again soon, a worker takes tasks and computes none.
//
// The goroutine of Fleet.watchStuck owns all fields.
type stuckLog struct {
	link   *stream.Link
	last   time.Time // when tasks were queued again
	warned time.Time
	tasks  int // queued again, and in no line
}

const (
	stuckAgain   = 10 * time.Minute // what happens later is a first time
	stuckWarning = time.Minute      // the least time between two warnings
)

// requeued notes that n > 0 tasks were queued again.
func (l *stuckLog) requeued(class task.Class, n int, now time.Time) {
	again := !l.last.IsZero() && now.Sub(l.last) < stuckAgain
	l.last = now
	l.tasks += n
	if again && now.Sub(l.warned) < stuckWarning {
		return
	}
	event, remedy := l.link.Log.Info(), ""
	if again {
		event, l.warned = l.link.Log.Warn(), now
		remedy = ": a worker takes tasks and computes none; the server does not tell which one, so revoke the keys that you do not trust with `embedded keys revoke`"
	}
	event.Str("priority", string(class)).Int("tasks", l.tasks).
		Msg("queued tasks again that no worker has computed since they were delivered" + remedy)
	l.tasks = 0
}
