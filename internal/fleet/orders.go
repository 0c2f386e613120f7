package fleet

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// order returns an order to workers.
func order(subject string) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{schema.OrderHeader: {"1"}}}
}

// order sends an order to the workers, and waits until the server has it.
func (f *Fleet) order(subject string) error {
	if err := f.link.NC.PublishMsg(order(subject)); err != nil {
		return fmt.Errorf("tell the workers: %w", stream.Explain(err))
	}
	return f.link.NC.FlushTimeout(f.link.Timeout)
}
