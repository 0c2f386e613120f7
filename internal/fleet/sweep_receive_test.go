package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A heldStream is a stream whose state cannot be read until open is closed.
type heldStream struct {
	jetstream.Stream
	open chan struct{}
}

func (s heldStream) Info(ctx context.Context, o ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	select {
	case <-s.open:
		return s.Stream.Info(ctx, o...)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSweepSlow: however long a sweeper takes for one return, the client library drops nothing.
func TestSweepSlow(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	var dropped atomic.Int64
	nc, js := h.connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) {
			dropped.Add(1)
		}
	}))
	f := h.open(nc, js)
	open := make(chan struct{})
	f.tasks = heldStream{f.tasks, open}
	const returns = 7 // one fewer than a request may bring, so that it goes on
	h.job("j", task.ClassNorm, 100)
	for i := range returns {
		h.put(schema.ReturnSubject("j", single(i), "0", "w"), (&task.Return{}).Encode())
	}
	background(t, f.Sweep)
	<-time.After(4 * time.Second) // nats.go's MessagesContext would have got four heartbeats, for which it has no room
	close(open)
	await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if n := dropped.Load(); n > 0 {
		t.Errorf("the client library has dropped messages %d times", n)
	}
}
