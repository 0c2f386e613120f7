package worker

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"factorfleet/internal/task"
)

// Settling takes round trips. A long task waits for them in its slot; short ones
// are left to settlers, and the slot goes on.
const (
	maxSettlers  = 512 // short tasks whose round trips overlap
	maxUnsettled = 512 // and that wait for a settler before slots wait too
)

// Delays before a failed delivery comes back: nakFirst after the first attempt,
// doubled for each further one up to nakMost, 20 % more or less.
const (
	nakFirst  = 5 * time.Second
	nakMost   = 2 * time.Minute
	nakJitter = 0.2
)

// How an unconfirmed ack is repeated.
const (
	confirmPause = 100 * time.Millisecond // then doubled up to
	confirmMost  = 5 * time.Second
	confirmTries = 60 // some five minutes: then it is left to the server
)

// settle ends a delivery: what it leaves behind is stored first, and only then is
// the server told. After an error the rest is not done: the server will hand the
// task out again.
func (w *Worker) settle(d *Delivery) {
	ctx, o := w.settleCtx, &d.outcome
	var err error
	lost := w.isLost(d)
	if d.urgent && !lost {
		d.Handle.InProgress() // settling takes a while too
	}
	switch o.verdict {
	case answered, handedBack:
		if lost && len(o.returns) > 0 {
			o.returns, err = nil, errLost
		}
		if err = errors.Join(w.store(ctx, d), err); err == nil {
			err = w.confirm(ctx, d, "ack", func() error { return d.Handle.Ack(ctx) })
		}
	case dropped:
		err = w.confirm(ctx, d, "ack", func() error { return d.Handle.Ack(ctx) })
	case failed:
		if d.Attempt < d.MaxDeliver {
			if err = w.outbox.Failed(ctx, d.Address, d.Attempt, o.letter); err == nil && lost {
				err = errLost
			} else if err == nil {
				delay := backoff(d.Attempt)
				err = w.confirm(ctx, d, "nak", func() error { return d.Handle.NakWithDelay(ctx, delay) })
			}
			break
		}
		err = w.bury(ctx, d)
	case rejected:
		err = w.bury(ctx, d)
	}
	d.wasSettled = err == nil || errors.Is(err, ErrForgotten) || errors.Is(err, errLost) // nobody is left to confirm it
	w.report(d, err)
}

// errLost says that a delivery is another worker's by now.
var errLost = errors.New("worker: held for too long without a word to the server")

// isLost reports whether the server has given d to somebody else, or is about to. Were
// it handed back or nak'ed all the same, its numbers would be queued twice from then on,
// and one that does harm would do it twice as often. A last attempt that began is
// nobody else's, ever.
func (w *Worker) isLost(d *Delivery) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !d.alone && w.lapsedLocked(d, time.Now())
}

// store puts results, failure records and returns where they belong. Results come
// first: what is in hand is safe, should the drain's timeout cut the rest off.
func (w *Worker) store(ctx context.Context, d *Delivery) error {
	for _, p := range d.outcome.results {
		if err := w.outbox.Result(ctx, d.Job, p.r, p.payload); err != nil {
			return err
		}
	}
	for _, p := range d.outcome.failures {
		if err := w.outbox.Failed(ctx, d.at(p.r), d.Attempt, p.payload); err != nil {
			return err
		}
	}
	for _, p := range d.outcome.returns {
		if err := w.outbox.Return(ctx, d.at(p.r), p.payload); err != nil {
			return err
		}
	}
	return nil
}

// bury stores the dead letter and then terminates the delivery.
func (w *Worker) bury(ctx context.Context, d *Delivery) error {
	if err := w.outbox.Dead(ctx, d.Job, d.Range, d.outcome.letter); err != nil {
		return err
	}
	return w.confirm(ctx, d, "term", func() error { return d.Handle.Term(ctx, oneLine(d.outcome.err)) })
}

// oneLine returns the message of err, fit for a protocol made of lines.
func oneLine(err error) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	return s[:min(len(s), 200)]
}

// confirm repeats step, the last of a delivery, until the server has confirmed it
// or there is no point in waiting any longer.
func (w *Worker) confirm(ctx context.Context, d *Delivery, name string, step func() error) error {
	pause := confirmPause
	for try := 1; ; try++ {
		err := step()
		if err == nil || ctx.Err() != nil || try == confirmTries || errors.Is(err, ErrForgotten) {
			return err
		}
		w.config.Log.Debug().Err(err).Str("job", d.Job).Stringer("range", d.Range).Msg(name + " was not confirmed, trying again")
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

// report logs what a person may have to know.
func (w *Worker) report(d *Delivery, err error) {
	log, o := &w.config.Log, &d.outcome
	switch {
	case errors.Is(err, ErrForgotten):
		log.Warn().Err(err).Str("job", d.Job).Stringer("range", d.Range).Msg("a finished task will come again")
	case errors.Is(err, errLost):
		log.Warn().Err(err).Str("job", d.Job).Stringer("range", d.Range).Msg("left to whom the server hands it out now")
	case err != nil:
		log.Error().Err(err).Str("job", d.Job).Stringer("range", d.Range).Msg("could not settle a task, left to redelivery")
	case o.verdict == rejected:
		log.Error().AnErr("cause", o.err).Str("job", d.Job).Stringer("range", d.Range).Msg("not a task, dead-lettered")
	case o.verdict == failed && d.Attempt >= d.MaxDeliver:
		log.Error().AnErr("cause", o.err).Str("job", d.Job).Stringer("range", d.Range).Int("attempt", d.Attempt).Msg("number given up")
	case o.err != nil:
		log.Warn().AnErr("cause", o.err).Str("job", d.Job).Stringer("range", d.Range).Int("attempt", d.Attempt).Msg("number failed")
	default:
		log.Debug().Str("job", d.Job).Stringer("range", d.Range).Int("numbers", o.numbers).Msg("task settled")
	}
}

// backoff returns how long to wait after a failed attempt, counted from 1.
func backoff(attempt int) time.Duration {
	d := min(nakFirst<<min(max(attempt-1, 0), 10), nakMost)
	return time.Duration(float64(d) * (1 - nakJitter + 2*nakJitter*rand.Float64()))
}

// at returns the address of the part r of d.
func (d *Delivery) at(r task.Range) task.Address {
	a := d.Address
	a.Range = r
	return a
}

// settleLaterLocked leaves d, with its outcome, to a settler.
func (w *Worker) settleLaterLocked(d *Delivery) {
	d.state = settling
	w.unsettled.push(d)
	if w.unsettled.len <= w.idleSettlers {
		w.errand.Signal()
	} else if w.settlers < maxSettlers {
		w.settlers++
		w.helpers.Go(w.settler)
	}
}

// settler settles what others left to it, until Run ends.
func (w *Worker) settler() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for w.unsettled.len == 0 {
			if w.closed {
				return
			}
			w.idleSettlers++
			w.errand.Wait()
			w.idleSettlers--
		}
		d := w.unsettled.pop()
		w.room.Signal()
		w.mu.Unlock()
		w.settle(d)
		w.mu.Lock()
		w.releaseLocked(d)
	}
}

// releaseLocked forgets a delivery that has come to its end.
func (w *Worker) releaseLocked(d *Delivery) {
	w.held.remove(d)
	if d.last() {
		if w.lasts--; w.lasts == 0 {
			w.work.Broadcast()
			w.wakePullerLocked()
		}
	}
	if w.draining {
		if !d.wasSettled {
			w.left++
		}
		w.checkDrainedLocked()
	}
}
