package job

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// A job is throttled if it was ever paused, or has a time to start, a rate, or a limit of running tasks
// (task.Job.Throttled). Its feeder stores the input and queues nothing. The holder queues the tasks, in the order of the
// input, as far as the allowance goes (dispatch_allow.go):
//
//	review: missing ranges ──► pending ──► an operation queues some ──► running ──► covered
//	feeder: stored numbers ──────┘                │                        │
//	                                              └──► bucket (rate)       └──► frees a place (max-running)
//
// A review finds what is missing, as for any other job, and gives it to the dispatcher instead of queueing it. Between two
// reviews the dispatcher keeps the account itself: what it has queued, and which of it is covered. So an answer frees a
// place at once, and a task costs no listing. A new holder begins with a review.
//
// A dispatcher that loses its lease unnoticed queues what another one queues, too: that is repeated work.
//
// All fields but pendingNow belong to the loop.
type dispatcher struct {
	l         *loop
	timer     *time.Timer        // until an allowance grows, or more input may be stored
	known     bool               // a review has listed the queue since this process became the holder and since the last failure
	pending   task.Set           // to be queued
	end       uint64             // positions below are pending, taken, queued or covered
	operation uint64             // number of the last operation
	stop      context.CancelFunc // ends the operation that runs; nil = none runs
	taken     []task.Range       // what it may queue; not in pending
	recent    []task.Range       // queued since the last review began to list the queue
	running   units              // of a job with a limit of running tasks
	counting  bool               // running is right: the job had such a limit when it was last listed
	bucket    bucket
	filled    bool // the bucket has its first tokens
	left      leftToWorkers
	noInput   time.Time    // since when pending ranges cannot be read from the input; zero = they can
	busy      *atomic.Bool // whether numbers wait for their turn, for the supervisor; nil = it does not ask
}

const (
	reloadEvery   = time.Second // between two looks for input of an open job that another process feeds
	dispatchRetry = time.Second // after an operation has failed
)

func (d *dispatcher) init(l *loop) {
	d.l, d.timer = l, time.NewTimer(reviewEvery)
	d.timer.Stop()
	d.busy = l.watch.busy
}

// works reports whether this process queues the tasks of the job.
func (d *dispatcher) works() bool {
	l := d.l
	return l.job.Throttled && l.holding && l.upToDate && l.goal == goalEnd && l.ctx.Err() == nil
}

// step queues what may be queued now. It is called whenever that may be more than before.
func (d *dispatcher) step() {
	l := d.l
	if !l.job.Throttled {
		return
	}
	now := l.access.now()
	if l.goal == goalEnd {
		l.showThrottle(now)
	}
	d.setBusy(now)
	if !l.job.Paused && l.job.Waits(now) {
		d.timer.Reset(allow(l.job, 0, 0, now).wait) // also of other watchers, for the user
		return
	}
	if !d.works() || !d.known {
		return
	}
	if l.job.Paused {
		d.interrupt()
		return
	}
	if d.stop != nil {
		return
	}
	if l.job.MaxRunning > 0 && !d.counting { // it has the limit since a moment
		d.known = false
		l.review.request()
		return
	}
	d.extend()
	d.setBusy(now)
	if d.pending.Len() == 0 {
		if l.job.State == task.Open && !l.feeding {
			d.timer.Reset(reloadEvery)
		}
		return
	}
	if l.job.Rate > 0 {
		d.bucket.fill(l.job.Rate, time.Now())
	}
	a := allow(l.job, len(d.running.list), d.bucket.tokens, now)
	switch {
	case a.tasks > 0:
		d.dispatch(a)
	case a.wait > 0:
		d.timer.Reset(a.wait)
	}
}

// timeout is called when the timer has expired.
func (d *dispatcher) timeout() {
	if d.works() && d.known && d.stop == nil && d.pending.Len() == 0 && d.l.job.State == task.Open && !d.l.feeding {
		d.operate(func(ctx context.Context) ([]task.Range, error) { return nil, d.l.access.reload(ctx) })
		return
	}
	d.step()
}

// setBusy tells the supervisor whether numbers wait for their turn: then the watch must not end.
func (d *dispatcher) setBusy(now time.Time) {
	if d.busy != nil {
		d.busy.Store(d.works() && !d.l.job.Waits(now) && (!d.known || d.pending.Len() > 0 || d.stop != nil))
	}
}

// extend adds the numbers that were stored since to pending.
func (d *dispatcher) extend() {
	stored := d.l.access.stored()
	if d.l.job.State != task.Open {
		stored = d.l.job.Count
	}
	if stored > d.end {
		d.pending.Add(task.Span(d.end, stored))
		d.end = stored
	}
}

// answered frees the places of tasks that are covered.
func (d *dispatcher) answered(verified []collect.Checked) {
	if !d.l.job.Throttled {
		return
	}
	if d.counting {
		for i := range verified {
			d.running.settle(verified[i].Range, d.covers)
		}
	}
	d.step()
}

func (d *dispatcher) covers(r task.Range) bool { return d.l.collector.Covered().Contains(r) }

// held takes that this process became the holder, or is no longer.
func (d *dispatcher) held() {
	d.known, d.filled, d.counting = false, false, false
	d.interrupt()
	d.left = leftToWorkers{}
	d.step()
}

// changed takes a new manifest; before is the one before it. What was queued of a job that is paused now is removed.
func (d *dispatcher) changed(before *task.Job) {
	if d.l.job.Paused && !before.Paused && d.l.holding {
		d.interrupt()
		d.purge()
	}
	if d.l.job.Paused != before.Paused || d.l.job.Throttled != before.Throttled {
		d.known, d.left = false, leftToWorkers{}
		d.l.review.request()
	}
	d.step()
}

// purge removes the tasks of a paused job from the queue. A failure is repaired by the next review.
func (d *dispatcher) purge() {
	l := d.l
	l.group.Go(func() {
		if err := l.access.purgeQueue(l.ctx); err != nil && l.ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Msg("cannot remove the tasks of a paused job, retrying")
		}
	})
}

// notQueued reports whether some of r may never have been queued, by what this process knows: then what workers say about
// r is no reason to queue it beside the allowance. Workers may store results and dead letters for all numbers of a job. A
// new holder does not know what was queued before.
func (d *dispatcher) notQueued(r task.Range) bool {
	return d.waitsFor(r) || slices.ContainsFunc(d.taken, func(t task.Range) bool { return overlap(t, r) })
}

// waitsFor reports whether some of r is still to be queued. What an operation queues at the moment is not. Numbers from end
// on are: they were stored since, and a worker may answer them before this process knows that they are.
func (d *dispatcher) waitsFor(r task.Range) bool {
	return !d.known || r.End() > d.end || d.pending.Overlaps(r)
}

func overlap(a, b task.Range) bool { return a.First < b.End() && b.First < a.End() }

// listingBegins is called before a review lists the queue.
func (d *dispatcher) listingBegins() { d.recent = nil }

// listed takes what a review has found: the missing ranges below end, those that another worker is to answer too, the
// tasks of the job, and ranges that are returned and in no task.
func (d *dispatcher) listed(missing []task.Range, voted []collect.Split, tasks []task.Range, returned *task.Set, end uint64) {
	before := d.pending
	d.pending = task.Set{}
	for _, r := range missing {
		d.pending.Add(r)
	}
	if d.known && d.end > end { // what was stored since the listing
		for r := range before.Within(task.Span(end, d.end)) {
			d.pending.Add(r)
		}
		end = d.end
	}
	d.end = end
	for _, r := range slices.Concat(d.recent, d.taken) {
		d.pending.Remove(r)
	}
	begins := !d.filled && len(tasks) == 0 && d.l.collector.Covered().Len() == 0 && len(d.recent) == 0
	d.left.never = d.left.never || begins
	held := d.left.take(d.l, &d.pending, time.Now())
	if d.counting = d.l.job.MaxRunning > 0; d.counting {
		waiting := d.running.within(voted) // the replicator queues them: they keep their places
		d.running.reset(slices.Concat(tasks, slices.Collect(returned.Ranges()), d.recent, held, waiting), d.covers)
	} else {
		d.running = units{}
	}
	if !d.filled {
		d.filled, d.bucket = true, bucket{}
		if begins {
			d.bucket.tokens = 1
		}
	}
	d.known = true
	d.step()
}
