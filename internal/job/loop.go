package job

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// A goal is when a process's part in a job is done.
type goal uint8

const (
	goalEnd  goal = iota // when the job has ended: submit, wait
	goalFed              // when all input is stored and queued: submit --detach
	goalShow             // when the answers that exist now are printed: results
)

// eventsAhead is how many events may wait for the loop. A loop that waits for a slow output must
// not stop the feeder. The feeder sends up to three events for each lease that it gets, the job's
// lease two, the heartbeats one. At most one answer, one end of a reminder and one overdueIssued
// wait: 16 is enough for two leases of each kind. With more the senders wait.
const eventsAhead = 16

// A loop is one process's part in one job. One goroutine runs it and decides everything; the
// other goroutines send it events. The package comment has the diagram.
//
// The loop waits only for events, and for the output: Emit, Flush, and the numbers and results
// that the collector reads again for it. All other operations run in goroutines of their own.
//
// The life of a loop:
//
//	newLoop ─> run starts the parts ─> confirmed: the results are followed
//	                                       v
//	                                   upToDate: reviews and reminders begin
//	                                       v
//	           finish, by any goroutine: the first ending is stored, then ctx ends
//	                                       v
//	           run waits for all goroutines and returns the ending
//
// A job can end in each of these stages.
type loop struct {
	// Set before the loop runs, and not changed then.
	ctx       context.Context // ends with the loop
	cancel    context.CancelFunc
	goal      goal
	hasFeeder bool // this process is the job's feeder, or was it
	watch     Watch
	access    access
	keep      func(ctx context.Context, key string, line []byte) // puts an entry into the cache; nil = nothing is kept
	results   func(context.Context) error                        // follows the results; started once the input is confirmed

	// The ways into the loop. Goroutines of this package send; the loop receives.
	events    chan event
	batches   chan event        // batch, caughtUp; unbuffered, so that the output slows down the follower
	manifests latest[*task.Job] // manifests that other processes wrote
	requests  latest[struct{}]  // a review is requested
	supplies  latest[struct{}]  // the feeder has stored numbers that the holder is to queue
	ends      chan ending       // capacity 1: the first ending wins
	group     sync.WaitGroup    // all goroutines of the loop

	// accepted counts answered numbers. The loop adds to it; the feeder's publisher reads it to
	// estimate how many tasks are still queued, at any time and without waiting for the loop.
	accepted atomic.Uint64

	// answered is 1 more than the numbers with a verified answer; 0 until all stored results are dealt with. The
	// loop writes it; the renewal of the lease reads it.
	answered atomic.Uint64

	// early: a user has ended the work on the job, so unfinished answers need no effort. It does not become false again.
	early atomic.Bool

	// throttled: the holder queues the tasks of the job, not the feeder. It does not become false again.
	throttled atomic.Bool

	keeping chan struct{} // has one element for each entry that is being put into the cache

	replicated bool       // two workers are to answer each item; never changed
	replicas   replicator // of such a job, for the keeper of the lease
	audits     *auditor   // shared by the checker and the keeper of the lease, which lock it

	// Owned by the goroutine of run; collector.Check alone is called by others.
	job          *task.Job // the manifest as last seen
	collector    *collect.Collector
	confirmed    bool         // the stored input is known to be that of the feeder: results are followed
	feeding      bool         // the feeder has not stored all its input
	holding      bool         // this process has the job's lease
	sized        bool         // Progress knows how many numbers the job has; not used if hasFeeder
	upToDate     bool         // all results that were stored when the process began are dealt with
	trust        trust        // set once upToDate
	dealtWith    uint64       // sequence up to which results are verified or removed; can fall, see stream.Link.Follow
	lastAccepted time.Time    // when a result was last accepted
	requeued     uint64       // ranges
	reminder     *time.Ticker // stopped until upToDate
	reminding    bool         // an operation of the reminder runs
	unanswered   task.Set     // positions that emit passes over: see show
	review       reviewer
	overdue      overdue
	dispatch     dispatcher
	deadline     startDeadline

	shownThrottle string // what showThrottle has told the user last
}

// A loopConfig is what a loop is made of.
type loopConfig struct {
	goal      goal
	hasFeeder bool // one of the parts that run gets is the feeder of the job
	job       *task.Job
	watch     Watch
	access    access
	numbers   numbersFunc // see collect.Config
	written   writtenFunc // see collect.Config
	reread    rereadFunc  // see collect.Config
	keep      func(ctx context.Context, key string, line []byte)
}

// newLoop returns a loop that ends when ctx ends, or before. The caller must call run, once, with
// the same ctx.
func newLoop(ctx context.Context, c loopConfig) *loop {
	l := &loop{
		goal: c.goal, hasFeeder: c.hasFeeder, replicated: c.job.Replicas > 1, feeding: c.hasFeeder, job: c.job, watch: c.watch.withDefaults(), access: c.access, keep: c.keep, keeping: make(chan struct{}, maxKeeping),
		events: make(chan event, eventsAhead), batches: make(chan event),
		manifests: make(latest[*task.Job], 1), requests: make(latest[struct{}], 1), supplies: make(latest[struct{}], 1), ends: make(chan ending, 1),
	}
	l.watch.Progress.SetNoun(task.Noun(c.job.Kind))
	l.watch.Progress.Limit(plan.LimitsOf(c.job))
	l.size()
	l.audits = newAuditor(c.job, c.watch.audits)
	l.audits.early = &l.early
	l.noteEarly(c.job)
	l.noteThrottle(c.job)
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.collector = collect.New(collect.Config{
		Kind: c.job.Kind, Format: c.job.Format, Replicas: c.job.Replicas, Budget: c.job.Budget, One: c.job.One, LeastBudget: l.leastBudget,
		Ordered: c.watch.Ordered, Numbers: c.numbers, Written: c.written, Reread: c.reread, Emit: l.emit,
	})
	l.reminder = time.NewTicker(remindEvery)
	l.reminder.Stop()
	l.review.init(l)
	l.overdue.init(l)
	l.dispatch.init(l)
	l.deadline.init(l)
	return l
}

// run runs the loop and its parts until the goal is reached or the job has ended otherwise, and
// returns how. A part must return when its context ends; an error that it returns before ends the
// loop. ctx is that of newLoop. When run returns, no goroutine of the loop runs any more, so that
// the caller may use all that the loop owned.
func (l *loop) run(ctx context.Context, parts ...func(context.Context) error) ending {
	for _, part := range parts {
		l.start(part)
	}
	if !l.hasFeeder {
		l.confirm()
	}
	for l.ctx.Err() == nil {
		l.next()
	}
	l.review.timer.Stop()
	l.reminder.Stop()
	l.overdue.timer.Stop()
	l.dispatch.timer.Stop()
	l.deadline.timer.Stop()
	l.group.Wait()
	return l.ended(ctx)
}

// next waits for one event and applies it. The channels have no order among each other: an event must
// not rely on one of another channel. Of one channel the order is that of the sender.
func (l *loop) next() {
	select {
	case <-l.ctx.Done():
		return
	case e := <-l.events:
		e.apply(l)
	case e := <-l.batches:
		e.apply(l)
	case j := <-l.manifests:
		manifestChanged{j}.apply(l)
	case <-l.requests:
		l.review.request()
	case <-l.review.timer.C:
		l.review.timeout()
	case <-l.reminder.C:
		l.remind()
	case <-l.overdue.timer.C:
		l.overdue.look()
	case <-l.supplies:
		l.dispatch.step()
	case <-l.dispatch.timer.C:
		l.dispatch.timeout()
	case <-l.deadline.timer.C:
		l.deadline.look()
	}
	// While the loop waited for its output, a newer manifest may have arrived that says that there
	// are more numbers. It is applied first.
	if l.goal == goalEnd && len(l.manifests) == 0 && l.isComplete() {
		l.finish(ending{kind: complete})
	}
}

// isComplete reports whether each number of a sealed job has an answer or is given up and was emitted,
// and the input is read to its end if this process reads it. A feeder reads on although all stored
// numbers are answered: its input may be longer, or different.
func (l *loop) isComplete() bool {
	return !l.feeding && (l.job.State == task.Sealed || l.job.State == task.Done) && l.collector.Complete(l.job.Count)
}

// ended returns how the loop ended. ctx is the caller's. If it has ended too, that is the ending,
// unless the process had already done what it was asked for: the errors of the parts are then only
// consequences.
func (l *loop) ended(ctx context.Context) ending {
	select {
	case j := <-l.manifests:
		// It has ended the loop before it was received. A manifest that does not end the job is
		// dropped: the summary says what the loop has seen.
		if _, ok := manifestEnding(j); ok {
			l.job = j
		}
	default:
	}
	e := ending{kind: interrupted}
	select {
	case e = <-l.ends:
	default:
	}
	if ctx.Err() != nil && !endRules[e.kind].final {
		e = ending{interrupted, context.Cause(ctx)}
	}
	return e
}

// confirm begins to follow the results, the first time that it is called. Before that no answer is
// accepted, because it could be the answer to other numbers than those of the feeder's input.
func (l *loop) confirm() {
	if l.confirmed {
		return
	}
	l.confirmed = true
	if l.results != nil {
		l.start(l.results)
	}
}

// remindEvery is the pause between two reminders. A worker that has missed its quarantine computes
// for nothing until then; a reminder reads the bucket of heartbeats, if any worker has a strike.
const remindEvery = 5 * time.Second

// beginReminders has the loop call remind now and every remindEvery, in a process that waits for
// the end of the job. Requires l.trust.
func (l *loop) beginReminders() {
	if l.goal != goalEnd {
		return
	}
	l.reminder.Reset(remindEvery)
	l.remind()
}

// remind tells workers of a quarantine or a release that they have missed, and of the early end of the job, if this
// process is the holder.
func (l *loop) remind() {
	if !l.holding || l.reminding {
		return
	}
	l.reminding = true
	t := l.trust
	l.group.Go(func() { l.post(reminded{errors.Join(t.Remind(l.ctx), l.orderFinish())}) })
}
