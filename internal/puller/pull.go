package puller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/attempt"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A puller asks the durables for tasks, one pull request at a time.
//
// Each request is a one-shot: the server hands out what is there, up to the batch,
// and ends the request with a status message; a request with an expiry waits for the
// first task if there is none. So a request never outlives its call of Pull, and
// nothing can be handed out to a worker that has stopped asking.
//
// nats.go's own Consume is not used because it may fall silent for its heartbeat
// interval when very short tasks empty its buffer, and its Fetch subscribes anew for
// each request.
type puller struct {
	link     *stream.Link
	acks     map[task.Class]*acker // never changed
	sub      *nats.Subscription
	inbox    string // the requests' reply subject is inbox + number
	requests uint64
	moves    bool // the inbox changes after each boxSize requests: see mailbox

	mu      sync.Mutex
	shunned map[task.Class]time.Time // until when no task of the class is asked for

	hiAt   time.Time     // when hi was last looked at
	round  uint64        // counts looks, for low's turn
	idle   time.Duration // how long the next wait may take
	silent int           // requests in a row that ended without any answer
}

const (
	hiInterval = 100 * time.Millisecond // hi is looked at this often even when norm is never empty
	lowTurn    = 8                      // low comes first in one look of so many
	idleMin    = 100 * time.Millisecond // a waiting request; it doubles while nothing comes
	idleMax    = time.Second
	grace      = 2 * time.Second  // how much later than its expiry a request's end may arrive
	shunTime   = 30 * time.Second // how long a class is left alone
	maxSilent  = 3                // then the subscription is made anew, and after as many again the program
	manyTasks  = 32               // a request for more is one for short tasks
)

func newPuller(l *stream.Link, moves bool) (*puller, error) {
	p := &puller{link: l, moves: moves, acks: make(map[task.Class]*acker), shunned: make(map[task.Class]time.Time), idle: idleMin}
	for _, class := range task.Classes {
		p.acks[class] = &acker{link: l}
	}
	return p, p.subscribe()
}

func (p *puller) subscribe() error {
	if p.sub != nil {
		p.sub.Unsubscribe()
	}
	p.inbox = p.link.NC.NewInbox() + "."
	sub, err := p.link.NC.SubscribeSync(p.inbox + "*")
	if err != nil {
		return fmt.Errorf("listen for tasks: %w", stream.Explain(err))
	}
	sub.SetPendingLimits(-1, -1)
	p.sub = sub
	return nil
}

// Pull asks for at most n tasks of any class and calls deliver for each as it
// arrives. It returns when the request has ended; all it was given is delivered by
// then. See worker.Source.
func (s *Client) Pull(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	p := s.puller
	if s.link.NC.IsClosed() { // for good, such as after a second refused login
		return fmt.Errorf("%w: %w", worker.ErrRestart, natsconn.ErrClosed)
	}
	n = min(n, schema.MaxRequestBatch)
	classes := p.order(time.Now())
	if !slices.Contains(classes, task.ClassHi) && !p.isShunned(task.ClassHi) { // when nothing else is there, it is worth a look
		classes = append(classes, task.ClassHi)
	}
	for _, class := range classes {
		got, err := p.request(ctx, class, n, 0, deliver)
		if err != nil || got > 0 {
			p.idle = idleMin
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	class, ok := p.waitingClass()
	if !ok {
		stream.Sleep(ctx, p.idle)
		return nil
	}
	got, err := p.request(ctx, class, n, p.idle, deliver)
	if got > 0 {
		p.idle = idleMin
	} else {
		p.idle = min(2*p.idle, idleMax)
	}
	return err
}

// SkipClass leaves a class alone for shunTime. See worker.Source.
func (s *Client) SkipClass(class task.Class) {
	s.puller.mu.Lock()
	defer s.puller.mu.Unlock()
	s.puller.shunned[class] = time.Now().Add(shunTime)
}

// order returns the classes to look at, in turn. hi comes first, but only on its
// clock, so that short tasks do not pay for an empty look each time.
func (p *puller) order(now time.Time) []task.Class {
	classes := []task.Class{task.ClassNorm, task.ClassLow}
	if p.round++; p.round%lowTurn == 0 {
		classes[0], classes[1] = task.ClassLow, task.ClassNorm
	}
	if now.Sub(p.hiAt) >= hiInterval {
		p.hiAt = now
		classes = append([]task.Class{task.ClassHi}, classes...)
	}
	return slices.DeleteFunc(classes, p.isShunned)
}

// waitingClass returns the class to wait for when there is nothing of any.
func (p *puller) waitingClass() (task.Class, bool) {
	for _, class := range []task.Class{task.ClassNorm, task.ClassHi, task.ClassLow} {
		if !p.isShunned(class) {
			return class, true
		}
	}
	return "", false
}

func (p *puller) isShunned(class task.Class) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.shunned[class])
}

// request sends one pull request and waits for its end. wait = 0 takes only what is
// there. It returns how many tasks came.
func (p *puller) request(ctx context.Context, class task.Class, n int, wait time.Duration, deliver func(*worker.Delivery)) (int, error) {
	if ctx.Err() != nil {
		return 0, nil
	}
	if p.requests++; p.moves && p.requests%boxSize == 0 && p.silent == 0 { // nothing can be on its way
		if err := p.subscribe(); err != nil {
			return 0, err
		}
	}
	reply := p.inbox + strconv.FormatUint(p.requests, 36)
	body := fmt.Appendf(nil, `{"batch":%d,"no_wait":true,"expires":%d}`, n, wait.Nanoseconds())
	if wait == 0 {
		body = fmt.Appendf(nil, `{"batch":%d,"no_wait":true}`, n)
	}
	answer, cancel := context.WithTimeout(p.link.AnswerContext(), wait+grace)
	defer cancel()
	if err := p.link.NC.PublishRequest(p.link.API+"CONSUMER.MSG.NEXT."+schema.StreamTasks+"."+schema.Durable(class), reply, body); err != nil {
		return 0, fmt.Errorf("ask for tasks: %w", stream.Explain(err))
	}
	got := 0
	for got < n {
		m, err := p.sub.NextMsgWithContext(answer)
		switch {
		case err == nil:
		case context.Cause(answer) == stream.ErrReconnected: // it went to the server that was there before
			p.silent = 0
			return got, nil
		case answer.Err() != nil:
			return got, p.noAnswer(got)
		}
		if errors.Is(err, nats.ErrNoResponders) { // the library's form of a 503
			p.silent = 0
			return got, statusError("503", "")
		}
		if err != nil {
			return got, fmt.Errorf("wait for tasks: %w", stream.Explain(err))
		}
		if status := m.Header.Get("Status"); len(m.Data) == 0 && status != "" {
			if m.Subject != reply || status == "100" {
				continue // the late end of an earlier request, or a sign of life
			}
			p.silent = 0
			return got, statusError(status, m.Header.Get("Description"))
		}
		if d := p.delivery(m); d != nil {
			// A server that starts anew, or a new leader, takes a task for as old as its
			// message until it hears of it: after a long wait in the queue it would hand it
			// out again at once. Short tasks are done before that matters.
			if n <= manyTasks {
				d.Handle.InProgress()
			}
			deliver(d)
			got++
		}
	}
	p.silent = 0
	return got, nil
}

// delivery reads a task's message. What nobody can settle, and what does not come
// from the queue at all, is nil.
func (p *puller) delivery(m *nats.Msg) *worker.Delivery {
	at, err := schema.ParseSubject(m.Subject)
	delivered, ok := stream.DeliveryCount(m.Reply)
	if err != nil || !ok {
		p.link.Log.Warn().Str("subject", m.Subject).Msg("a message that is no task was ignored")
		return nil
	}
	return &worker.Delivery{
		Address: at.Address, Attempt: attempt.Number(delivered, schema.ParseSpent(m.Header.Get(schema.HeaderSpent))),
		Schema: m.Header.Get(task.SchemaHeader), Data: m.Data,
		Handle: &handle{link: p.link, acks: p.acks[at.Class], reply: m.Reply},
	}
}

// noAnswer is the watchdog: the end of a request did not come. A lost connection
// explains it; else the subscription is made anew, and if that does not help the
// program is to be started anew.
func (p *puller) noAnswer(got int) error {
	if !p.link.NC.IsConnected() {
		p.silent = 0
		return nil
	}
	switch p.silent++; {
	case got > 0:
		return nil
	case p.silent%maxSilent != 0:
		return errors.New("no answer to a pull request")
	case p.silent == maxSilent:
		return errors.Join(errors.New("no answer to pull requests: subscribing anew"), p.subscribe())
	case p.silent == 2*maxSilent:
		p.link.Log.Warn().Msg("no answer from NATS for too long: connecting anew")
		return errors.Join(errors.New("no answer to pull requests: reconnecting"), p.link.NC.ForceReconnect())
	}
	return fmt.Errorf("%w: no answer to pull requests", worker.ErrRestart)
}

// statusError returns nil for the ordinary ends of a request: nothing there, time
// over, other requests come first, the server is going away.
func statusError(status, description string) error {
	switch status {
	case "404", "408":
		return nil
	case "409":
		if description == "Server Shutdown" || description == "Leadership Change" {
			return nil
		}
		return fmt.Errorf("the server ended a pull request: %s", description)
	case "503":
		return errors.New("nobody answers pull requests: no such durable, or no leader for it now")
	}
	return fmt.Errorf("the server answered a pull request with %s %s", status, description)
}
