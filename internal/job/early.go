package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// A user may end the work on a job before its numbers are factored (fleet.FinishEarly):
//
//	producer ─► manifest: FinishedEarly ─► order to the workers ─► they answer with what is known of each number
//	                     │                                                            │
//	                     └──────► watchers: unfinished answers need no effort ◄───────┘
//
// Only producers and admins can write the manifest and so end a job early. A worker that leaves numbers unfinished
// without that gets strikes as always. The holder and the supervisor repeat the order while the job is active.

// noteEarly notes that a manifest says that the job ends early. Any goroutine may call it.
func (l *loop) noteEarly(j *task.Job) {
	if j.FinishedEarly != nil {
		l.early.Store(true)
	}
}

// leastBudget is collect.Config.LeastBudget.
func (l *loop) leastBudget(named time.Duration, bits int) time.Duration {
	if l.early.Load() {
		return 0
	}
	return leastBudget(named, bits)
}

// orderFinish repeats the order to the workers if the job ends early.
func (l *loop) orderFinish() error {
	if !l.early.Load() {
		return nil
	}
	return l.access.orderFinish()
}

// orderFinish implements access.
func (s *streams) orderFinish() error { return s.fleet.OrderFinish(s.id) }

// checkOne verifies a result. The manifest that this process knows may be older than an answer to the order: before an
// answer is refused because it lacks effort, the manifest is read again. It waits for a server that is unreachable.
func (c *checker) checkOne(ctx context.Context, a collect.Arrival) (collect.Checked, error) {
	checked, err := c.check(ctx, a)
	var refused *collect.Refused
	if c.early == nil || c.early.Load() || !errors.As(err, &refused) || !refused.Early {
		return checked, err
	}
	var j *task.Job
	if failed := c.streams.fleet.Retry(ctx, func() (err error) { j, err = c.streams.manifest(ctx); return err }); failed != nil {
		return checked, failed
	}
	if j.FinishedEarly == nil {
		return checked, err
	}
	c.early.Store(true)
	return c.check(ctx, a)
}

// orderFinish repeats the order to the workers for a job that ends early.
func (s *supervisor) orderFinish(id string) {
	if err := s.f.OrderFinish(id); err != nil {
		s.log.Debug().Err(err).Str("job", id).Msg("cannot tell the workers that a job ends early, retrying")
	}
}
