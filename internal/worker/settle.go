package worker

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/attempt"
	"factorfleet/internal/text"
)

// How an unconfirmed last step is repeated. The pause before the next try is
//
//	min(confirmPause * 2^(try-1), confirmMost)
//
// so confirmTries take about five minutes, without the time of the calls. That is longer than a restart of the
// server. After it no heartbeat is sent for the delivery any more, and the server redelivers the task.
const (
	confirmPause = 100 * time.Millisecond
	confirmMost  = 5 * time.Second
	confirmTries = 60
)

// maxTermReason bounds the reason that is sent with a term, in bytes. The dead letter has the whole text.
const maxTermReason = 200

// errLapsed is the error of a delivery that is not settled because it belongs to another worker by now.
var errLapsed = errors.New("worker: the server has not heard of this delivery for its ack wait")

// settle executes the decision how d ends: it stores the outcome, then takes the last step. After an error
// the remaining steps are not done, and the server redelivers the task.
//
// Requires that the caller owns d, in state settling, and does not hold mu: each step is a round trip. Whether
// d has lapsed is decided once, at the start. If it lapses later, its numbers may be queued twice. That costs
// time and nothing else: answers are deduplicated by position.
func (w *Worker) settle(d *Delivery) {
	facts := w.outcomeFacts(d)
	if d.urgent && !facts.Superseded() {
		d.Handle.InProgress() // settling takes time, too
	}
	s := attempt.Settle(facts)
	err := w.store(w.settleCtx, d, s)
	switch {
	case s.End == attempt.Leave:
		err = errors.Join(err, errLapsed)
	case err == nil:
		err = w.confirm(w.settleCtx, d, s.End)
	}
	d.wasSettled = err == nil || errors.Is(err, ErrForgotten) || errors.Is(err, errLapsed)
	w.logSettled(d, s.End, err)
}

// outcomeFacts returns what the rules of attempts need to know of how d has ended. It takes mu, which guards
// heard and alone.
func (w *Worker) outcomeFacts(d *Delivery) attempt.Outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	return attempt.Outcome{
		Verdict: d.outcome.verdict, Attempt: d.Attempt, Most: d.Most, Returns: len(d.outcome.returns) > 0,
		Lapsed: w.lapsedLocked(d, time.Now()), Started: d.alone,
	}
}

// store stores what s says. Results are first: they are safe if the drain's timeout ends the rest. A failure
// record precedes the return of its number, so that the reader of a return finds it.
func (w *Worker) store(ctx context.Context, d *Delivery, s attempt.Settlement) error {
	o := &d.outcome
	if s.Results {
		o.joinPartial()
		for _, p := range o.results {
			if err := w.outbox.Result(ctx, d.Job, p.r, p.data); err != nil {
				return err
			}
		}
	}
	if s.Records {
		for _, p := range o.hopeless {
			if err := w.outbox.Dead(ctx, d.Job, p.r, p.data); err != nil {
				return err
			}
		}
		for _, p := range o.failures {
			if err := w.outbox.Failed(ctx, d.addressOf(p.r), attempt.Record(d.Attempt, false), p.data); err != nil {
				return err
			}
		}
	}
	if s.Returns {
		for _, p := range o.returns {
			if err := w.outbox.Return(ctx, d.addressOf(p.r), p.data); err != nil {
				return err
			}
		}
	}
	switch {
	case s.Record:
		return w.outbox.Failed(ctx, d.Address, attempt.Record(d.Attempt, d.last()), o.letter)
	case s.Letter:
		return w.outbox.Dead(ctx, d.Job, d.Range, o.letter)
	}
	return nil
}

// confirm repeats the last step of d until the server has confirmed it or waiting is pointless. A step that
// was done and not confirmed may be repeated: the server ignores it the second time.
func (w *Worker) confirm(ctx context.Context, d *Delivery, end attempt.End) error {
	delay := attempt.Backoff(d.backoff, d.Attempt, rand.Float64()) // the same for each try
	pause := confirmPause
	for try := 1; ; try++ {
		err := lastStep(ctx, d, end, delay)
		if err == nil || ctx.Err() != nil || try == confirmTries || errors.Is(err, ErrForgotten) {
			return err
		}
		about(w.config.Log.Debug(), d).Err(err).Msg("the server has not confirmed the end of a delivery, retrying")
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		}
		pause = min(2*pause, confirmMost)
	}
}

// lastStep ends d. delay is that of a nak.
func lastStep(ctx context.Context, d *Delivery, end attempt.End, delay time.Duration) error {
	switch end {
	case attempt.Nak:
		return d.Handle.NakWithDelay(ctx, delay)
	case attempt.Term:
		return d.Handle.Term(ctx, text.Sanitize(d.outcome.err.Error(), maxTermReason))
	}
	return d.Handle.Ack(ctx)
}

// about adds to a log event which task it concerns.
func about(e *zerolog.Event, d *Delivery) *zerolog.Event {
	return e.Str("job", d.Job).Stringer("range", d.Range)
}

// logSettled logs in one line a delivery, and records, how d has ended; err says why a step of end, or before it, was not
// done. took and cpu are in milliseconds.
func (w *Worker) logSettled(d *Delivery, end attempt.End, err error) {
	w.recordSettled(d, end, err)
	log, o := &w.config.Log, &d.outcome
	switch {
	case errors.Is(err, ErrForgotten):
		about(log.Warn(), d).Err(err).Msg("a finished task will be redelivered")
	case errors.Is(err, errLapsed):
		about(log.Warn(), d).Err(err).Msg("the task will be redelivered to another worker")
	case err != nil:
		about(log.Error(), d).Err(err).Msg("could not settle a task: it will be redelivered")
	case o.verdict == attempt.Rejected:
		about(log.Error(), d).Err(o.err).Msg("message is not a task, stored as a dead letter")
	case end == attempt.Term:
		about(log.Error(), d).Err(o.err).Int("attempt", d.Attempt).Msg(cmp.Or(d.noun, "number") + " given up")
	case o.err != nil:
		about(log.Warn(), d).Err(o.err).Int("attempt", d.Attempt).Msg(cmp.Or(d.noun, "number") + " failed")
	default:
		about(log.Debug(), d).Int("attempt", d.Attempt).Stringer("result", o.verdict).Int("numbers", o.numbers).
			Dur("took", o.took).Dur("cpu", o.cpu).Msg("task settled")
	}
}
