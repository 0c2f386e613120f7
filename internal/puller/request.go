package puller

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// grace is the time by which the end of a request may come late.
const grace = 2 * time.Second

// request sends one pull request for at most n tasks, and receives until its end: the server sends the tasks that
// it has. It returns the number of tasks delivered.
//
// A request that was lost with its connection is no error: the next call sends a new one.
func (p *puller) request(ctx context.Context, class task.Class, n int, deliver func(*worker.Delivery)) (int, error) {
	if ctx.Err() != nil {
		return 0, nil
	}
	// Without silent requests no task can be on its way to the old inbox.
	if p.requests++; p.rotates && p.requests%inboxRequests == 0 && p.silent == 0 {
		if err := p.subscribe(); err != nil {
			return 0, err
		}
	}
	reply := p.inbox + strconv.FormatUint(p.requests, 36)
	body := fmt.Appendf(nil, `{"batch":%d,"no_wait":true}`, n)
	p.beginRequest(class)
	answers, cancel := context.WithTimeout(p.link.AnswerContext(), grace) // begins before the request is sent
	defer cancel()
	if err := p.link.NC.PublishRequest(p.requestSubject(class), reply, body); err != nil {
		return 0, fmt.Errorf("request tasks: %w", stream.Explain(err))
	}
	return p.receive(answers, reply, n, deliver)
}

// requestSubject returns the subject of pull requests to the durable of a class.
func (p *puller) requestSubject(class task.Class) string {
	return p.link.API + "CONSUMER.MSG.NEXT." + schema.StreamTasks + "." + schema.Durable(class)
}

// idleHeartbeat is the status of a message by which the server says that a request still waits.
const idleHeartbeat = "100"

// receive delivers the tasks of a request until n have come, the request has ended, or answers ends.
func (p *puller) receive(answers context.Context, reply string, n int, deliver func(*worker.Delivery)) (count int, err error) {
	for received := 0; received < n; {
		m := stream.Next(answers, p.messages)
		if m == nil {
			return count, p.missing(answers, count)
		}
		if status, description := statusOf(m); status != "" {
			if m.Subject != reply || status == idleHeartbeat { // the late end of an earlier request
				continue
			}
			p.silent = 0
			return count, statusError(status, description)
		}
		class, ofQueue := p.pass(m, n <= shortTaskBatch, deliver)
		if ofQueue {
			received++ // also if it is no task: the server has sent it for this request
		}
		if class != "" {
			count++
		}
	}
	p.silent = 0
	return count, nil
}

// pass delivers m if it is a task, and returns its class, else "". beat: the server gets a heartbeat for it. ofQueue
// reports whether a durable has sent m.
func (p *puller) pass(m *nats.Msg, beat bool, deliver func(*worker.Delivery)) (class task.Class, ofQueue bool) {
	d, ofQueue := p.delivery(m)
	if d == nil {
		return "", ofQueue
	}
	if beat {
		d.Handle.InProgress()
	}
	p.countDelivered(d.Class)
	deliver(d)
	return d.Class, true
}

// statusOf returns the status of a message by which the server ends a request, "" for any other message. A task has
// a reply subject, whatever headers its producer has given it.
func statusOf(m *nats.Msg) (status, description string) {
	if len(m.Data) > 0 || m.Reply != "" {
		return "", ""
	}
	return m.Header.Get("Status"), m.Header.Get("Description")
}

// A request for more than shortTaskBatch tasks is for short ones, which end before a heartbeat would
// matter. Otherwise a heartbeat is sent as soon as a task arrives. The reason: a server that restarts,
// or a new leader, takes the time of publication for the time of delivery. It would redeliver at once
// a task that was queued for longer than AckWait before (seen with nats-server 2.15.2).
const shortTaskBatch = 32

// missing returns the error of a request that has not ended before answers has. count tasks have come for it.
func (p *puller) missing(answers context.Context, count int) error {
	switch {
	case context.Cause(answers) == stream.ErrReconnected:
		p.silent = 0
		return nil
	case answers.Err() == context.DeadlineExceeded:
		return p.noAnswer(count)
	}
	return nil // the caller wants no more
}

// maxStrange bounds the log lines of a worker about messages that are no tasks.
const maxStrange = 20

// delivery returns the delivery of a task's message. It returns nil for a message that no durable of
// the queue has delivered: it could not be settled. It also does so for one whose subject is none of the fleet's
// and terminates that: nobody could answer it, and it would stay in the queue. The number of the attempt, from 1, is
//
//	deliveries of this message + deliveries of the task in earlier rounds
//
// ofQueue reports whether a durable has delivered the message.
func (p *puller) delivery(m *nats.Msg) (d *worker.Delivery, ofQueue bool) {
	at, err := schema.ParseSubject(m.Subject)
	reply, ok := stream.ParseReply(m.Reply)
	if err != nil || !ok {
		event := p.link.Log.Debug()
		if p.strange++; p.strange <= maxStrange {
			event = p.link.Log.Warn()
		}
		event.Str("subject", text.Sanitize(m.Subject, 200)).Msg("ignored a message that is not a task")
		if ok {
			p.link.NC.Publish(m.Reply, []byte("+TERM"))
		}
		return nil, ok
	}
	most, _ := task.RulesOf(m.Data)
	return &worker.Delivery{
		Address: at.Address, Attempt: attempt.Number(reply.Deliveries, schema.ParseSpent(m.Header.Get(schema.HeaderSpent)), most), Most: most,
		NotHere: schema.IsNotFor(m.Header.Get(schema.HeaderNot), p.worker), Anywhere: m.Header.Get(schema.HeaderAnywhere) != "",
		Schema: m.Header.Get(task.SchemaHeader), Data: m.Data,
		Handle: &handle{link: p.link, acks: p.ackerOf(at.Class), reply: m.Reply},
	}, true
}
