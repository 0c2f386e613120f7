package job

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// dispatch begins to queue pending ranges.
func (d *dispatcher) dispatch(a allowance) {
	l := d.l
	o := order{job: l.job, tasks: a.tasks, numbers: a.numbers, longest: longestTask(l.job, d.pending.Len(), l.watch.Slots())}
	d.take(a.most())
	o.ranges = d.taken
	d.operate(func(ctx context.Context) ([]task.Range, error) { return l.access.dispatch(ctx, o) })
}

// take moves the first ranges of pending to taken, of up to most numbers.
func (d *dispatcher) take(most uint64) {
	d.taken = nil
	for r := range d.pending.Ranges() {
		if most == 0 {
			break
		}
		r.Count = min(r.Count, most)
		most -= r.Count
		d.taken = append(d.taken, r)
	}
	for _, r := range d.taken {
		d.pending.Remove(r)
	}
}

// operate runs an operation in a goroutine of its own.
func (d *dispatcher) operate(op func(context.Context) ([]task.Range, error)) {
	l := d.l
	ctx, stop := context.WithCancel(l.ctx)
	d.stop = stop
	d.operation++
	e := dispatched{operation: d.operation}
	l.group.Go(func() {
		e.queued, e.err = op(ctx)
		e.stopped = ctx.Err() != nil
		stop()
		l.post(e)
	})
}

// interrupt ends the operation that runs, which may wait for room in the queue.
func (d *dispatcher) interrupt() {
	if d.stop != nil {
		d.stop()
	}
}

// dispatched is the end of an operation that has queued ranges.
type dispatched struct {
	operation uint64
	queued    []task.Range
	err       error
	stopped   bool // it was interrupted: which ranges it has queued is not known
}

func (e dispatched) apply(l *loop) {
	d := &l.dispatch
	if e.operation != d.operation || d.stop == nil {
		return
	}
	d.stop = nil
	var rest task.Set
	for _, r := range d.taken {
		rest.Add(r)
	}
	d.taken = nil
	for _, r := range e.queued {
		rest.Remove(r)
		d.bucket.tokens -= float64(r.Count)
		if !l.collector.Covered().Contains(r) { // its answer may have come before this event
			d.recent = append(d.recent, r)
			if d.counting {
				d.running.add(r)
			}
		}
	}
	if e.err != nil {
		d.failed(e.err, e.stopped)
		return
	}
	d.noInput = time.Time{}
	d.pending.AddSet(&rest)
	d.step()
}

// failed has a review find out what is queued after an operation that has failed.
func (d *dispatcher) failed(err error, stopped bool) {
	l := d.l
	d.known = false
	if stopped {
		l.review.request()
		return
	}
	if errors.Is(err, collect.ErrNoInput) && l.job.State != task.Open && !l.feeding {
		err = d.missingInput(err)
	}
	if end := endingOf(err); end.kind != failed {
		l.finish(end)
		return
	}
	l.watch.Log.Debug().Err(err).Msg("cannot queue tasks, retrying")
	time.AfterFunc(dispatchRetry, l.requestReview)
}

// missingInput makes err wrap ErrInputLost if the numbers of a sealed job have been missing for an election.
func (d *dispatcher) missingInput(err error) error {
	if d.noInput.IsZero() {
		d.noInput = time.Now()
	}
	if time.Since(d.noInput) < d.l.access.election() {
		return err
	}
	return errors.Join(ErrInputLost, err)
}
