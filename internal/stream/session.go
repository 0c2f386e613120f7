package stream

import (
	"context"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// An session is the time of one connection: from when it was made until the next one is.
// What was asked in an session gets no answer in the next, so whoever waits for one asks
// again at once.
type session struct {
	context.Context        // ends with it, because of ErrReconnected
	number          uint64 // how many connections were lost before
}

// A sessions knows which era it is.
type sessions struct{ current atomic.Pointer[session] }

// newSessions returns a clock that goes until the connection is closed for good.
func newSessions(nc *nats.Conn) *sessions {
	c := new(sessions)
	begin := func() context.CancelCauseFunc {
		ctx, end := context.WithCancelCause(context.Background())
		c.current.Store(&session{ctx, nc.Stats().Reconnects})
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
	stop := context.AfterFunc(l.sessions.current.Load(), func() { cancel(ErrReconnected) })
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

// AnswerContext returns a context that ends when what is asked now gets no answer any more. What is
// asked without a connection is sent once there is one, and answered.
func (l *Link) AnswerContext() context.Context {
	now := l.sessions.current.Load()
	if !l.NC.IsConnected() || l.NC.Stats().Reconnects != now.number {
		return context.Background()
	}
	return now
}
