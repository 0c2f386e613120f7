package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// conclude does with the streams what an ending other than complete needs, and returns the
// error for the caller. No goroutine of the loop runs any more, so that this process queues
// nothing afterwards.
func (s *streams) conclude(ctx context.Context, l *loop, end ending) error {
	switch endRules[end.kind].then {
	case stopWork:
		if err := s.fleet.Retry(ctx, func() error { return s.fleet.StopWork(ctx, s.id) }); err != nil {
			l.watch.Log.Debug().Err(err).Msg("empty the queue of a cancelled job")
		}
	case countLeft:
		return s.countLeft(ctx, l.job.Count, end.err)
	}
	return end.err
}

// countLeft returns the error that says which numbers are left, or err if that cannot be seen
// within an election.
func (s *streams) countLeft(ctx context.Context, count uint64, err error) error {
	ctx, cancel := context.WithTimeout(ctx, s.election())
	defer cancel()
	count = max(count, s.stored())
	if e := s.inputs.Reload(ctx); e == nil && s.stored() < count {
		return inputLostError(s.id, count, s.stored())
	}
	return err
}

// recordEnd writes down that the job is done, and empties its queue. The submitter of a job
// that is not kept removes it if it ended well. No other process does: the submitter may
// still be printing.
func (s *streams) recordEnd(ctx context.Context, l *loop) (*Summary, error) {
	sum := l.summary()
	if l.watch.Private {
		return sum, nil
	}
	keep := l.job.Keep
	j, err := s.writeEnd(ctx, l.watch, sum)
	full := errors.Is(err, stream.ErrFull)
	switch {
	case full:
	case err != nil && !errors.Is(err, errEndRecorded):
		return sum, err
	default:
		keep = j.Keep
		// A server that was cut off from its cluster may not know yet that the job is sealed.
		if j.State != task.Open {
			sum.Job = *j
		}
	}
	switch {
	case l.hasFeeder && keep == 0 && sum.Clean(): // also if the store is full: it needs the room
		return sum, s.retry(ctx, l.watch, func() error { return s.fleet.Remove(ctx, s.id) })
	case full:
		return sum, err
	case err == nil || sum.Requeued > 0: // the process that recorded the end may have emptied the queue before
		return sum, s.fleet.Retry(ctx, func() error { return s.fleet.PurgeQueue(ctx, s.id) })
	}
	return sum, nil
}

// errEndRecorded stops the change of a manifest whose job is not sealed: another process has
// recorded the end before.
var errEndRecorded = errors.New("the end of the job is recorded already")

// writeEnd writes the end of the job into its manifest, and returns the manifest. An error
// wraps errEndRecorded if another process was first; the manifest is then what it wrote.
func (s *streams) writeEnd(ctx context.Context, w Watch, sum *Summary) (j *task.Job, _ error) {
	err := s.retry(ctx, w, func() (err error) {
		j, err = s.fleet.EndJob(ctx, s.id, func(j *task.Job) error {
			if j.State != task.Sealed {
				return errEndRecorded
			}
			markDone(j, sum)
			return nil
		})
		return err
	})
	return j, err
}

// markDone writes into j that the job is done, and its counts. The manifest stays for
// TombstoneAge at least.
func markDone(j *task.Job, sum *Summary) {
	now := time.Now()
	expires := now.Add(max(j.Keep, fleet.TombstoneAge))
	j.State, j.Ended, j.Expires = task.Done, &now, &expires
	j.Verified, j.Unfinished, j.Dead = sum.Verified, sum.Unfinished, sum.Counts.Dead
}

// retry is fleet.Retry, but returns the error of a full store at once if a user waits for
// this process: the user may be the only one who can make room.
func (s *streams) retry(ctx context.Context, w Watch, try func() error) error {
	if w.Supervised {
		return s.fleet.Retry(ctx, try)
	}
	var full error
	err := s.fleet.Retry(ctx, func() error {
		err := try()
		if full = nil; errors.Is(err, stream.ErrFull) {
			full, err = err, nil
		}
		return err
	})
	if err == nil {
		err = full
	}
	return err
}
