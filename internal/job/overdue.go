package job

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	figure "factorfleet/internal/text"
)

// The holder issues a range to another worker if a worker holds it for longer than its numbers should take, while
// other workers have free slots, and after crowdedFactor times as long also if there are others without a free
// slot. The first result that verifies counts. So a worker that keeps a task, whether on purpose or because it
// is slow, delays a number by a bounded time.
//
// A range is held while heartbeats name a task of it. Heartbeats are claims: a worker that names what it does
// not have causes repeated work, in slots that were free. How often a range was issued is the number of its
// tasks in the queue, so that another holder continues with the same patience:
//
//	held ──► overdue after patience(1 task) ──► issued again ──► overdue after patience(2 tasks) ──► ...
//	 │                                            │
//	 └─────────── covered, or given up ◄──────────┘ then the holder removes all tasks of the range
//
// All fields but issues belong to the loop.
type overdue struct {
	l         *loop
	registry  registry                 // nil until it is known
	least     time.Duration            // the shortest patience
	timer     *time.Ticker             // stopped until the registry is known
	looking   bool                     // an operation runs
	due       map[task.Range]time.Time // of ranges that are held: when they are overdue, as far as it is known
	duplicate map[task.Range]heldRange // ranges that have, or may have, several tasks and are not covered, as they were last seen
	logged    map[task.Range]bool      // ranges of which the user knows
	issues    atomic.Uint64            // ranges issued again; operations add to it
}

// registry tells which workers hold which tasks. *fleet.Registry has the meaning of its methods.
type registry interface {
	HeldRanges(job string) map[task.Range]fleet.Holder
	FreeSlots(except string) int
	AnotherRuns(name string) bool
}

const (
	overdueAfter = 2 * time.Minute // the longest least
	overdueMost  = 512             // ranges of one look, so that a look does not take long

	// crowdedFactor is how many times longer a range may be held while no other worker has a free slot. A fleet
	// whose queue is never empty has no free slots.
	crowdedFactor = 4
)

// A heldRange is a range that a worker holds.
type heldRange struct {
	task.Range
	worker  string    // that holds it for the longest time
	since   time.Time // when this process first saw that
	crowded bool      // no other worker has a free slot for it
	logged  bool      // the user knows of the range

	// The answers of access.issueOverdue.
	tasks  int       // tasks of the range in the queue, with the new one; 0 = it is not queued
	due    time.Time // when it is overdue, if another worker has a free slot
	slow   time.Time // until when an honest worker may hold it that has little of a core; zero = unknown
	issued bool      // it was issued again
}

func (o *overdue) init(l *loop) {
	o.l, o.timer = l, time.NewTicker(overdueAfter)
	o.timer.Stop()
	o.due, o.duplicate, o.logged = make(map[task.Range]time.Time), make(map[task.Range]heldRange), make(map[task.Range]bool)
}

// heartbeatsKnown means that the heartbeats of all workers are known. least is the shortest time after which a
// range is overdue, serving returns what concerns the workers that take tasks of a route.
type heartbeatsKnown struct {
	serving func(route string) registry
	least   time.Duration
}

func (e heartbeatsKnown) apply(l *loop) {
	o := &l.overdue
	o.registry, o.least = e.serving(l.job.Queue().Route()), e.least
	o.timer.Reset(max(e.least/8, time.Millisecond))
	o.look()
}

// look searches for overdue ranges, if this process is the holder and has dealt with the stored results.
func (o *overdue) look() {
	if o.registry == nil || !o.l.holding || !o.l.upToDate || o.looking || o.l.ctx.Err() != nil {
		return
	}
	list := o.candidates(time.Now())
	if len(list) == 0 {
		return
	}
	o.looking = true
	for _, h := range list { // an answer may arrive before it is known that the range was issued again
		o.suspect(h)
	}
	l, j, least := o.l, o.l.job, o.least
	l.group.Go(func() {
		err := l.access.issueOverdue(l.ctx, j, list, least)
		o.report(j, list)
		l.post(overdueIssued{list, err})
	})
}

// suspect notes that h has, or may have, several tasks. The first holder is kept.
func (o *overdue) suspect(h heldRange) {
	first, known := o.duplicate[h.Range]
	if known && !first.slow.IsZero() {
		return
	}
	if known {
		h.worker = first.worker
	}
	o.duplicate[h.Range] = h
}

// dueWith returns when the range is overdue if that is at due with a free slot.
func (h *heldRange) dueWith(due time.Time) time.Time {
	if h.crowded {
		return h.since.Add(crowdedFactor * due.Sub(h.since))
	}
	return due
}

// candidates returns the ranges that may be overdue, at most overdueMost. Those come first that were not looked at
// yet, or longest ago: a worker that names thousands of invented tasks does not hide others behind them. Of ranges
// that were not looked at those come first that are held for the longest time. As many ranges as other workers have
// free slots are not crowded.
func (o *overdue) candidates(now time.Time) (list []heldRange) {
	held := o.registry.HeldRanges(o.l.job.ID)
	for r := range o.due {
		if _, still := held[r]; !still {
			delete(o.due, r)
		}
	}
	for r, h := range held {
		if now.Sub(h.Since) >= o.least && !now.Before(o.due[r]) && !o.l.collector.Covered().Contains(r) {
			list = append(list, heldRange{Range: r, worker: h.Worker, since: h.Since, logged: o.logged[r]})
		}
	}
	slices.SortFunc(list, func(a, b heldRange) int {
		return cmp.Or(o.due[a.Range].Compare(o.due[b.Range]), a.since.Compare(b.since), cmp.Compare(a.First, b.First))
	})
	free := make(map[string]int) // by worker: slots of others that are left
	for i := range list {
		h := &list[i]
		if _, known := free[h.worker]; !known {
			free[h.worker] = o.registry.FreeSlots(h.worker)
		}
		h.crowded = free[h.worker] <= 0
		free[h.worker]--
	}
	list = slices.DeleteFunc(list, func(h heldRange) bool {
		due, known := o.due[h.Range]
		return known && now.Before(h.dueWith(due)) || h.crowded && !o.registry.AnotherRuns(h.worker)
	})
	return list[:min(len(list), overdueMost)]
}

// overdueIssued means that the ranges of list were looked at, and issued again if they are overdue.
type overdueIssued struct {
	list []heldRange
	err  error
}

func (e overdueIssued) apply(l *loop) {
	o := &l.overdue
	o.looking = false
	now := time.Now()
	for _, h := range e.list {
		if h.tasks > 1 {
			o.suspect(h)
		} else {
			delete(o.duplicate, h.Range)
		}
		if h.tasks == 0 { // its task was settled, or it was never queued
			o.due[h.Range] = now.Add(o.least)
			continue
		}
		o.due[h.Range] = h.due
		o.logged[h.Range] = o.logged[h.Range] || h.issued
	}
	if e.err != nil && l.ctx.Err() == nil {
		l.watch.Log.Debug().Err(e.err).Msg("cannot issue overdue ranges, retrying")
	}
	o.dropCovered()
}

// report counts and logs the ranges that were issued again. An operation calls it, because the job may end before
// the loop has the operation's event.
func (o *overdue) report(j *task.Job, list []heldRange) {
	for _, h := range list {
		if !h.issued {
			continue
		}
		if o.issues.Add(1); !h.logged {
			o.l.watch.Log.Info().Msgf("position %s of job %s is held by worker %s for %v: issued to another worker as well",
				figure.Positions(h.Range.First, h.Range.Count), j.ID, h.worker, time.Since(h.since).Round(time.Second))
		}
	}
}

// answered counts a complaint about each worker that held a range for longer than a slow one takes, if another one has
// answered it. If the number is harder than others, the holder usually answers first.
func (o *overdue) answered(verified []collect.Checked) {
	now := time.Now()
	for r, h := range o.duplicate {
		if now.Before(h.slow) {
			continue
		}
		for i := range verified {
			if k := &verified[i]; k.Worker != h.worker && k.Range.First <= r.First && r.End() <= k.Range.End() {
				o.l.trust.Complain(h.worker, fleet.ComplaintHeld)
				break
			}
		}
	}
	o.dropCovered()
}

// dropCovered removes the tasks of ranges that were issued several times, once the ranges are covered.
func (o *overdue) dropCovered() {
	for r := range o.duplicate {
		if o.l.collector.Covered().Contains(r) {
			o.drop(r)
		}
	}
}

// drop removes the tasks of a range that was issued several times and needs no answer any more. A failure
// leaves repeated work: the tasks of a job are removed when it ends.
func (o *overdue) drop(r task.Range) {
	if _, known := o.duplicate[r]; !known {
		return
	}
	delete(o.duplicate, r)
	l, j := o.l, o.l.job
	l.group.Go(func() {
		if err := l.access.dropTasks(l.ctx, j, r); err != nil && l.ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Msgf("cannot remove the other tasks of range %v", r)
		}
	})
}
