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

// A delivery is settled by a message to its reply subject. The server answers once it has acted:
//
//	+ACK                  the task is done and leaves the queue
//	-NAK {"delay": ns}    redeliver the task after so many nanoseconds
//	+TERM reason          never redeliver the task; it leaves the queue
//	+WPI                  work in progress: AckWait begins again. No answer is waited for.
//
// An answer can be lost, so a settlement is repeated until one comes. To repeat it is harmless.
var (
	ackBody      = []byte("+ACK")
	progressBody = []byte("+WPI")
)

// A handle settles one delivery. It implements worker.Handle.
type handle struct {
	link  *stream.Link
	acks  *acker // of the durable that has delivered the task
	reply string // subject
}

// InProgress restarts AckWait for this delivery. It does not wait for the server. Without a connection it
// returns an error: the client library would keep the heartbeat until it is connected again, and the worker
// would take a heartbeat for sent that the server may get after AckWait.
func (h *handle) InProgress() error {
	if !h.link.NC.IsConnected() {
		return fmt.Errorf("send a heartbeat for a task: %w", nats.ErrDisconnected)
	}
	return h.link.NC.Publish(h.reply, progressBody)
}

// Ack returns nil once the server has confirmed that the task is done. It repeats the ack for as long
// as ctx lasts: an ack is valid in any session.
func (h *handle) Ack(ctx context.Context) error {
	return settle(ctx, h.link, func() error { return h.acks.ack(ctx, h.reply) })
}

// AckGroup is Ack for several deliveries of this client, in one round trip for each durable. It implements
// worker.GroupAcker.
func (h *handle) AckGroup(ctx context.Context, others []worker.Handle) error {
	replies := map[*acker][]string{h.acks: {h.reply}}
	for _, other := range others {
		o, ok := other.(*handle)
		if !ok || o.link != h.link {
			return errors.New("settle tasks: they are not of the same client")
		}
		replies[o.acks] = append(replies[o.acks], o.reply)
	}
	for acks, list := range replies {
		if err := settle(ctx, h.link, func() error { return acks.ack(ctx, list...) }); err != nil {
			return err
		}
	}
	return nil
}

// NakWithDelay returns the task to the server, which redelivers it after d. The other rules are those
// of Ack.
func (h *handle) NakWithDelay(ctx context.Context, d time.Duration) error {
	body := fmt.Appendf(nil, `-NAK {"delay": %d}`, d.Nanoseconds())
	return settle(ctx, h.link, func() error { return confirm(ctx, h.link, h.reply, body) })
}

// Term removes the task from the queue. The reason is in the server's advisory. The other rules are
// those of Ack.
func (h *handle) Term(ctx context.Context, reason string) error {
	body := []byte("+TERM " + strings.ReplaceAll(reason, "\n", " "))
	return settle(ctx, h.link, func() error { return confirm(ctx, h.link, h.reply, body) })
}

// confirm sends a settlement once and waits for the server's answer.
func confirm(ctx context.Context, l *stream.Link, reply string, body []byte) error {
	_, err := l.Request(ctx, &nats.Msg{Subject: reply, Data: body})
	return err
}

// maxIgnored is how many settlements in a row may stay without an answer on a live connection.
const maxIgnored = 2

// settle calls try until the server has answered, or ctx ends. The error wraps worker.ErrForgotten if
// the server is alive but does not answer: after a SIGKILL a server may have forgotten a delivery,
// and it then ignores the settlement (seen with nats-server 2.15.2). The server then redelivers the task.
//
// A flush distinguishes this from a slow network: its answer proves that the settlement has arrived. To
// give up is safe: the result was stored before the ack, so a redelivery only repeats work.
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
		if permanent := l.Permanent(err); permanent != nil {
			return fmt.Errorf("settle a task: %w", permanent)
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
