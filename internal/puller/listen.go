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

// Orders are what a worker can be told while it runs; a nil function is not called.
type Orders struct {
	Cancel     func(job string)
	Quarantine func()
	Release    func()
}

// Listen calls the functions of o as orders come, in their order, until ctx ends.
func (s *Client) Listen(ctx context.Context, o Orders) error {
	sub, err := s.link.NC.Subscribe(schema.OrderSubject, func(m *nats.Msg) {
		if m.Header.Get(schema.OrderHeader) == "" {
			return
		}
		if job, ok := strings.CutPrefix(m.Subject, schema.CancelPrefix); ok && task.CheckJob(job) == nil && o.Cancel != nil {
			o.Cancel(job)
		}
		if m.Subject == schema.QuarantineCtl+s.worker && o.Quarantine != nil {
			o.Quarantine()
		}
		if m.Subject == schema.ReleaseCtl+s.worker && o.Release != nil {
			o.Release()
		}
	})
	if err != nil {
		return fmt.Errorf("listen for orders: %w", stream.Explain(err))
	}
	context.AfterFunc(ctx, func() { sub.Unsubscribe() })
	return nil
}
