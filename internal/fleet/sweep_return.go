package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// processReturn executes the decision about a range that a worker returns. The range and the worker come
// from the subject, which the server has checked; the reason is the worker's claim. Only a postponed
// number needs evidence: the failure records of workers.
func (s *sweeper) processReturn(ctx context.Context, m jetstream.Msg, meta *jetstream.MsgMetadata) (time.Duration, error) {
	worker, began := lastToken(m.Subject()), time.Now()
	if delay, err := s.admit(ctx, worker, meta); delay > 0 || err != nil {
		return delay, err
	}
	defer func() { s.charge(worker, time.Since(began)) }()
	at, err := schema.ParseSubject(m.Subject())
	if err != nil {
		return 0, s.drop(worker, err)
	}
	r, err := task.DecodeReturn(m.Data())
	if err != nil {
		return 0, s.drop(at.Worker, err)
	}
	returned := attempt.Returned{Reason: r.Reason, Count: at.Range.Count, Pieces: uint64(r.Pieces), First: meta.NumDelivered == 1}
	if at.Range.Count == 1 && returned.First && r.Reason != task.Isolate { // of a number that failed there is a record
		s.failures.registry.noteReturn(at, meta.Timestamp)
	}
	if returned.First && r.Reason == task.Elsewhere {
		if err := s.noteElsewhere(ctx, at, r.Detail, &returned); err != nil {
			return 0, err
		}
	}
	do := attempt.Decision{Pieces: 1}
	if !returned.NeedsEvidence() {
		do = returned.Decide(attempt.Evidence{})
	}
	if do.Action == attempt.Wait {
		return do.Delay, nil
	}
	if returned.Withdraws() {
		if err := s.f.withdraw(ctx, at); err != nil {
			return 0, err
		}
	}
	do.Pieces = min(do.Pieces, attempt.Pieces(at.Range.Count)) // no honest worker requests more
	round := roundAfter(at.Round, meta.Timestamp)
	if ok, delay, err := s.checkReturn(ctx, at, do.Pieces, round, meta); !ok || err != nil {
		return delay, err
	}
	if returned.NeedsEvidence() {
		return s.decide(ctx, at, round)
	}
	switch r.Reason {
	case task.TooLarge:
		return s.requeueLarge(ctx, at, round, meta)
	case task.Elsewhere:
		return 0, s.requeueElsewhere(ctx, at, do, round)
	}
	return 0, s.requeue(ctx, at, do, round)
}

// lastToken returns the last token of a subject: the worker, if the server has checked who publishes it.
func lastToken(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

// roundAfter returns the round in which a range of the round before is queued again. It depends only on
// its arguments: a message that is processed twice queues its range once.
func roundAfter(before string, stored time.Time) string {
	round := task.NewRound(stored)
	if round == before {
		round = task.NewRound(stored.Add(time.Millisecond))
	}
	return round
}

// requeue queues the range of an active job as decided. For other jobs it does nothing. Of a range that is split only
// the numbers without an answer are queued: its worker may have stored some before it died. Of a paused job nothing is
// queued: the holder finds the range missing when the job is resumed. An error wraps
// errVoid if the range is not one of the job's: a worker may return any range, and no retry can help. Lost
// input is not such an error: the return is kept until the input is stored again or the job is removed. Workers that
// not names do not compute the range.
func (s *sweeper) requeue(ctx context.Context, at schema.Place, do attempt.Decision, round string, not ...string) error {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil || j.manifest.Paused {
		return err
	}
	if r := at.Range; r.Count > task.MaxCount {
		return fmt.Errorf("%w: a range of %d numbers is larger than a chunk", errVoid, r.Count)
	}
	if do.Pieces, err = s.piecesWithin(ctx, j.manifest, do.Pieces); err != nil {
		return err
	}
	pieces := at.Range.Pieces(do.Pieces)
	if len(pieces) > 1 {
		pieces = s.unanswered(ctx, j.manifest, pieces)
	}
	err = voidWithoutInput(s.f.queueRanges(ctx, j.manifest, j.inputs, pieces, round, do.Spent, not...))
	if err == nil {
		s.hasQueued(at.Job, at.Range, uint64(len(pieces)))
	}
	return err
}

// piecesWithin returns into how many pieces a range of the job is split that would be split into pieces; see
// attempt.PiecesWithin. The range itself may be among the tasks that are counted.
func (s *sweeper) piecesWithin(ctx context.Context, j *task.Job, pieces uint64) (uint64, error) {
	if j.MaxRunning == 0 || pieces <= attempt.LeastPieces {
		return pieces, nil
	}
	b, err := s.f.Backlog(ctx, j.ID)
	if err != nil {
		return 0, err
	}
	return attempt.PiecesWithin(pieces, uint64(j.MaxRunning), uint64(b.Chunks)), nil
}

// voidWithoutInput makes err wrap errVoid if the job has no such numbers.
func voidWithoutInput(err error) error {
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
	reloaded bool // inputs were read twice
}

const (
	sweptJobAge = time.Second // how long a sweptJob may be used
	maxSwept    = 8           // jobs that are kept; each may take 24 MiB
)

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
	if len(s.jobs) >= maxSwept {
		clear(s.jobs)
	}
	s.jobs[id] = &sweptJob{at: time.Now(), manifest: manifest, inputs: inputs}
	return s.jobs[id], nil
}
