package fleet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// The bodies that settle a delivery.
var (
	ackBody      = []byte("+ACK")
	progressBody = []byte("+WPI")
)

// A handle settles one delivery. It implements worker.Handle.
type handle struct {
	link  *link
	reply string
}

// InProgress resets the server's redelivery timer. It does not wait.
func (h *handle) InProgress() error { return h.link.nc.Publish(h.reply, progressBody) }

// Ack returns once the server has confirmed that the task is done. It tries for as
// long as ctx lasts: after a reconnect the ack is as good as before.
func (h *handle) Ack(ctx context.Context) error { return h.settle(ctx, ackBody) }

// NakWithDelay gives the task back; it is handed out again after d.
func (h *handle) NakWithDelay(ctx context.Context, d time.Duration) error {
	return h.settle(ctx, fmt.Appendf(nil, `-NAK {"delay": %d}`, d.Nanoseconds()))
}

// Term says that the task is never to be handed out again; it leaves the stream.
func (h *handle) Term(ctx context.Context, reason string) error {
	return h.settle(ctx, []byte("+TERM "+strings.ReplaceAll(reason, "\n", " ")))
}

func (h *handle) settle(ctx context.Context, body []byte) error {
	pause := newPause()
	for {
		_, err := h.link.request(ctx, &nats.Msg{Subject: h.reply, Data: body})
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("settle a task: %w", context.Cause(ctx))
		}
		if fatal := h.link.fatal(err); fatal != nil {
			return fmt.Errorf("settle a task: %w", fatal)
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
