package fleet

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// order returns a message that tells workers something.
func order(subject string) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: nats.Header{schema.OrderHeader: {"1"}}}
}

// order tells the workers something.
func (f *Fleet) order(subject string) error {
	if err := f.link.NC.PublishMsg(order(subject)); err != nil {
		return fmt.Errorf("tell the workers: %w", stream.Explain(err))
	}
	return f.link.NC.FlushTimeout(f.link.Timeout)
}
