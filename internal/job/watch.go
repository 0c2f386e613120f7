package job

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// errComplete ends a run: every number is accounted for.
var errComplete = errors.New("complete")

// until runs all parts of this process until the job has ended, and returns its
// summary. feeder may be nil.
func (r *run) until(ctx context.Context, feeder *feeder) (*Summary, error) {
	group, groupCtx := errgroup.WithContext(ctx)
	part := func(f func(context.Context) error) { group.Go(func() error { return f(groupCtx) }) }

	if feeder != nil {
		part(feeder.hold)
	} else {
		close(r.joined)
	}
	part(r.follow)
	part(r.review)
	part(r.remind)
	part(r.followManifest)
	part(func(ctx context.Context) error { return r.f.FollowDead(ctx, r.id(), r.askReview) })
	part(func(ctx context.Context) error { return r.f.Hold(ctx, r.id(), r.holder, r.hold) })
	part(r.sweep)

	err := r.ended(ctx, group.Wait())
	if errors.Is(err, errComplete) {
		return r.end(ctx, feeder != nil)
	}
	return r.summary(), err
}

// feedOnly runs the feeder alone.
func (r *run) feedOnly(ctx context.Context, feeder *feeder) (*task.Job, error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := feeder.hold(groupCtx)
		if err == nil && groupCtx.Err() == nil {
			err = errFed
		}
		return err
	})
	group.Go(func() error { return r.followManifest(groupCtx) })
	err := r.ended(ctx, group.Wait())
	if errors.Is(err, errFed) || errors.Is(err, errComplete) {
		err = nil
	}
	return r.manifest.Load(), err
}

// ended returns why the parts of this process have ended, err being the first of
// their errors. None of them queues anything any more, so that of a cancelled job
// nothing is left now.
func (r *run) ended(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errComplete), errors.Is(err, errFed):
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrCancelled):
		if e := r.f.Retry(ctx, func() error { return r.f.StopWork(ctx, r.id()) }); e != nil {
			r.watch.Log.Debug().Err(e).Msg("empty the queue of a cancelled job")
		}
	case errors.Is(err, ErrInputLost):
		return r.lost(ctx, err)
	}
	return err
}

// lost says what the server has lost, if that can be seen.
func (r *run) lost(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(ctx, r.f.Election())
	defer cancel()
	count := max(r.manifest.Load().Count, r.inputs.Count())
	if e := r.inputs.Reload(ctx); e == nil && r.inputs.Count() < count {
		return inputLost(r.id(), count, r.inputs.Count())
	}
	return err
}

// summary returns how things stand.
func (r *run) summary() *Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Summary{Job: *r.manifest.Load(), Counts: r.c.Counts(), Requeued: r.requeued.Load()}
}

// follow verifies and takes the results as they come.
func (r *run) follow(ctx context.Context) error {
	select {
	case <-r.joined:
	case <-ctx.Done():
		return nil
	}
	trust, err := r.f.Trust(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if err != nil {
		return nil
	}
	r.trust = trust
	return r.f.FollowResults(ctx, r.id(), func(batch []collect.Arrival, last uint64) error {
		if err := r.take(ctx, batch); err != nil {
			return err
		}
		r.seen.Store(last)
		return r.checkComplete()
	}, func() { close(r.caughtUp) })
}

// take checks the results of a batch on all cores and accepts those that hold, in
// order.
func (r *run) take(ctx context.Context, batch []collect.Arrival) error {
	checked := make([]collect.Checked, len(batch))
	errs := make([]error, len(batch))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(batch)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(batch)); i = next.Add(1) - 1 {
				if r.trust.Refuses(batch[i].Worker, batch[i].Seq) {
					errs[i] = errUnread
					continue
				}
				checked[i], errs[i] = r.c.Check(ctx, batch[i])
			}
		})
	}
	group.Wait()

	var refused []uint64
	for i := range batch {
		ok, err := r.accept(ctx, checked[i], errs[i], batch[i].Seq)
		if !ok {
			refused = append(refused, batch[i].Seq)
		}
		if err != nil {
			return errors.Join(err, r.f.DropResults(ctx, refused))
		}
	}
	if len(refused) > 0 {
		if err := r.dropRefused(ctx, batch, errs, refused); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flushLocked()
}

func (r *run) flushLocked() error {
	if err := r.watch.Flush(); err != nil {
		return fmt.Errorf("%w: %w", ErrOutput, err)
	}
	return nil
}

// errUnread says that a result was not looked at: its worker is quarantined.
var errUnread = errors.New("its worker is quarantined")

// accept takes one checked result, or deals with one that was refused: ok is false then.
func (r *run) accept(ctx context.Context, k collect.Checked, err error, seq uint64) (ok bool, _ error) {
	var refused *collect.Refused
	var lost *collect.LostResult
	switch {
	case errors.Is(err, errUnread):
		return false, nil
	case errors.As(err, &refused):
		return false, r.refuse(ctx, refused, seq)
	case err != nil:
		return true, err
	}
	r.mu.Lock()
	fresh, err := r.c.Accept(ctx, k)
	r.mu.Unlock()
	r.finished.Add(1)
	if fresh > 0 {
		now := time.Now()
		r.moved.Store(now.UnixNano())
		r.progress(now, &k, fresh)
	}
	if errors.As(err, &lost) {
		r.watch.Log.Warn().Err(err).Msg("its range is queued again")
		r.askReview()
		return true, nil
	}
	return true, err
}

// progress counts the fresh numbers of k.
func (r *run) progress(now time.Time, k *collect.Checked, fresh uint64) {
	var work time.Duration
	for _, n := range k.Numbers() {
		work += plan.Cost(r.manifest.Load().Kind, n.BitLen())
	}
	if count := uint64(len(k.Numbers())); fresh < count {
		work = time.Duration(float64(work) * float64(fresh) / float64(count))
	}
	select {
	case <-r.caughtUp:
		r.watch.Progress.Done(now, fresh, work)
	default:
		r.watch.Progress.Found(fresh, work)
	}
}

const (
	maxRefusals      = 5    // refused results of one range that a job survives
	maxRefusedRanges = 4096 // ranges whose refusals are counted
)

// refuse deals with a result that does not verify: it earns its worker a strike. A
// job ends when nobody, as it seems, can answer one of its ranges; what quarantined
// workers said does not count.
func (r *run) refuse(ctx context.Context, refused *collect.Refused, seq uint64) error {
	id := r.id()
	log := r.watch.Log.With().Str("job", id).Str("worker", refused.Worker).Stringer("range", refused.Range).Logger()
	if !r.isLie(ctx, refused) {
		log.Debug().Err(refused.Err).Msg("a result was dropped: it answers nothing that is stored")
		return nil
	}
	standing, fresh, err := r.trust.Strike(ctx, refused.Worker, fleet.Strike{
		Time: time.Now().UTC(), Job: id, Range: refused.Range.String(), Seq: seq, Reason: refused.Err.Error(),
	})
	if err != nil {
		return err
	}
	event := log.Debug() // who lies once more, or under very many names, has had his lines
	if fresh {
		event = log.Warn()
	}
	event.Err(refused.Err).Int("strikes", len(standing.Strikes)).Msg("a result was refused: its range is queued again")
	if standing.Quarantined != nil {
		if fresh {
			log.Warn().Msg("worker quarantined: its results are refused until it is released")
		}
		return nil
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.refusals) >= maxRefusedRanges {
		clear(r.refusals)
	}
	workers := append(slices.DeleteFunc(r.refusals[refused.Range], r.trust.Quarantined), refused.Worker)
	r.refusals[refused.Range] = workers
	if len(workers) >= maxRefusals {
		return fmt.Errorf("%w: %d results for %v were refused, the last: %w", ErrBeyondRepair, len(workers), refused.Range, refused.Err)
	}
	return nil
}

// isLie reports whether a refused result is its worker's fault. An answer to what is
// not stored may be the fault of a store that has lost it, unless the job never had it.
func (r *run) isLie(ctx context.Context, refused *collect.Refused) bool {
	if !errors.Is(refused.Err, collect.ErrNoInput) {
		return true
	}
	j, err := r.f.Job(ctx, r.id())
	return err == nil && j.State != task.Open && refused.Range.End() > j.Count
}

// dropRefused removes the refused results of a batch, so that new ones can take their
// place. Their ranges are found missing by the next review and queued again.
func (r *run) dropRefused(ctx context.Context, batch []collect.Arrival, errs []error, refused []uint64) error {
	if err := r.f.DropResults(ctx, refused); err != nil {
		return err
	}
	told := make(map[string]bool)
	for i := range batch {
		if w := batch[i].Worker; errors.Is(errs[i], errUnread) && !told[w] {
			told[w] = true
			if err := r.trust.Stop(w); err != nil {
				r.watch.Log.Debug().Err(err).Msg("tell a worker that it is quarantined")
			}
		}
	}
	r.askReview()
	return nil
}

// followManifest keeps the manifest up to date and ends the run when the job is
// cancelled.
func (r *run) followManifest(ctx context.Context) error {
	changed := make(chan *task.Job)
	err := r.f.WatchJob(ctx, r.id(), func(j *task.Job) {
		select {
		case changed <- j:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-changed:
			if err := r.changed(j); err != nil {
				return err
			}
		}
	}
}

func (r *run) changed(j *task.Job) error {
	r.manifest.Store(j)
	switch j.State {
	case task.Cancelled:
		return fmt.Errorf("job %s was %w", j.ID, ErrCancelled)
	case task.Removed:
		return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, j.ID)
	case task.Sealed, task.Done:
		if !r.fed { // else the feeder has told the progress how much there is
			r.told.Do(func() {
				r.watch.Progress.Submitted(j.Count, j.Work)
				r.watch.Progress.Seal()
			})
		}
		r.askReview()
	}
	return r.checkComplete()
}

// checkComplete returns errComplete once every number of a sealed job is accounted
// for, and the input is read to its end if this process reads it.
func (r *run) checkComplete() error {
	j := r.manifest.Load()
	if r.feeding.Load() || j.State != task.Sealed && j.State != task.Done {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c.Complete(j.Count) {
		return errComplete
	}
	return nil
}

// end writes down that the job is done and empties the queue of it. The submitter of
// a job that is not to be kept removes it if it ended well; nobody else does, he may
// still be printing.
func (r *run) end(ctx context.Context, submitter bool) (*Summary, error) {
	s := r.summary()
	if r.watch.Private {
		return s, nil
	}
	var j *task.Job
	err := r.insist(ctx, func() (err error) {
		j, err = r.f.EndJob(ctx, r.id(), func(j *task.Job) error { return finish(j, s) })
		return err
	})
	if errors.Is(err, stream.ErrFull) && submitter && r.manifest.Load().Keep == 0 && s.Clean() {
		return s, r.insist(ctx, func() error { return r.f.Remove(ctx, r.id()) })
	}
	if err != nil && !errors.Is(err, errComplete) {
		return s, err
	}
	if j.State != task.Open { // else the server that has answered does not know yet that it is sealed
		s.Job = *j
	}
	if submitter && j.Keep == 0 && s.Clean() {
		return s, r.insist(ctx, func() error { return r.f.Remove(ctx, j.ID) })
	}
	if err == nil || s.Requeued > 0 { // perhaps after the first had emptied the queue
		return s, r.f.Retry(ctx, func() error { return r.f.PurgeQueue(ctx, j.ID) })
	}
	return s, nil
}

// finish writes into j how it ended.
func finish(j *task.Job, s *Summary) error {
	if j.State != task.Sealed {
		return errComplete // somebody else was first
	}
	now := time.Now()
	expires := now.Add(max(j.Keep, fleet.TombstoneAge))
	j.State, j.Ended, j.Expires = task.Done, &now, &expires
	j.Verified, j.Unfinished, j.Dead = s.Verified, s.Unfinished, s.Counts.Dead
	return nil
}

// insist is fleet.Insist, but does not wait for room in the store if somebody waits for
// this process: he may be the only one who can make some.
func (r *run) insist(ctx context.Context, try func() error) error {
	if r.watch.Swept { // a host
		return r.f.Retry(ctx, try)
	}
	var full error
	err := r.f.Retry(ctx, func() error {
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
