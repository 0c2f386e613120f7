package job

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// A goal is when a process's part in a job is done.
type goal uint8

const (
	goalEnd  goal = iota // when the job has ended: submit, wait
	goalFed              // when all input is stored and queued: submit --detach
	goalShow             // when the answers that exist now are printed: results
)

// eventsAhead is how many events may wait for the loop. A loop that waits for a slow output
// must not stop the feeder, which sends a handful of events in all.
const eventsAhead = 16

// A loop is one process's part in one job. One goroutine runs it and decides everything; the
// other goroutines send it events.
//
// The loop waits only for events, and for the output: Emit, Flush, and the numbers and results
// that the collector reads again for it. All other operations run in goroutines of their own.
type loop struct {
	// Set before the loop runs, and not changed then.
	ctx       context.Context // ends with the loop
	cancel    context.CancelFunc
	goal      goal
	hasFeeder bool // this process is the job's feeder, or was it
	watch     Watch
	access    access
	results   func(context.Context) error // follows the results; started once the input is confirmed

	// The ways into the loop. Goroutines of this package send; the loop receives.
	events    chan event
	batches   chan event        // batch, caughtUp; unbuffered, so that the output slows down the follower
	manifests latest[*task.Job] // manifests that other processes wrote
	requests  latest[struct{}]  // a review is wanted
	ends      chan ending       // capacity 1: the first ending wins
	group     sync.WaitGroup    // all goroutines of the loop

	// accepted counts results. The loop adds to it; the feeder's publisher reads it to
	// estimate how many tasks are still queued, at any time and without waiting for the loop.
	accepted atomic.Uint64

	// Owned by the goroutine of run; collector.Check alone is called by others.
	job          *task.Job // the manifest as last seen
	collector    *collect.Collector
	confirmed    bool         // the stored input is known to be that of the feeder: results are followed
	feeding      bool         // the feeder has not stored all its input
	holding      bool         // this process has the job's lease
	sized        bool         // Progress knows how many numbers the job has
	upToDate     bool         // all results that were stored when the process began are dealt with
	trust        trust        // set once upToDate
	dealtWith    uint64       // sequence up to which results are verified or removed
	lastAccepted time.Time    // when a result was last accepted
	requeued     uint64       // ranges
	reminder     *time.Ticker // stopped until upToDate
	reminding    bool         // an operation of the reminder runs
	unanswered   task.Set     // positions that emit passes over: see show
	review       reviewer
}

// A loopConfig is what a loop is made of.
type loopConfig struct {
	goal      goal
	hasFeeder bool
	job       *task.Job
	watch     Watch
	access    access
	numbers   numbersFunc
	reread    rereadFunc
}

// newLoop returns a loop that ends when ctx ends, or before.
func newLoop(ctx context.Context, c loopConfig) *loop {
	l := &loop{
		goal: c.goal, hasFeeder: c.hasFeeder, feeding: c.hasFeeder, job: c.job, watch: c.watch.withDefaults(), access: c.access,
		events: make(chan event, eventsAhead), batches: make(chan event),
		manifests: make(latest[*task.Job], 1), requests: make(latest[struct{}], 1), ends: make(chan ending, 1),
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.collector = collect.New(collect.Config{
		Kind: c.job.Kind, Ordered: c.watch.Ordered, Numbers: c.numbers, Reread: c.reread, Emit: l.emit,
	})
	l.reminder = time.NewTicker(remindEvery)
	l.reminder.Stop()
	l.review.init(l)
	return l
}

// run runs the loop and its parts until the job has ended, and returns how. ctx is that of
// newLoop.
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
	l.group.Wait()
	return l.ended(ctx)
}

// next waits for one event and applies it.
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
	}
	if l.goal == goalEnd && l.isComplete() {
		l.finish(ending{kind: complete})
	}
}

// isComplete reports whether each number of a sealed job has an answer or is given up, and
// the input is read to its end if this process reads it.
func (l *loop) isComplete() bool {
	return !l.feeding && (l.job.State == task.Sealed || l.job.State == task.Done) && l.collector.Complete(l.job.Count)
}

// ended returns how the loop ended. ctx is the caller's.
func (l *loop) ended(ctx context.Context) ending {
	select {
	case j := <-l.manifests:
		if _, ok := manifestEnding(j); ok { // it has ended the loop before it was received
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

// confirm begins to follow the results.
func (l *loop) confirm() {
	if l.confirmed {
		return
	}
	l.confirmed = true
	if l.results != nil {
		l.start(l.results)
	}
}
