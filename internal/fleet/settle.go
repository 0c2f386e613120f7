package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/worker"
)

// The bodies that settle a delivery.
var (
	ackBody      = []byte("+ACK")
	progressBody = []byte("+WPI")
)

// A handle settles one delivery. It implements worker.Handle.
type handle struct {
	link  *link
	acks  *acker // of the durable that handed it out
	reply string
}

// InProgress resets the server's redelivery timer. It does not wait.
func (h *handle) InProgress() error { return h.link.nc.Publish(h.reply, progressBody) }

// Ack returns once the server has confirmed that the task is done. It tries for as
// long as ctx lasts: after a reconnect the ack is as good as before.
func (h *handle) Ack(ctx context.Context) error {
	return h.link.settle(ctx, func() error { return h.acks.ack(ctx, h.reply) })
}

// NakWithDelay gives the task back; it is handed out again after d.
func (h *handle) NakWithDelay(ctx context.Context, d time.Duration) error {
	body := fmt.Appendf(nil, `-NAK {"delay": %d}`, d.Nanoseconds())
	return h.link.settle(ctx, func() error { return h.link.confirm(ctx, h.reply, body) })
}

// Term says that the task is never to be handed out again; it leaves the stream.
func (h *handle) Term(ctx context.Context, reason string) error {
	body := []byte("+TERM " + strings.ReplaceAll(reason, "\n", " "))
	return h.link.settle(ctx, func() error { return h.link.confirm(ctx, h.reply, body) })
}

// confirm sends what settles a delivery and waits for the server's answer.
func (l *link) confirm(ctx context.Context, reply string, body []byte) error {
	_, err := l.request(ctx, &nats.Msg{Subject: reply, Data: body})
	return err
}

// maxIgnored is how many times in a row a server that is there may leave unanswered
// what settles a delivery.
const maxIgnored = 2

// settle calls try until the server has answered, for as long as ctx lasts. A server
// that was killed may come back without knowing that it had handed the task out; then
// it ignores what settles it, and the error wraps worker.ErrForgotten.
func (l *link) settle(ctx context.Context, try func() error) error {
	pause, ignored := newPause(), 0
	for {
		err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("settle a task: %w", context.Cause(ctx))
		}
		if fatal := l.fatal(err); fatal != nil {
			return fmt.Errorf("settle a task: %w", fatal)
		}
		if ignored++; !natsconn.IsTimeout(err) || !l.flushed(ctx) {
			ignored = 0
		}
		if errors.Is(err, errReconnected) {
			pause = newPause()
		}
		if ignored == maxIgnored {
			return fmt.Errorf("settle a task: %w", worker.ErrForgotten)
		}
		if err := pause.wait(ctx); err != nil {
			return fmt.Errorf("settle a task: %w", err)
		}
	}
}

// deliveryCount reads NumDelivered out of a reply subject:
// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
// or, behind a domain, $JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>...
func deliveryCount(reply string) (int, bool) {
	tokens := strings.Split(reply, ".")
	at := 4
	if len(tokens) >= 11 {
		at = 6
	}
	if len(tokens) < 9 || tokens[0] != "$JS" || tokens[1] != "ACK" {
		return 0, false
	}
	n, err := strconv.Atoi(tokens[at])
	return n, err == nil && n >= 1
}
