package stream

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
)

// Three kinds of errors decide what happens to a failed request:
//
//	transient   the server is down, restarts, or has no leader now: repeat
//	permanent   the connection is closed for good, or the message is not valid: give up
//	other       the server has refused the request: give up; Store waits if the server is full
//
// A repeated request may have been carried out before. So every request that is repeated must be
// harmless if done twice: reads, publishes to unique subjects, deletions, and writes with an expected
// sequence, of which the second fails with a conflict.

// Retry calls try until it succeeds, fails with an error that is not transient, or ctx ends; then it
// returns the cause of ctx's end. It has no time limit, because a job must outlive a restart of its
// server. try must be harmless if done twice.
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
		case !isTransient(err):
			return err
		}
		l.Log.Debug().Err(err).Msg("retry a request")
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// RetryStart is Retry for the start of a program, when a user waits and the address of the server may
// be wrong. It gives up when no program answers for JetStream at all, and after the time that a
// cluster needs to elect a leader. It then returns the last error of try.
func (l *Link) RetryStart(ctx context.Context, try func() error) error {
	pause := NewPause()
	for end := time.Now().Add(l.Election()); ; {
		err := try()
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx) // the caller has ended it; the server is not at fault
		}
		if err == nil || !isTransient(err) || withoutJetStream(err) || time.Now().After(end) {
			return err
		}
		l.Log.Debug().Err(err).Msg("retry a request")
		if pause.Wait(ctx) != nil {
			return err
		}
	}
}

// withoutJetStream reports whether an error says that the server, or the account of this client, has no JetStream.
func withoutJetStream(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount)
}

// electionTimeouts is the longest election, in units of Link.Timeout. Elections of 6 to 15 s were seen
// with three nodes of nats-server 2.15.2; the default timeout is 5 s.
const electionTimeouts = 3

// Election is the time after which a cluster that has lost a node has a leader again, and all its
// nodes have the same data: three timeouts of one answer.
func (l *Link) Election() time.Duration { return electionTimeouts * l.Timeout }

// transientErrors say that no answer has come, or that an answer must not be trusted yet.
var transientErrors = []error{
	context.DeadlineExceeded, nats.ErrTimeout, // no answer within Timeout
	nats.ErrNoResponders, jetstream.ErrNoStreamResponse, // no server answers: it restarts, or there is no leader
	nats.ErrDisconnected, nats.ErrConnectionReconnecting, // no connection now
	ErrReconnected,        // the answer was lost
	ErrStale, ErrNoQuorum, // the answer may be out of date
}

// isTransient reports whether the same request may succeed later. The server's status 503 means
// that it cannot answer now. A limit of a stream has this status too, but does not go away.
func isTransient(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code == 503 && api.ErrorCode != codeLimits
	}
	return slices.ContainsFunc(transientErrors, func(e error) bool { return errors.Is(err, e) })
}

// Permanent returns an error for the user if err means that repeating the request is useless, and nil
// otherwise. It knows the errors of the client library only: those of the server are for the caller.
func (l *Link) Permanent(err error) error {
	switch {
	case errors.Is(err, nats.ErrConnectionClosed):
		return Explain(err)
	case errors.Is(err, nats.ErrMaxPayload):
		return natsconn.Errorf(err, "the nats server accepts messages of at most %d bytes: set `max_payload: 1MB` in its configuration", l.NC.MaxPayload())
	case errors.Is(err, nats.ErrBadSubject):
		return err
	}
	return nil
}
