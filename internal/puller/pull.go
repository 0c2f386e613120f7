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

// A puller requests tasks from the durables, one pull request at a time.
//
// Each request ends within its call of Pull: the server sends the tasks that it has, up to the number
// requested, and then a status message, unless all have come. A request with an expiry waits for the
// first task if there is none. So the server sends no task to a worker that has stopped requesting.
//
// nats.go's Consume is not used because it can be silent for its heartbeat interval when very short
// tasks empty its buffer. Its Fetch makes a new subscription for each request.
//
// The goroutine that calls Pull owns all fields except those below mu.
type puller struct {
	link *stream.Link
	acks map[task.Class]*acker // one for each durable; never changed

	sub      *nats.Subscription // to inbox + "*"
	inbox    string             // the reply subject of a request is inbox + its number
	requests uint64             // number of the last request
	rotates  bool               // the inbox changes after every inboxRequests requests; see replyInbox

	pulls     uint64        // calls of order, for the turn of low
	hiChecked time.Time     // when hi was last requested first
	wait      time.Duration // for the next request that waits
	silent    int           // requests in a row that ended without any answer
	strange   int           // messages that are no tasks
	places    placeCheck

	mu    sync.Mutex
	skips map[task.Class]skip // guarded by mu
}

// A skip is how a class is skipped. Tasks are counted since it began: those of the pull request that brought the
// first task which the worker cannot do, and later ones.
type skip struct {
	until     time.Time // until then the class is not requested
	length    time.Duration
	refused   int // calls of SkipClass
	delivered int
	latest    int // of the delivered ones, those of the last pull request
}

const (
	hiInterval = 100 * time.Millisecond // between two requests for hi while norm is never empty
	lowTurn    = 8                      // one pull of so many requests low before norm
	minWait    = 100 * time.Millisecond // of a request that waits; doubled while no task comes
	maxWait    = time.Second
	skipTime   = 30 * time.Second // for which a class is skipped at most
	firstSkip  = 50 * time.Millisecond
)

// newPuller returns a puller with its subscription.
func newPuller(l *stream.Link, rotates bool) (*puller, error) {
	p := &puller{
		link: l, rotates: rotates, acks: make(map[task.Class]*acker), skips: make(map[task.Class]skip), wait: minWait,
		places: placeCheck{link: l, served: time.Now()},
	}
	for _, class := range task.Classes {
		p.acks[class] = &acker{link: l}
	}
	return p, p.subscribe()
}

// subscribe replaces the subscription, with a new inbox.
func (p *puller) subscribe() error {
	if p.sub != nil {
		p.sub.Unsubscribe()
	}
	p.inbox = p.link.NC.NewInbox() + "."
	sub, err := p.link.NC.SubscribeSync(p.inbox + "*")
	if err != nil {
		return fmt.Errorf("subscribe to tasks: %w", stream.Explain(err))
	}
	sub.SetPendingLimits(-1, -1)
	p.sub = sub
	return nil
}

// Pull requests at most n tasks, n >= 1, and calls deliver for each as it arrives. It requests the
// classes in turn, without waiting, and returns after the first that has a task. If none has, it waits
// for a task of one class. The k-th such wait in a row, k = 0, 1, ..., takes at most
//
//	min(100 ms * 2^k, 1 s)
//
// If a durable has no place for a request, Pull returns after a pause, without an error.
//
// When Pull returns, everything that the server has sent is delivered. The error wraps
// worker.ErrRestart if only a new process helps. Pull implements worker.Source.
func (c *Client) Pull(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	p := c.puller
	if c.link.NC.IsClosed() { // for good, such as after the server has refused a second login
		return fmt.Errorf("%w: %w", worker.ErrRestart, natsconn.ErrClosed)
	}
	n = min(n, schema.MaxRequestBatch)
	classes := p.order(time.Now())
	if !slices.Contains(classes, task.ClassHi) && !p.isSkipped(task.ClassHi) { // idle: its request costs nothing
		classes = append(classes, task.ClassHi)
	}
	for _, class := range classes {
		count, err := p.request(ctx, class, n, 0, deliver)
		if count > 0 {
			p.places.served = time.Now()
		}
		if err != nil && !errors.Is(err, errFull) || count > 0 {
			p.wait = minWait
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return p.waitForTask(ctx, n, deliver)
}

// waitForTask sends one request that waits. If all classes are skipped it only waits.
func (p *puller) waitForTask(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	class, ok := p.waitingClass()
	if !ok {
		stream.Sleep(ctx, p.wait)
		return nil
	}
	count, err := p.request(ctx, class, n, p.wait, deliver)
	switch {
	case count > 0:
		p.places.served, p.wait = time.Now(), minWait
	case errors.Is(err, errFull):
		p.places.awaitPlace(ctx)
		return nil
	default:
		p.places.check(ctx, false)
		p.wait = min(2*p.wait, maxWait)
	}
	return err
}

// SkipClass makes Pull skip a class for a while. A worker that cannot do a kind of task hands the task back, and
// would otherwise get it again at once. While a class brings only such tasks, the n-th skip, n = 1, 2, ..., takes
//
//	min(50 ms * 2^(n-1), 30 s)
//
// A task of another kind in between starts the count anew. So a class is not lost to all other jobs because one
// submitter has queued tasks of a kind that does not exist. SkipClass implements worker.Source.
func (c *Client) SkipClass(class task.Class) {
	p := c.puller
	p.mu.Lock()
	defer p.mu.Unlock()
	s, now := p.skips[class], time.Now()
	switch {
	case now.Before(s.until): // one of the same pull request
		s.refused++
		p.skips[class] = s
		return
	case s.length == 0 || s.delivered-s.latest > s.refused:
		s.length = firstSkip
	default:
		s.length = min(2*s.length, skipTime)
	}
	p.skips[class] = skip{until: now.Add(s.length), length: s.length, refused: 1, delivered: s.latest, latest: s.latest}
}

// beginRequest notes that a pull request for a class begins.
func (p *puller) beginRequest(class task.Class) { p.count(class, func(s *skip) { s.latest = 0 }) }

// countDelivered notes that a task of a class is being delivered.
func (p *puller) countDelivered(class task.Class) {
	p.count(class, func(s *skip) { s.delivered++; s.latest++ })
}

// count changes the counts of a class, if it was ever skipped.
func (p *puller) count(class task.Class, change func(*skip)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.skips[class]; ok {
		change(&s)
		p.skips[class] = s
	}
}

// order returns the classes to request, in this order:
//
//	hi     first, but only once in hiInterval: else short tasks would pay for an empty request each
//	norm   before low, except in one pull of lowTurn, so that low makes progress
//
// So with tasks of all classes a task of hi waits for 100 ms and one pull at most, and low gets one
// pull of eight. Classes that are skipped are left out.
func (p *puller) order(now time.Time) []task.Class {
	classes := []task.Class{task.ClassNorm, task.ClassLow}
	if p.pulls++; p.pulls%lowTurn == 0 {
		classes[0], classes[1] = task.ClassLow, task.ClassNorm
	}
	if now.Sub(p.hiChecked) >= hiInterval {
		p.hiChecked = now
		classes = append([]task.Class{task.ClassHi}, classes...)
	}
	return slices.DeleteFunc(classes, p.isSkipped)
}

// waitingClass returns the class for a request that waits, and false if all are skipped. It is norm, the
// class of most jobs, unless that is skipped. A task of another class that comes meanwhile waits for at
// most maxWait. One request for each class would wait for all of them at once, but might bring more
// tasks than the worker has slots.
func (p *puller) waitingClass() (task.Class, bool) {
	for _, class := range []task.Class{task.ClassNorm, task.ClassHi, task.ClassLow} {
		if !p.isSkipped(class) {
			return class, true
		}
	}
	return "", false
}

// isSkipped reports whether SkipClass has the class skipped now.
func (p *puller) isSkipped(class task.Class) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.skips[class].until)
}
