package puller

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Orders are the functions that Listen calls, one for each order that a worker obeys. A nil function
// means that the order is ignored.
type Orders struct {
	Cancel     func(job string) // drop the tasks of a job
	Finish     func(job string) // end the numbers of a job with what is known of them
	Quarantine func()           // pull no more tasks
	Release    func()           // the quarantine has ended
	Hint       func(*task.Hint) // what a campaign knows of a number that this worker may have
}

// Listen calls the functions of o in the order in which orders arrive, until ctx ends. They are called
// by one goroutine of the client library, so they must return soon.
//
// The order to pull again, and that which names classes with a route, are obeyed here.
//
// Orders are not stored, and a worker that is not connected misses them. That is harmless: a cancelled
// job's results are ignored, and those of a quarantined worker are not trusted.
func (c *Client) Listen(ctx context.Context, o Orders) error {
	sub, err := c.link.NC.Subscribe(schema.OrderSubject, func(m *nats.Msg) { c.obey(m, o) })
	if err != nil {
		return fmt.Errorf("listen for orders: %w", stream.Explain(err))
	}
	context.AfterFunc(ctx, func() { sub.Unsubscribe() })
	return nil
}

// obey carries out one order. A message without the header of orders may be an answer that another
// client has directed to this subject; see schema.OrderHeader.
func (c *Client) obey(m *nats.Msg, o Orders) {
	if m.Header.Get(schema.OrderHeader) == "" {
		return
	}
	if m.Subject == schema.PullOrder {
		c.puller.endWait()
	}
	if m.Subject == schema.RoutesOrder {
		c.puller.learn(task.DecodeClasses(m.Data))
	}
	if job, ok := strings.CutPrefix(m.Subject, schema.CancelPrefix); ok && task.CheckJob(job) == nil && o.Cancel != nil {
		o.Cancel(job)
	}
	if job, ok := strings.CutPrefix(m.Subject, schema.FinishPrefix); ok && task.CheckJob(job) == nil && o.Finish != nil {
		o.Finish(job)
	}
	if m.Subject == schema.QuarantinePrefix+c.worker && o.Quarantine != nil {
		o.Quarantine()
	}
	if m.Subject == schema.ReleasePrefix+c.worker && o.Release != nil {
		o.Release()
	}
	if m.Subject == schema.HintPrefix+c.worker && o.Hint != nil {
		if h, err := task.DecodeHint(m.Data); err == nil {
			o.Hint(h)
		}
	}
}
