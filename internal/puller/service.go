package puller

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/micro"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// Serve answers requests about this worker until ctx ends:
//
//	$SRV.PING, INFO, STATS    as a NATS service (ADR-32); the statistics contain the status
//	FACTOR.status.<worker>    with the status as JSON
//
// status returns the worker's status. It is called from several goroutines.
//
// Unlike heartbeats, answers are not stored: they show which workers can be reached now.
func (c *Client) Serve(ctx context.Context, status func() worker.Status) error {
	now := status()
	service, err := micro.AddService(c.link.NC, micro.Config{
		Name: schema.ServiceName, Version: now.Version, Description: "factors numbers",
		Metadata:           map[string]string{"worker": c.worker, "instance": c.instance, "host": now.Host, "slots": fmt.Sprint(now.Slots)},
		QueueGroupDisabled: true, // every process answers, not one of each name
		StatsHandler:       func(*micro.Endpoint) any { return c.withName(status()) },
	})
	if err != nil {
		return fmt.Errorf("answer service requests: %w", stream.Explain(err))
	}
	answer := micro.HandlerFunc(func(r micro.Request) {
		if err := r.RespondJSON(c.withName(status())); err != nil {
			c.link.Log.Debug().Err(err).Msg("answer a request for the status")
		}
	})
	if err := service.AddEndpoint("status", answer, micro.WithEndpointSubject(schema.StatusPrefix+c.worker)); err != nil {
		return fmt.Errorf("answer service requests: %w", stream.Explain(err))
	}
	context.AfterFunc(ctx, func() { service.Stop() })
	return nil
}

// withName adds the names of worker and process to a status. A heartbeat lacks them because its key
// has them.
func (c *Client) withName(status worker.Status) worker.Status {
	status.Name, status.Instance = c.worker, c.instance
	return status
}
