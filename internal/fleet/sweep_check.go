package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A worker may return any range, of any job. Only a range that may really be missing is queued again. The
// first row that applies decides:
//
//	the job is a part                          ignored: a worker of an earlier version does not know its kind
//	the job does not exist                     dropped
//	the job has ended, or cannot be read       ignored: its tasks were removed, or are found missing later
//	the job is paused, or starts later         ignored: the holder finds the range missing when it is resumed
//	the range is not one of the job's          dropped
//	the range is queued                        waits a little, then dropped: see waitForAck
//	the range has a result or is covered       dropped
//	the job is throttled, and beyond a limit   ignored: the holder finds the range missing; see throttled
//	the queue is full                          waits until it has drained
//	else                                       queued again
//
// A dropped return is a complaint about its worker, unless honest workers may cause it (dropSuperfluous): the
// ack is lost, or the range was queued a second time because the worker held it for too long, or because of
// the return of another worker, or the task was an audit of a covered range. Nothing is lost: a range that is
// neither queued nor answered is found missing by the review of the job's holder.

// returnTries is how many deliveries of a return may find its range queued. The last one drops it.
const returnTries = 5

// errQueued says that a returned range is still queued.
var errQueued = errors.New("the range is queued")

// checkReturn reports whether a returned range may be queued again now, in that many pieces and in that
// round. Otherwise the return is done, or is redelivered after a delay > 0, or is dropped, which is an error
// that wraps errDropped.
func (s *sweeper) checkReturn(ctx context.Context, at schema.Place, pieces uint64, round string, meta *jetstream.MsgMetadata) (ok bool, delay time.Duration, err error) {
	j, err := s.job(ctx, at.Job)
	if err == nil && j == nil {
		_, err = s.f.Job(ctx, at.Job)
	}
	if j == nil && (err == nil || errors.Is(err, ErrUnreadable)) {
		return false, 0, nil
	}
	if errors.Is(err, ErrNoJob) {
		if part, failed := s.f.isPart(ctx, at.Job); part || failed != nil {
			return false, 0, failed
		}
	}
	if err != nil {
		return false, 0, s.dropIf(at.Worker, err, ErrNoJob)
	}
	if j.manifest.Paused || j.manifest.Waits(s.f.now()) {
		return false, 0, nil
	}
	if err := j.checkRange(ctx, at.Range); err != nil {
		return false, 0, s.dropIf(at.Worker, err, errVoid)
	}
	queued, delay, err := s.isQueued(ctx, j.manifest, at.Range, meta.Timestamp)
	switch {
	case err != nil || delay > 0:
		return false, delay, err
	case queued:
		at.Class = "*" // a range that is too large for some workers is in another class than its job
		delay, err = s.waitForAck(ctx, at, pieces, round, int(meta.NumDelivered))
		return false, delay, err
	}
	if answered, err := s.answered(ctx, j.manifest, at.Range); answered || err != nil {
		if err == nil {
			err = s.dropSuperfluous(at, errors.New("the range is answered"))
		}
		return false, 0, err
	}
	if beyond, err := s.throttled(ctx, j.manifest, at.Range); beyond || err != nil {
		return false, 0, err
	}
	room, err := s.hasRoom(ctx, j.manifest.Class, max(pieces, 1))
	if err != nil || !room {
		return false, sweepRetry, err
	}
	return true, 0, nil
}

// dropIf drops a return if err wraps cause, and returns err if not.
func (s *sweeper) dropIf(worker string, err, cause error) error {
	if errors.Is(err, cause) {
		return s.drop(worker, err)
	}
	return err
}

// checkRange returns an error that wraps errVoid if the range is not one of the job's. It looks once for
// input that was stored since the job was read.
func (j *sweptJob) checkRange(ctx context.Context, r task.Range) error {
	if r.Count > task.MaxCount {
		return fmt.Errorf("%w: a range of %d numbers is larger than a chunk", errVoid, r.Count)
	}
	if r.End() > j.inputs.Count() && !j.reloaded {
		if err := j.inputs.Reload(ctx); err != nil {
			return err
		}
		j.reloaded = true
	}
	if count := j.inputs.Count(); r.End() > count {
		return fmt.Errorf("%w: %v is outside the %d numbers of job %s", errVoid, r, count, j.manifest.ID)
	}
	return nil
}

// waitForAck returns after which delay a return whose range is queued is processed again. An honest worker
// stores the return and acks its task a moment later: the pauses are 0.1, 0.3, 0.9 and 2.7 s. try is how
// many times the return was delivered. The return is done if this range was queued for it before, by a
// sweeper that did not live to ack it.
func (s *sweeper) waitForAck(ctx context.Context, at schema.Place, pieces uint64, round string, try int) (time.Duration, error) {
	if try < returnTries {
		if _, ok := s.paces.of(at.Worker).waits.Take(time.Now(), s.f.waitShare, 1); ok {
			delay := 100 * time.Millisecond
			for range try - 1 {
				delay *= 3
			}
			return delay, nil
		}
	}
	parts := at.Range.Pieces(pieces)
	mine := task.Address{Class: at.Class, Job: at.Job, Range: parts[len(parts)-1], Round: round}
	if stored, err := s.isStored(ctx, mine); stored || err != nil {
		return 0, err
	}
	return 0, s.dropSuperfluous(at, errQueued)
}
