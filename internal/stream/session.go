package stream

import (
	"context"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// A session is the life of one connection to a server: from one (re)connect to the next. A request
// that was sent in one session gets no answer in the next, because the server has forgotten the
// client's subscriptions. So every waiting request ends with the session and is repeated at once.
type session struct {
	context.Context        // ends with the session; its cause is ErrReconnected
	number          uint64 // reconnects before the session began, as nats.go counts them
}

// sessions holds the current session of a connection. One goroutine, started by newSessions, replaces
// it; all others only read it.
//
// A session ends when the next one begins, not when the connection is lost:
//
//	connection   ======= 1 =======        lost        ======= 2 =======
//	session      ------------- 1 -------------------> ------- 2 ------>
//	request a         sent, no answer                 fails with ErrReconnected, is repeated
//	request b                        in the buffer    is sent, and answered
//
// Request b waits in the client library's buffer while there is no connection.
type sessions struct{ current atomic.Pointer[session] }

// newSessions follows the sessions of nc until nc is closed for good.
func newSessions(nc *nats.Conn) *sessions {
	s := new(sessions)
	begin := func() context.CancelCauseFunc {
		ctx, end := context.WithCancelCause(context.Background())
		s.current.Store(&session{ctx, nc.Stats().Reconnects})
		return end
	}
	changed := nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	end := begin()
	if nc.IsClosed() { // its status changes no more
		nc.RemoveStatusListener(changed)
		return s
	}
	go func() {
		defer nc.RemoveStatusListener(changed)
		for status := range changed {
			previous := end
			end = begin() // first, so that a repeated request already finds the new session
			previous(ErrReconnected)
			if status == nats.CLOSED {
				return
			}
		}
	}()
	return s
}

// untilReconnect returns a context that ends when the current session ends, or with ctx.
func (l *Link) untilReconnect(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.sessions.current.Load(), func() { cancel(ErrReconnected) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// orReconnected returns ErrReconnected if that is why a context of untilReconnect has ended, else err.
func orReconnected(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) == ErrReconnected {
		return ErrReconnected
	}
	return err
}

// AnswerContext returns a context that ends, because of ErrReconnected, as soon as a request that is
// sent now can no longer be answered. Without a connection the request waits for the next session and
// is answered there, so the context never ends by itself.
func (l *Link) AnswerContext() context.Context {
	now := l.sessions.current.Load()
	if !l.NC.IsConnected() || l.NC.Stats().Reconnects != now.number {
		return context.Background()
	}
	return now
}
