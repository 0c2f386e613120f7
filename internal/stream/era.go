package stream

import (
	"context"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// An era is the time of one connection: from when it was made until the next one is.
// What was asked in an era gets no answer in the next, so whoever waits for one asks
// again at once.
type era struct {
	context.Context        // ends with it, because of ErrReconnected
	number          uint64 // how many connections were lost before
}

// A clock knows which era it is.
type clock struct{ now atomic.Pointer[era] }

// newClock returns a clock that goes until the connection is closed for good.
func newClock(nc *nats.Conn) *clock {
	c := new(clock)
	begin := func() context.CancelCauseFunc {
		ctx, end := context.WithCancelCause(context.Background())
		c.now.Store(&era{ctx, nc.Stats().Reconnects})
		return end
	}
	changed := nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	end := begin()
	if nc.IsClosed() { // nothing is asked any more
		nc.RemoveStatusListener(changed)
		return c
	}
	go func() {
		defer nc.RemoveStatusListener(changed)
		for status := range changed {
			over := end
			end = begin()
			over(ErrReconnected)
			if status == nats.CLOSED {
				return
			}
		}
	}()
	return c
}

// untilReconnect returns a context that ends when the connection was lost and is there
// again, or is closed.
func (l *Link) untilReconnect(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.clock.now.Load(), func() { cancel(ErrReconnected) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// orReconnected returns err, or ErrReconnected if that is why a context of
// untilReconnect has ended.
func orReconnected(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) == ErrReconnected {
		return ErrReconnected
	}
	return err
}

// UntilLost returns a context that ends when what is asked now gets no answer any more. What is
// asked without a connection is sent once there is one, and answered.
func (l *Link) UntilLost() context.Context {
	now := l.clock.now.Load()
	if !l.NC.IsConnected() || l.NC.Stats().Reconnects != now.number {
		return context.Background()
	}
	return now
}
