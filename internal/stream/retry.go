package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
)

// Retry calls try until it succeeds or fails for good, or ctx ends. What passes by
// itself, such as a server that starts anew or has no leader now, is waited for: a
// job must outlive it. try must be harmless if done twice.
func (l *Link) Retry(ctx context.Context, try func() error) error {
	pause := NewPause()
	for {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case l.NC.IsClosed():
			return natsconn.ErrClosed
		case !isPassing(err):
			return err
		}
		l.Log.Debug().Err(err).Msg("ask the server again")
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// RetryStart is Insist for the start of a program, when somebody waits and the server may
// be the wrong one: it takes the time in which a cluster elects a leader, no more, and
// returns the last error of try.
func (l *Link) RetryStart(ctx context.Context, try func() error) error {
	pause := NewPause()
	for end := time.Now().Add(l.Election()); ; {
		err := try()
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx) // the caller's own end, no fault of the server
		}
		if err == nil || !isPassing(err) || errors.Is(err, nats.ErrNoResponders) || time.Now().After(end) {
			return err
		}
		l.Log.Debug().Err(err).Msg("ask the server again")
		if pause.Wait(ctx) != nil {
			return err
		}
	}
}

// electionTimeouts is how many timeouts of one reply an election may take: 15 s were
// seen, and the timeout is 5 s if nobody has changed it.
const electionTimeouts = 3

// Election is how long a cluster may take until all its servers know the same again.
func (l *Link) Election() time.Duration { return electionTimeouts * l.Timeout }

// isPassing reports whether err says that there is no answer for now.
func isPassing(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code == 503 && api.ErrorCode != codeLimits
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, ErrReconnected) || errors.Is(err, ErrStale) || errors.Is(err, ErrNoQuorum) || errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrConnectionReconnecting)
}
