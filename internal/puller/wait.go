package puller

import (
	"cmp"
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

// A worker without work has a pull request for one task waiting at each durable. So a task of any class is sent to it
// as soon as it is queued, and no request is repeated meanwhile. If the worker has more free slots, it then requests
// more tasks of the same class. Tasks of several classes may come at the same moment: the worker gets one of
// each.
//
// When a task has come, the requests at the other durables are withdrawn: see stream.Link.Withdraw. That may cost a task
// a delivery, but rarely: it must be queued within a round trip, see overtake. A request whose time is over is not
// withdrawn: the server ends it.

// waitTime is the longest time for which the requests wait. A longer time would save little: three requests in 30 to 40 s
// are fewer than the worker's heartbeats. It must be shorter than the two minutes for which a server remembers a request
// from another account.
const waitTime = 40 * time.Second

// clusterWait is the same in a cluster. If a server of the cluster is cut off, the requests that wait at it are forgotten,
// and the leader of a durable may send one task to each request of a worker that is cut off: it is redelivered after the
// ack wait. clusterWait is about the time after which a new leader is elected, so few such requests are left then.
const clusterWait = 5 * time.Second

// A server forgets the requests of an account without a sign when it puts accounts in force again. It may still send one
// task to each of them, which is redelivered after the ack wait. So a worker with an account of its own has one durable
// send a sign of life every beatTime. Without one for silence, which is shorter than the ack wait, it requests anew. Signs
// of all durables, or more frequent ones, would cost the server more: it looks at all requests of a durable before each.
const (
	beatTime = 4 * time.Second
	silence  = 5 * beatTime / 2
)

// A server that shuts down announces it to all requests that wait, and then serves them for some 50 ms more, even those
// that have been withdrawn since: it ignores the end of a subscription then (nats-server 2.15.2, client.unsubscribe). So
// the wait goes on until the connection is lost, or for shutdownTime if this worker is connected to another server of
// the cluster.
const shutdownTime = 2 * time.Second

// A wait is one wait for a task. The goroutine of Pull owns it.
type wait struct {
	*puller
	classes []task.Class // of the requests
	sub     *nats.Subscription
	inbox   string // its subject, the reply subject of all requests
	deliver func(*worker.Delivery)
	end     context.CancelFunc // ends the wait

	silenced *time.Timer // ends the wait after silence; nil if no sign of life is requested

	open  int        // requests whose end has not come
	count int        // tasks delivered
	class task.Class // of the first one
	ended bool       // nothing more is waited for
}

// waitForTask waits for a task of any of the classes that is not skipped, until ctx ends, or for at most waitTime.
func (p *puller) waitForTask(ctx context.Context, of []task.Class, n int, deliver func(*worker.Delivery)) error {
	p.idle = false
	classes, limit := p.waitingClasses(of, time.Now(), p.longestWait())
	if len(classes) == 0 {
		stream.Sleep(ctx, limit)
		return nil
	}
	answers, cancel := context.WithTimeout(p.link.AnswerContext(), limit+grace) // begins before the requests are sent
	defer cancel()
	w := &wait{puller: p, classes: classes, deliver: deliver, end: cancel}
	defer context.AfterFunc(ctx, cancel)()
	p.setWakes(cancel)
	defer p.setWakes(nil)
	err := w.begin(limit)
	if err == nil {
		err = w.receive(answers)
	}
	if w.count > 0 && n > w.count {
		_, err = p.request(ctx, w.class, n-w.count, deliver)
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

// setWakes sets what endWait calls. It calls it at once if the wait has begun without a class that was added meanwhile.
func (p *puller) setWakes(f context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wakes = f; f != nil && p.grown {
		f()
	}
}

// endWait ends the present wait, if there is one. The next call of Pull requests each class in turn.
func (p *puller) endWait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wakes != nil {
		p.wakes()
	}
}

// longestWait returns the longest time for which the requests may wait at the server of the connection.
func (p *puller) longestWait() time.Duration {
	if p.link.NC.ConnectedClusterName() != "" {
		return min(p.waitTime, clusterWait)
	}
	return p.waitTime
}

// waitingClasses returns those of the classes that are not skipped, and for how long to wait, no longer than longest: until one
// of the others is no longer skipped. The time varies, so that workers that have started together do not stay in step.
func (p *puller) waitingClasses(of []task.Class, now time.Time, longest time.Duration) (classes []task.Class, limit time.Duration) {
	limit = longest - rand.N(longest/4)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, class := range of {
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
func (w *wait) begin(limit time.Duration) (err error) {
	w.inbox = w.link.NC.NewInbox()
	if w.sub, err = w.listen(w.inbox); err != nil {
		return err
	}
	for i, class := range w.classes {
		w.beginRequest(class)
		body := fmt.Appendf(nil, `{"batch":1,"expires":%d}`, limit.Nanoseconds())
		if i == 0 && w.rotates && limit >= 2*w.silence {
			body = fmt.Appendf(nil, `{"batch":1,"expires":%d,"idle_heartbeat":%d}`, limit.Nanoseconds(), (2 * w.silence / 5).Nanoseconds())
			w.silenced = time.AfterFunc(w.silence, w.end)
		}
		if err := w.link.NC.PublishRequest(w.requestSubject(class), w.inbox, body); err != nil {
			return fmt.Errorf("request tasks: %w", stream.Explain(err))
		}
		w.open++
	}
	return nil
}

// receive delivers tasks until one has come, all requests have ended, or answers ends.
func (w *wait) receive(answers context.Context) error {
	if w.silenced != nil {
		defer w.silenced.Stop()
	}
	for !w.ended {
		m := stream.Next(answers, w.messages)
		if m == nil {
			return w.missing(answers, w.count)
		}
		w.silent = 0
		if status, description := statusOf(m); status == "" {
			w.take(m)
		} else if m.Subject == w.inbox { // else the late end of an earlier request
			if err := w.note(status, description); err != nil {
				return err
			}
		}
	}
	return nil
}

// take delivers a task. A message of the queue that is no task has ended its request as well.
func (w *wait) take(m *nats.Msg) {
	class, ofQueue := w.pass(m, true, w.deliver)
	if class != "" {
		w.class = cmp.Or(w.class, class)
		w.count++
	}
	w.ended = w.ended || ofQueue
}

// note notes the end of a request. The time is over for all in the same moment: their ends are waited for. An end for
// another reason ends the wait.
func (w *wait) note(status, description string) error {
	switch {
	case status == idleHeartbeat:
		w.silenced.Reset(w.silence)
		return nil
	case description == serverShutdown:
		time.AfterFunc(shutdownTime, w.end)
		return nil
	case status == "408":
		w.open--
		w.ended = w.open == 0
		w.idle = w.ended
		return nil
	}
	w.ended = true
	return statusError(status, description)
}
