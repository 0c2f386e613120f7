package puller

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/micro"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// Serve answers these requests until ctx ends. status is what the worker says of itself: stats have
// it, and so has the answer to a request to FACTOR.status.<worker>. It is called by
// several goroutines.
func (s *Client) Serve(ctx context.Context, status func() worker.Status) error {
	now := status()
	service, err := micro.AddService(s.link.NC, micro.Config{
		Name: schema.ServiceName, Version: now.Version, Description: "factors numbers",
		Metadata:           map[string]string{"worker": s.worker, "instance": s.instance, "host": now.Host, "slots": fmt.Sprint(now.Slots)},
		QueueGroupDisabled: true, // all processes answer, also those of one name
		StatsHandler:       func(*micro.Endpoint) any { return s.named(status()) },
	})
	if err != nil {
		return fmt.Errorf("answer service requests: %w", stream.Explain(err))
	}
	answer := micro.HandlerFunc(func(r micro.Request) {
		if err := r.RespondJSON(s.named(status())); err != nil {
			s.link.Log.Debug().Err(err).Msg("answer a request for the status")
		}
	})
	if err := service.AddEndpoint("status", answer, micro.WithEndpointSubject(schema.StatusPrefix+s.worker)); err != nil {
		return fmt.Errorf("answer service requests: %w", stream.Explain(err))
	}
	context.AfterFunc(ctx, func() { service.Stop() })
	return nil
}

// named returns the status with who it is about, which those who read a heartbeat know by its key.
func (s *Client) named(status worker.Status) worker.Status {
	status.Name, status.Instance = s.worker, s.instance
	return status
}
