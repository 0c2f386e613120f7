package puller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// The bodies that settle a delivery.
var (
	ackBody      = []byte("+ACK")
	progressBody = []byte("+WPI")
)

// A handle settles one delivery. It implements worker.Handle.
type handle struct {
	link  *stream.Link
	acks  *acker // of the durable that handed it out
	reply string
}

// InProgress resets the server's redelivery timer. It does not wait.
func (h *handle) InProgress() error { return h.link.NC.Publish(h.reply, progressBody) }

// Ack returns once the server has confirmed that the task is done. It tries for as
// long as ctx lasts: after a reconnect the ack is as good as before.
func (h *handle) Ack(ctx context.Context) error {
	return settle(ctx, h.link, func() error { return h.acks.ack(ctx, h.reply) })
}

// NakWithDelay gives the task back; it is handed out again after d.
func (h *handle) NakWithDelay(ctx context.Context, d time.Duration) error {
	body := fmt.Appendf(nil, `-NAK {"delay": %d}`, d.Nanoseconds())
	return settle(ctx, h.link, func() error { return confirm(ctx, h.link, h.reply, body) })
}

// Term says that the task is never to be handed out again; it leaves the stream.
func (h *handle) Term(ctx context.Context, reason string) error {
	body := []byte("+TERM " + strings.ReplaceAll(reason, "\n", " "))
	return settle(ctx, h.link, func() error { return confirm(ctx, h.link, h.reply, body) })
}

// confirm sends what settles a delivery and waits for the server's answer.
func confirm(ctx context.Context, l *stream.Link, reply string, body []byte) error {
	_, err := l.Request(ctx, &nats.Msg{Subject: reply, Data: body})
	return err
}

// maxIgnored is how many times in a row a server that is there may leave unanswered
// what settles a delivery.
const maxIgnored = 2

// settle calls try until the server has answered, for as long as ctx lasts. A server
// that was killed may come back without knowing that it had handed the task out; then
// it ignores what settles it, and the error wraps worker.ErrForgotten.
func settle(ctx context.Context, l *stream.Link, try func() error) error {
	pause, ignored := stream.NewPause(), 0
	for {
		err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("settle a task: %w", context.Cause(ctx))
		}
		if fatal := l.Permanent(err); fatal != nil {
			return fmt.Errorf("settle a task: %w", fatal)
		}
		if ignored++; !natsconn.IsTimeout(err) || !l.Flushed(ctx) {
			ignored = 0
		}
		if errors.Is(err, stream.ErrReconnected) {
			pause = stream.NewPause()
		}
		if ignored == maxIgnored {
			return fmt.Errorf("settle a task: %w", worker.ErrForgotten)
		}
		if err := pause.Wait(ctx); err != nil {
			return fmt.Errorf("settle a task: %w", err)
		}
	}
}
