package puller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A worker without work has one pull request waiting at each durable. So a task of any class is sent to it as soon
// as it is queued, and no request is repeated meanwhile:
//
//	norm       batch n, no_wait: the server waits for a first task, sends those that it has, and ends the request
//	hi, low    batch 1
//
// Tasks of several classes may come at the same moment, so that the worker gets two more than it has requested.
//
// When a task has come, the other requests are withdrawn: the subscription for all three ends. The server then
// sends nothing more to it. What it has sent before arrives before the answer to a ping, and is delivered. What it
// was about to send it takes back, without counting a delivery (nats-server, consumer.go: didNotDeliver). Only if
// the leader of the durable is another server than the one of the connection, a task that it sends in the
// moment of the withdrawal is lost on its way, and is redelivered after AckWait.

// waitTime is the longest time for which the requests wait. The server may forget a request without a sign, such
// as when it puts an account in force again: the worker then gets no task for so long. A longer time would save
// little: three requests in 30 to 40 s are fewer than the worker's heartbeats. It must be shorter than the
// two minutes for which a server remembers a request from another account.
const waitTime = 40 * time.Second

// A wait is one wait for a task. The goroutine of Pull owns it.
type wait struct {
	*puller
	sub     *nats.Subscription
	n       int // batch of norm
	deliver func(*worker.Delivery)

	received int  // messages of the durables
	count    int  // of them, tasks, which were delivered
	ended    bool // nothing more is waited for
}

// waitForTask waits for a task of any class that is not skipped, until ctx ends, or for at most waitTime.
func (p *puller) waitForTask(ctx context.Context, n int, deliver func(*worker.Delivery)) error {
	p.idle = false
	classes, limit := p.waitingClasses(time.Now())
	if len(classes) == 0 {
		stream.Sleep(ctx, limit)
		return nil
	}
	w := &wait{puller: p, n: n, deliver: deliver}
	answers, cancel := context.WithTimeout(p.link.AnswerContext(), limit+grace) // begins before the requests are sent
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	err := w.begin(classes, limit)
	if err == nil {
		err = w.receive(answers)
	}
	w.withdraw()
	switch {
	case w.count > 0:
		p.places.served = time.Now()
	case errors.Is(err, errFull):
		p.places.awaitPlace(ctx)
		return nil
	case p.idle:
		p.places.check(ctx, false)
	}
	return err
}

// waitingClasses returns the classes that are not skipped, and for how long to wait at most: until one of the
// others is no longer skipped. The time varies, so that workers that have started together do not stay in step.
func (p *puller) waitingClasses(now time.Time) (classes []task.Class, limit time.Duration) {
	limit = p.waitTime - rand.N(p.waitTime/4)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, class := range task.Classes {
		if left := p.skips[class].until.Sub(now); left > 0 {
			limit = min(limit, left)
		} else {
			classes = append(classes, class)
		}
	}
	return classes, limit
}

// begin subscribes and sends the requests. All have the same reply subject: a server with accounts forgets the
// requests of one subject at once when the subscription ends, but must look at all requests if that has a wildcard.
func (w *wait) begin(classes []task.Class, limit time.Duration) (err error) {
	nc, inbox := w.link.NC, w.link.NC.NewInbox()
	if w.sub, err = nc.SubscribeSync(inbox); err != nil {
		return fmt.Errorf("subscribe to tasks: %w", stream.Explain(err))
	}
	w.sub.SetPendingLimits(-1, -1)
	for _, class := range classes {
		w.beginRequest(class)
		body := fmt.Appendf(nil, `{"batch":1,"expires":%d}`, limit.Nanoseconds())
		if class == task.ClassNorm {
			body = fmt.Appendf(nil, `{"batch":%d,"no_wait":true,"expires":%d}`, w.n, limit.Nanoseconds())
		}
		if err := nc.PublishRequest(w.requestSubject(class), inbox, body); err != nil {
			return fmt.Errorf("request tasks: %w", stream.Explain(err))
		}
	}
	return nil
}

// receive delivers tasks until the request that has brought the first one has ended, another request has, or answers
// ends.
func (w *wait) receive(answers context.Context) error {
	for !w.ended {
		m, err := w.sub.NextMsgWithContext(answers)
		switch {
		case errors.Is(err, nats.ErrNoResponders):
			w.silent = 0
			return statusError("503", "")
		case err != nil && answers.Err() == context.DeadlineExceeded:
			return w.noAnswer(w.count)
		case err != nil && answers.Err() != nil: // the session has ended, or the caller wants no more
			return nil
		case err != nil:
			return fmt.Errorf("wait for tasks: %w", stream.Explain(err))
		}
		w.silent = 0
		if status, description := statusOf(m); status != "" {
			if err := w.note(status, description); err != nil {
				return err
			}
			continue
		}
		if w.take(m); w.received == 1 { // the end of its request comes at once
			var cancel context.CancelFunc
			answers, cancel = context.WithTimeout(answers, grace)
			defer cancel()
		}
	}
	return nil
}

// take delivers a task, and notes whether that is the last one of its request.
func (w *wait) take(m *nats.Msg) {
	d, ofQueue := w.delivery(m)
	if d != nil {
		d.Handle.InProgress()
		w.countDelivered(d.Class)
		w.deliver(d)
		w.count++
	}
	if ofQueue {
		w.received++
		w.ended = w.ended || d == nil || d.Class != task.ClassNorm || w.received >= w.n
	}
}

// note notes the end of a request. If the time is over, it is over for all.
func (w *wait) note(status, description string) error {
	if status == idleHeartbeat {
		return nil
	}
	w.ended = true
	err := statusError(status, description)
	w.idle = status == "408" && w.received == 0
	return err
}

// withdraw ends the requests that still wait, and delivers what the server has sent for them.
func (w *wait) withdraw() {
	if w.sub == nil || w.sub.Drain() != nil { // the connection is closed: nothing comes any more
		return
	}
	defer w.sub.Unsubscribe() // in case the ping gets no answer
	ctx, cancel := context.WithTimeout(w.link.AnswerContext(), w.link.Timeout)
	defer cancel()
	if w.link.NC.FlushWithContext(ctx) != nil {
		return
	}
	for n, _, err := w.sub.Pending(); err == nil && n > 0; n, _, err = w.sub.Pending() {
		m, err := w.sub.NextMsgWithContext(ctx)
		if err != nil {
			return
		}
		if status, _ := statusOf(m); status == "" {
			w.take(m)
		}
	}
}
