package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/task"
)

const (
	reviewEvery   = 30 * time.Second
	reviewIdle    = 2 * time.Second        // after so long without an answer; doubles up to reviewEvery
	reviewSpacing = 100 * time.Millisecond // between two, however often somebody asks
	lookAgain     = 500 * time.Millisecond // when the sweeper is about to take a task away
	remindEvery   = 5 * time.Second
	cutOffAfter   = 3 * time.Second // between two looks that find no feeder
)

// askReview asks for a review soon.
func (r *run) askReview() {
	select {
	case r.reviews <- struct{}{}:
	default:
	}
}

// hold marks this process as the holder for as long as it has the lease.
func (r *run) hold(ctx context.Context) error {
	r.holding.Store(true)
	defer r.holding.Store(false)
	r.askReview()
	<-ctx.Done()
	return nil
}

// review compares now and then what the job's input holds with what became of it.
// It starts once the stored results are dealt with.
func (r *run) review(ctx context.Context) error {
	select {
	case <-r.caughtUp:
	case <-ctx.Done():
		return nil
	}
	if err := r.checkComplete(); err != nil {
		return err
	}
	rv := &reviewer{run: r}
	timer := time.NewTimer(reviewIdle)
	defer timer.Stop()
	idle := reviewIdle
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.reviews:
			idle = reviewIdle
			select {
			case <-time.After(reviewSpacing - time.Since(rv.last)):
			case <-ctx.Done():
				return nil
			}
		case <-timer.C:
			still := time.Since(time.Unix(0, r.moved.Load()))
			if still < idle && time.Since(rv.last) < reviewEvery {
				timer.Reset(min(idle, idle-still+time.Millisecond))
				continue
			}
			idle = min(2*idle, reviewEvery)
		}
		if err := rv.once(ctx); err != nil {
			if ctx.Err() != nil || isVerdict(err) {
				return err
			}
			r.watch.Log.Debug().Err(err).Msg("review again")
		}
		timer.Reset(idle)
	}
}

// remind tells workers now and then, for as long as this process is the holder, of a
// quarantine or a release that they have missed.
func (r *run) remind(ctx context.Context) error {
	select {
	case <-r.caughtUp:
	case <-ctx.Done():
		return nil
	}
	ticker := time.NewTicker(remindEvery)
	defer ticker.Stop()
	for {
		if r.holding.Load() {
			if err := r.trust.Remind(ctx); err != nil && ctx.Err() == nil {
				r.watch.Log.Debug().Err(err).Msg("remind the workers again")
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// isVerdict reports whether err ends the run; anything else is tried again.
func isVerdict(err error) bool {
	return errors.Is(err, errComplete) || errors.Is(err, ErrOutput) || errors.Is(err, ErrCancelled) || errors.Is(err, ErrInputLost) ||
		errors.Is(err, fleet.ErrNoJob) || errors.Is(err, natsconn.ErrClosed)
}

// A reviewer finds the dead and the missing. Listing in the order TASKS, RETURNS,
// RESULTS, DEAD sees every range on its way from one to the next at least once.
type reviewer struct {
	run      *run
	last     time.Time
	noFeeder time.Time // since when nobody feeds an open job; zero = somebody does
	noInput  time.Time // since when what is to be queued again is not stored; zero = it is
	told     bool      // that somebody does, or did
}

func (v *reviewer) once(ctx context.Context) error {
	r := v.run
	v.last = time.Now()
	j, err := r.f.Job(ctx, r.id())
	if err != nil {
		return err
	}
	if err := v.cutOff(ctx, j); err != nil {
		return err
	}
	q, err := v.look(ctx, j)
	if err != nil {
		return err
	}
	if err := v.awaitResults(ctx, j.ID); err != nil {
		return err
	}
	if err := v.bury(ctx, j.ID, q); err != nil {
		return err
	}
	if err := r.checkComplete(); err != nil {
		return err
	}
	if !r.holding.Load() {
		return nil
	}
	return v.requeue(ctx, j, q)
}

// A queue is how the queue stood at one moment.
type queue struct {
	queued task.Set // and returned
	end    uint64   // of what had been queued, ever, by then
}

// look lists the queue. j is the manifest as it was before.
func (v *reviewer) look(ctx context.Context, j *task.Job) (*queue, error) {
	q := &queue{end: j.Count}
	if j.State == task.Open { // chunks are queued in order: below one that was, all were
		q.end = v.coveredEnd()
	}
	backlog, err := v.run.f.Backlog(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	q.queued = backlog.Ranges
	if j.State == task.Open {
		q.end = min(max(q.end, backlog.Fed), v.run.inputs.Count())
	}
	return q, nil
}

// coveredEnd returns the end of what is covered.
func (v *reviewer) coveredEnd() (end uint64) {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	for r := range v.run.c.Covered().Ranges() {
		end = r.End()
	}
	return end
}

// awaitResults waits until every result that is stored now is dealt with: covered
// means verified in this process, never merely listed.
func (v *reviewer) awaitResults(ctx context.Context, id string) error {
	last, err := v.run.f.LastResult(ctx, id)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(reviewEvery)
	for v.run.seen.Load() < last {
		if time.Now().After(deadline) {
			return errors.New("results come too slowly for a review")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// bury gives up what has a dead letter. A letter does not count before its range is
// queued, while it is, or once it is verified, and never if a quarantined worker has
// written it. The sweeper's come a moment before their task leaves the queue.
func (v *reviewer) bury(ctx context.Context, id string, q *queue) error {
	letters, err := v.run.f.DeadRanges(ctx, id)
	if err != nil {
		return err
	}
	r := v.run
	count, again := r.inputs.Count(), false
	defer func() {
		if again {
			time.AfterFunc(lookAgain, r.askReview)
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range letters {
		d := &letters[i]
		if d.Range.End() > count || d.Range.Count > task.MaxCount {
			continue // not of this job's numbers: forged
		}
		if r.trust.Quarantined(d.Writer) {
			continue
		}
		if d.Range.End() > q.end || q.queued.Overlaps(d.Range) {
			again = again || d.Authoritative() && !r.c.Covered().Contains(d.Range)
			continue
		}
		if err := r.c.GiveUp(ctx, d.Range, d.Err); err != nil {
			return err
		}
	}
	return r.flushLocked()
}

// requeue queues again what is missing: below the end of what was ever queued, for a
// job whose feeder is still at work.
func (v *reviewer) requeue(ctx context.Context, j *task.Job, q *queue) error {
	if len(v.missing(q)) == 0 {
		return nil
	}
	// A return that was queued again between the two listings is in neither.
	again, _, err := v.run.f.Queued(ctx, j.ID)
	if err != nil {
		return err
	}
	q.queued.AddSet(&again)
	missing := v.missing(q)
	if len(missing) == 0 || !v.run.holding.Load() {
		return nil
	}
	v.run.watch.Log.Info().Str("job", j.ID).Int("ranges", len(missing)).Msg("queueing again what was lost")
	v.run.requeued.Add(uint64(len(missing)))
	err = v.run.f.Requeue(ctx, j, v.run.inputs, missing)
	return v.checkInput(j, err)
}

// checkInput takes err, with which queueing again has ended, for the loss of input if it
// says for longer than an election that something is not stored. Who feeds may be about to
// store it once more.
func (v *reviewer) checkInput(j *task.Job, err error) error {
	if !errors.Is(err, collect.ErrNoInput) || j.State == task.Open || v.run.feeding.Load() {
		v.noInput = time.Time{}
		return err
	}
	if v.noInput.IsZero() {
		v.noInput = time.Now()
	}
	if time.Since(v.noInput) < v.run.f.Election() {
		time.AfterFunc(v.run.f.Election(), v.run.askReview)
		return err
	}
	return fmt.Errorf("%w: %w", ErrInputLost, err)
}

// missing returns the positions below q.end that are neither covered nor queued.
func (v *reviewer) missing(q *queue) []task.Range {
	if q.end == 0 {
		return nil
	}
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	var missing []task.Range
	for gap := range v.run.c.Covered().Gaps(task.Span(0, q.end)) {
		missing = slices.AppendSeq(missing, q.queued.Gaps(gap))
	}
	return missing
}

// cutOff seals an open job that nobody feeds any more: its feeder died. What is
// stored is finished, and the manifest says that the input was longer.
func (v *reviewer) cutOff(ctx context.Context, j *task.Job) error {
	r := v.run
	if j.State != task.Open || r.feeding.Load() || !r.holding.Load() {
		v.noFeeder = time.Time{}
		return nil
	}
	feeder, err := r.f.Holder(ctx, feedLease(j.ID))
	if err != nil || feeder != "" {
		v.noFeeder = time.Time{}
		if feeder != "" && !v.told {
			v.told = true
			r.watch.Status("another process is still reading the input of this job, or died a moment ago: waiting for it")
		}
		return err
	}
	if v.noFeeder.IsZero() {
		v.noFeeder = time.Now()
		time.AfterFunc(cutOffAfter, r.askReview)
		return nil
	}
	if time.Since(v.noFeeder) < cutOffAfter {
		return nil
	}
	if err := r.inputs.Reload(ctx); err != nil {
		return err
	}
	sealed, err := r.f.ChangeJob(ctx, j.ID, func(j *task.Job) error {
		if j.State == task.Open {
			j.State, j.CutOff, j.Count = task.Sealed, true, r.inputs.Count()
			j.Note = "its submitter died before it had read all input"
		}
		return nil
	})
	if err == nil {
		*j = *sealed
	}
	return err
}

// notThere is the reason with which Results passes over what has no answer yet.
const notThere = "no answer yet"

// present emits what has an answer now, or was given up.
func (r *run) present(ctx context.Context) (*Summary, error) {
	close(r.joined)
	if err := r.catchUp(ctx); err != nil {
		return r.summary(), err
	}
	j, err := r.f.Job(ctx, r.id())
	if err != nil {
		return r.summary(), err
	}
	v := &reviewer{run: r}
	q, err := v.look(ctx, j)
	if err == nil {
		err = v.bury(ctx, j.ID, q)
	}
	s := r.summary()
	if err != nil {
		return s, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.inputs.Count(); n > 0 {
		err = r.c.GiveUp(ctx, task.Span(0, n), notThere)
	}
	if err == nil {
		err = r.flushLocked()
	}
	return s, err
}

// catchUp takes the results that are stored now.
func (r *run) catchUp(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-r.caughtUp:
			stop(errComplete)
		case <-ctx.Done():
		}
	}()
	if err := r.follow(ctx); !errors.Is(err, errComplete) && context.Cause(ctx) != errComplete {
		return err
	}
	return nil
}
