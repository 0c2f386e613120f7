package puller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A puller requests tasks from the durables: while there are tasks by one pull request at a time, else by one at each
// durable that waits (wait.go).
//
// Each request ends within its call of Pull: the server sends the tasks that it has, up to the number
// requested, and then a status message, unless all have come. A request that waits is withdrawn. So the server
// sends no task to a worker that has stopped requesting.
//
// All that the server sends goes into one channel. So a task that comes late for one request is delivered by the next.
//
// nats.go's Consume is not used because it can be silent for its heartbeat interval when very short
// tasks empty its buffer. Its Fetch makes a new subscription for each request.
//
// The goroutine that calls Pull owns all fields except those below mu.
type puller struct {
	link    *stream.Link
	worker  string                   // its name
	acks    map[task.Class]*acker    // one for each durable that has delivered a task
	offers  []string                 // of the worker, sorted; never changed after the first Pull
	emptyAt map[task.Class]time.Time // when a request for a class with a route has brought nothing

	messages chan *nats.Msg     // of all subscriptions
	sub      *nats.Subscription // to inbox + "*"; a wait has one of its own
	inbox    string             // the reply subject of a request is inbox + its number
	requests uint64             // number of the last request
	rotates  bool               // the inbox changes after every inboxRequests requests; see replyInbox

	pulls     uint64        // calls of order, for the turn of low
	hiChecked time.Time     // when hi was last requested first
	waitTime  time.Duration // waitTime; an own field for tests
	silence   time.Duration // silence; an own field for tests
	idle      bool          // the last wait has brought nothing: the next one begins at once
	silent    int           // requests in a row that ended without any answer
	strange   int           // messages that are no tasks
	places    placeCheck
	noAnswers chan struct{} // capacity 1; for WatchDurables: a pull request got no answer

	mu     sync.Mutex   // guards all below
	routed []task.Class // classes with a route from which this worker pulls, sorted; replaced, never changed
	grown  bool         // a class was added since classes was called
	heard  time.Time    // when an order or a poll has named classes
	skips  map[task.Class]skip
	wakes  context.CancelFunc // ends the present wait; nil if there is none
}

// maxMessages is the capacity of the channel; what comes beyond it is lost. Before the process ends for want of answers
// (maxSilent), nine requests of 256 tasks may be open.
const maxMessages = 4096

const (
	hiInterval = 100 * time.Millisecond // between two requests for hi while norm is never empty
	lowTurn    = 8                      // one pull of so many requests low before norm

	offlinePause = 50 * time.Millisecond // between two looks whether there is a connection again
)

// newPuller returns a puller with its subscription.
func newPuller(l *stream.Link, worker string, rotates bool) (*puller, error) {
	p := &puller{
		link: l, worker: worker, rotates: rotates, messages: make(chan *nats.Msg, maxMessages), acks: make(map[task.Class]*acker), emptyAt: make(map[task.Class]time.Time), skips: make(map[task.Class]skip),
		waitTime: waitTime, silence: silence,
		places: placeCheck{link: l, served: time.Now()}, noAnswers: make(chan struct{}, 1),
	}
	p.places.classes = p.classes
	return p, p.subscribe()
}

// subscribe replaces the subscription, with a new inbox.
func (p *puller) subscribe() error {
	if p.sub != nil {
		p.sub.Unsubscribe()
	}
	p.inbox = p.link.NC.NewInbox() + "."
	var err error
	p.sub, err = p.listen(p.inbox + "*")
	return err
}

// listen subscribes to a reply subject.
func (p *puller) listen(subject string) (*nats.Subscription, error) {
	sub, err := p.link.NC.ChanSubscribe(subject, p.messages)
	if err != nil {
		return nil, fmt.Errorf("subscribe to tasks: %w", stream.Explain(err))
	}
	return sub, nil
}

// Pull requests at most n tasks, n >= 1, and calls deliver for each as it arrives. It requests the classes in turn,
// without waiting, and returns after the first that has a task. If none has, it waits for a task of any class,
// for at most waitTime. It may then deliver one task more of each other class. A wait that has brought nothing is followed by the next one at once.
//
// If a durable has no place for a request, Pull returns after a pause, without an error.
//
// Without a connection it sends nothing and returns after a pause: the client library would keep a request, and send it
// when its tasks are wanted no more.
//
// When Pull returns, everything that the server has sent is delivered. The end of ctx ends a wait at once. The error
// wraps worker.ErrRestart if only a new process helps. Pull implements worker.Source.
func (c *Client) Pull(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	return c.pullWith(ctx, func(p *puller) error { return p.pull(ctx, min(n, schema.MaxRequestBatch), deliver) })
}

// pullWith calls pull on a connection that is up.
func (c *Client) pullWith(ctx context.Context, pull func(*puller) error) error {
	p := c.puller
	if c.link.NC.IsClosed() { // for good, such as after the server has refused a second login
		return fmt.Errorf("%w: %w", worker.ErrRestart, natsconn.ErrClosed)
	}
	if !c.link.NC.IsConnected() {
		stream.Sleep(ctx, offlinePause)
		return nil
	}
	err := pull(p)
	if errors.Is(err, errNoAnswer) && p.forgetMissing(ctx) {
		return nil
	}
	if errors.Is(err, errNoAnswer) {
		select {
		case p.noAnswers <- struct{}{}:
		default:
		}
	}
	return err
}

// deferHi is for how long longer than hiInterval hi is not requested first, after an ordinary task has come for which a
// task of a part ends: hi has the tasks of parts. So ordinary tasks have the slot for about half of the time of
// worker.preemptEvery.
const deferHi = 400 * time.Millisecond

// PullOthers waits for a task of a class that has no tasks of parts. It implements worker.Source.
func (c *Client) PullOthers(ctx context.Context, deliver func(*worker.Delivery)) error {
	return c.pullWith(ctx, func(p *puller) error {
		err := p.waitForTask(ctx, p.ordinary(), 1, func(d *worker.Delivery) {
			p.hiChecked = time.Now().Add(deferHi)
			deliver(d)
		})
		p.idle = false // nothing is known of hi
		return err
	})
}

// ordinary returns the classes that have no tasks of parts: all but hi, whose tasks are for all workers.
func (p *puller) ordinary() []task.Class {
	return slices.DeleteFunc(slices.Clone(p.classes()), func(class task.Class) bool { return class == task.ClassHi })
}

// pull is Pull on a connection that is up.
func (p *puller) pull(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	if !p.idle {
		if count, err := p.requestInTurn(ctx, n, deliver); count > 0 || err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return p.waitForTask(ctx, p.classes(), n, deliver)
}

// requestInTurn requests one class after the other, until one has a task. It returns the number of tasks delivered.
func (p *puller) requestInTurn(ctx context.Context, n int, deliver func(*worker.Delivery)) (int, error) {
	now := time.Now()
	classes := p.order(now)
	for _, class := range p.classes() {
		if !slices.Contains(classes, class) && !p.isSkipped(class) { // idle: its request costs nothing
			classes = append(classes, class)
		}
	}
	for _, class := range classes {
		count, err := p.request(ctx, class, n, deliver)
		if count > 0 {
			p.places.served = time.Now()
		} else {
			p.noteEmpty(class, now)
		}
		if err != nil && !errors.Is(err, errFull) || count > 0 {
			return count, err
		}
	}
	return 0, nil
}

// order returns the classes to request, in this order:
//
//	hi     first, but only once in hiInterval: else short tasks would pay for an empty request each
//	norm   before low, except in one pull of lowTurn, so that low makes progress
//
// So with tasks of all classes a task of hi waits for 100 ms and one pull at most, and low gets one
// pull of eight. Each stands for all its classes: see ofPriority. Classes that are skipped are left out.
func (p *puller) order(now time.Time) []task.Class {
	priorities := []task.Class{task.ClassNorm, task.ClassLow}
	if p.pulls++; p.pulls%lowTurn == 0 {
		priorities[0], priorities[1] = task.ClassLow, task.ClassNorm
	}
	if now.Sub(p.hiChecked) >= hiInterval {
		p.hiChecked = now
		priorities = append([]task.Class{task.ClassHi}, priorities...)
	}
	var classes []task.Class
	for _, priority := range priorities {
		classes = append(classes, p.ofPriority(priority, now)...)
	}
	return slices.DeleteFunc(classes, p.isSkipped)
}
