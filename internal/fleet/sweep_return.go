package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// processReturn executes the decision about a range that a worker returns. The range and the worker come
// from the subject, which the server has checked; the reason is the worker's claim. Only a postponed
// number needs evidence: a last-attempt record.
func (s *sweeper) processReturn(ctx context.Context, m jetstream.Msg, meta *jetstream.MsgMetadata) (time.Duration, error) {
	at, err := schema.ParseSubject(m.Subject())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	r, err := task.DecodeReturn(m.Data())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	returned := attempt.Returned{Reason: r.Reason, Count: at.Range.Count, Pieces: uint64(r.Pieces), First: meta.NumDelivered == 1}
	var record *task.Failure
	if returned.NeedsEvidence() {
		if record, err = s.f.lastAttemptRecord(ctx, at.Address); err != nil {
			return 0, err
		}
	}
	switch do := returned.Decide(attempt.Evidence{Record: record != nil}); do.Action {
	case attempt.Wait:
		return do.Delay, nil
	case attempt.GiveUp:
		return 0, s.giveUpReturned(ctx, at, record)
	default:
		return 0, s.requeue(ctx, at, do, roundAfter(at.Round, meta.Timestamp))
	}
}

// giveUpReturned gives up a postponed number whose last attempt had started, with a dead letter of the
// worker that returned it. The letter is that worker's claim, not the sweeper's: the sweeper has seen no
// exhausted task, only a record and a return that two workers have written.
func (s *sweeper) giveUpReturned(ctx context.Context, at schema.Place, record *task.Failure) error {
	if j, err := s.job(ctx, at.Job); err != nil || j == nil {
		return err
	}
	record.Err, record.Attempt, record.Time = unresponsive, schema.MaxDeliver, time.Now()
	return s.f.link.Store(ctx, message(schema.DeadSubject(at.Job, at.Range, at.Worker), record.Encode()))
}

// unresponsive is the error text in the dead letter of a number that the sweeper gives up.
var unresponsive = attempt.GiveUpDetail(schema.MaxDeliver)

// roundAfter returns the round in which a range of the round before is queued again. It depends only on
// its arguments: a message that is processed twice queues its range once.
func roundAfter(before string, stored time.Time) string {
	round := task.NewRound(stored)
	if round == before {
		round = task.NewRound(stored.Add(time.Millisecond))
	}
	return round
}

// requeue queues the range of an active job as decided. For other jobs it does nothing. An error wraps
// errVoid if the range is not one of the job's: a worker may return any range, and no retry can help. Lost
// input is not such an error: the return is kept until the input is stored again or the job is removed.
func (s *sweeper) requeue(ctx context.Context, at schema.Place, do attempt.Decision, round string) error {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return err
	}
	if r := at.Range; r.Count > task.MaxCount {
		return fmt.Errorf("%w: a range of %d numbers is larger than a chunk", errVoid, r.Count)
	}
	err = s.f.queueRanges(ctx, j.manifest, j.inputs, at.Range.Pieces(do.Pieces), round, do.Spent)
	if errors.Is(err, collect.ErrNoInput) {
		return fmt.Errorf("%w: %w", errVoid, err)
	}
	return err
}

// A sweptJob is what the sweeper has read of an active job. It may be out of date by sweptJobAge: a range
// of a job that was cancelled meanwhile is then queued, and removed again by the holder or a supervisor.
type sweptJob struct {
	at       time.Time // when it was read
	manifest *task.Job
	inputs   *Inputs
}

// sweptJobAge is how long a sweptJob may be used.
const sweptJobAge = time.Second

// job returns an active job; nil for a job that has ended, does not exist, or has a manifest that is none. What
// was returned of the latter is found missing if its manifest can be read again.
func (s *sweeper) job(ctx context.Context, id string) (*sweptJob, error) {
	if j := s.jobs[id]; j != nil && time.Since(j.at) < sweptJobAge {
		return j, nil
	}
	delete(s.jobs, id)
	manifest, err := s.f.Job(ctx, id)
	if errors.Is(err, ErrNoJob) || errors.Is(err, ErrUnreadable) || err == nil && manifest.Finished() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	inputs, err := s.f.Inputs(ctx, id)
	if err != nil {
		return nil, err
	}
	clear(s.jobs) // nearly always there is one job at a time
	s.jobs[id] = &sweptJob{at: time.Now(), manifest: manifest, inputs: inputs}
	return s.jobs[id], nil
}
