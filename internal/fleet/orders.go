package fleet

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// Orders are plain messages to all workers that listen now: cancel a job, quarantine or release a worker.
// They are not stored, so each is only a faster way to what a stored state says: the manifest of a job or
// the standing of a worker.
//
// order returns an order to workers. The header distinguishes it from an answer of the server that a
// worker has had sent to the same subject: such an answer lacks the header.
func order(subject string) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{schema.OrderHeader: {"1"}}}
}

// order sends an order to the workers, and waits until the server has it. It does not wait for workers.
func (f *Fleet) order(subject string) error {
	if err := f.link.NC.PublishMsg(order(subject)); err != nil {
		return fmt.Errorf("tell the workers: %w", stream.Explain(err))
	}
	return f.link.NC.FlushTimeout(f.link.Timeout)
}

// RenewPulls has all workers that wait for tasks send new pull requests. A server forgets requests that wait, without a
// sign, when the accounts of the workers are put in force again.
func (f *Fleet) RenewPulls() error { return f.order(schema.PullOrder) }
