package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
)

// Request sends m and waits for one answer: at most Link.Timeout, and not beyond a reconnect. In the
// latter case the error is ErrReconnected.
func (l *Link) Request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	return l.requestWithin(ctx, l.Timeout, m)
}

// requestWithin is Request with a timeout of its own.
func (l *Link) requestWithin(ctx context.Context, timeout time.Duration, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := l.untilReconnect(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	reply, err := l.RawRequest(ctx, m)
	return reply, orReconnected(ctx, err)
}

const (
	maxFlush  = time.Minute // for sent data to reach the server; also the longest wait for an answer
	fastFlush = time.Second // a flush that takes longer means a slow network
)

// Flushed waits until all that was sent has reached the server, at most a minute. It returns false if
// the connection is lost meanwhile, or ctx ends.
func (l *Link) Flushed(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, maxFlush)
	defer cancel()
	return l.NC.FlushWithContext(ctx) == nil
}

// Store publishes m and returns nil once the stream has it, or has another message of the same
// subject. It repeats the publish for as long as ctx lasts, while the server is down, has no leader,
// or has no space. It returns an error when
//
//   - the server refuses the message, or it is invalid: nothing was stored
//   - the connection was closed for good: the message may or may not be stored
//   - ctx has ended: the same. The error wraps ctx's cause, and ErrFull if the server was full at last
func (l *Link) Store(ctx context.Context, m *nats.Msg) error { return l.store(ctx, m, nil) }

// store is Store. After an unknown outcome it repeats the publish only if left returns the message; nil = always.
func (l *Link) store(ctx context.Context, m *nats.Msg, left LeftFunc) error {
	pause, timeout := NewPause(), l.Timeout
	for {
		reply, err := l.requestWithin(ctx, timeout, m)
		if natsconn.IsTimeout(err) {
			timeout = l.slowerTimeout(ctx, timeout)
		}
		result, err := classify(reply, err)
		switch result {
		case stored, duplicate:
			return nil
		case refused:
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
		if permanent := l.Permanent(err); ctx.Err() == nil && permanent != nil {
			return fmt.Errorf("publish %s: %w", m.Subject, permanent)
		}
		l.Log.Debug().Err(err).Str("subject", m.Subject).Msg("retry a publish")
		if errors.Is(err, ErrReconnected) { // the server is back: begin with short pauses
			pause, timeout = NewPause(), l.Timeout
		}
		switch err := pause.Wait(ctx); {
		case err != nil && result == full:
			return fmt.Errorf("publish %s: %w: %w", m.Subject, ErrFull, err)
		case err != nil:
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
		if result == unknown && left != nil {
			if list, err := left(ctx, []*nats.Msg{m}); err != nil || len(list) == 0 {
				return err
			}
		}
	}
}

// slowerTimeout returns the timeout for the next attempt after one without an answer. On a slow network
// the message may still be on its way: then the timeout doubles, up to maxFlush. On a fast one the
// server has the message but does not answer, and a longer timeout would not help.
//
// Without this, a message of 768 KiB on a line of 1 Mbit/s, which takes 6 s, would be sent for ever.
func (l *Link) slowerTimeout(ctx context.Context, timeout time.Duration) time.Duration {
	began := time.Now()
	if l.Flushed(ctx); time.Since(began) > fastFlush {
		return min(2*timeout, maxFlush)
	}
	return timeout
}
