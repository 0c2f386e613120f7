package fleet

import (
	"context"
	"time"

	"factorfleet/internal/task"
)

// A worker may return ranges of a throttled job that were never queued, and the sweeper cannot tell. So it bounds what it
// queues of such a job by the limits of the job. What it ignores is missing: the holder queues it when the limits permit.
//
// A worker that drains returns what it has, and its tasks leave the queue: so honest returns seldom exceed the limits.
const (
	// returnedBurst is how many numbers of a job with a rate may be returned at once; beyond that the rate bounds them.
	returnedBurst = 64

	maxThrottled = 1024 // jobs whose returned numbers are counted
)

// throttled reports whether a range that is returned is beyond the limits of its job.
func (s *sweeper) throttled(ctx context.Context, j *task.Job, r task.Range) (beyond bool, err error) {
	if j.MaxRunning > 0 {
		b, err := s.f.Backlog(ctx, j.ID)
		if err != nil || b.Chunks >= j.MaxRunning {
			return true, err
		}
	}
	if j.Rate == 0 {
		return false, nil
	}
	b := s.returned[j.ID]
	if b == nil {
		if len(s.returned) >= maxThrottled {
			clear(s.returned)
		}
		b = new(Bucket)
		s.returned[j.ID] = b
	}
	if _, ok := b.Take(time.Now(), Share{Burst: max(returnedBurst, j.Rate), Rate: j.Rate}, 1); !ok {
		return true, nil
	}
	b.Spend(float64(r.Count - 1))
	return false, nil
}
