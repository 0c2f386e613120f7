package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// An outcome is what the server made of one message, or of one atomic batch.
type outcome int

const (
	stored  outcome = iota // it is in the stream
	present                // a message with this subject is there already: as good
	full                   // a limit of the stream or the server: later
	unknown                // no answer, or a passing fault: it may be stored or not
	refused                // never: the message or the stream is wrong
)

// JetStream's error codes (nats-server errors.json).
const (
	codeLimits           = 10077 // "maximum messages per subject exceeded" or another limit of the stream
	codeInsufficient     = 10023 // no room left in the server's store
	codeAccountLimits    = 10002 // nor in what the account may use of it
	codeStreamOffline    = 10118
	codeTempNotAvailable = 10008
	codeNotLeader        = 10009
	codeNoMessageFound   = 10057
	codeSequenceNotFound = 10043
)

// pubAck is the server's answer to a stored message.
type pubAck struct {
	Error *apiError `json:"error"`
	Seq   uint64    `json:"seq"`
}

type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return e.Description }

// judge classifies the answer to a publish.
func judge(reply *nats.Msg, err error) (outcome, error) {
	if err != nil {
		return unknown, err
	}
	// The common case without a JSON parser: {"stream":"...", "seq":...}
	if !strings.Contains(string(reply.Data[:min(len(reply.Data), 12)]), `"error"`) && strings.HasPrefix(string(reply.Data[:min(len(reply.Data), 10)]), `{"stream"`) {
		return stored, nil
	}
	var ack pubAck
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return unknown, fmt.Errorf("unreadable answer to a publish: %w", err)
	}
	if ack.Error == nil {
		return stored, nil
	}
	switch {
	case ack.Error.ErrCode == codeLimits && strings.Contains(ack.Error.Description, "per subject"):
		return present, nil
	case ack.Error.ErrCode == codeLimits, ack.Error.ErrCode == codeInsufficient, ack.Error.ErrCode == codeAccountLimits:
		return full, ack.Error
	case ack.Error.Code == 503, ack.Error.ErrCode == codeNotLeader, ack.Error.ErrCode == codeTempNotAvailable, ack.Error.ErrCode == codeStreamOffline:
		return unknown, ack.Error
	}
	return refused, ack.Error
}

// isFull reports whether the server has refused a write for lack of room.
func isFull(err error) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode {
	case codeInsufficient, codeAccountLimits:
		return true
	case codeLimits:
		return !strings.Contains(api.Description, "per subject")
	}
	return false
}

// A fullError is ErrFull with the server's reason, in words a user can act on.
type fullError struct{ cause error }

func (e *fullError) Error() string {
	var api *jetstream.APIError
	if errors.As(e.cause, &api) {
		return ErrFull.Error() + " (" + api.Description + ")"
	}
	return ErrFull.Error()
}

func (e *fullError) Unwrap() []error { return []error{ErrFull, e.cause} }

// message returns a message of this program.
func message(subject string, payload []byte) *nats.Msg {
	return &nats.Msg{Subject: subject, Header: schema.Header(), Data: payload}
}

// request sends m and waits for one answer, at most the link's timeout and not beyond a
// reconnect: then the error is errReconnected.
func (l *link) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	return l.requestWithin(ctx, l.timeout, m)
}

func (l *link) requestWithin(ctx context.Context, timeout time.Duration, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := l.untilReconnect(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	reply, err := l.ask(ctx, m)
	return reply, orReconnected(ctx, err)
}

// maxFlush is how long what was sent may take to arrive.
const maxFlush = time.Minute

// quickFlush is how soon it arrives on a line that is not slow: then it was the server that
// did not answer.
const quickFlush = time.Second

// flushed waits until all that was sent has arrived at the server, and reports whether
// it has: not if the connection is lost meanwhile.
func (l *link) flushed(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, maxFlush)
	defer cancel()
	return l.nc.FlushWithContext(ctx) == nil
}

// store publishes m until it is stored, or known to be there already. It gives up
// only when ctx ends or the server says that it never will. A full stream and a
// server that is away are waited for.
func (l *link) store(ctx context.Context, m *nats.Msg) error {
	pause, timeout := newPause(), l.timeout
	for {
		reply, err := l.requestWithin(ctx, timeout, m)
		if natsconn.IsTimeout(err) { // on a slow line it may still be on its way
			sent := time.Now()
			if l.flushed(ctx); time.Since(sent) > quickFlush {
				timeout = min(2*timeout, maxFlush)
			}
		}
		result, err := judge(reply, err)
		switch result {
		case stored, present:
			return nil
		case refused:
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
		if fatal := l.fatal(err); ctx.Err() == nil && fatal != nil {
			return fmt.Errorf("publish %s: %w", m.Subject, fatal)
		}
		l.log.Debug().Err(err).Str("subject", m.Subject).Msg("publish again")
		if errors.Is(err, errReconnected) {
			pause, timeout = newPause(), l.timeout
		}
		switch err := pause.wait(ctx); {
		case err != nil && result == full:
			return fmt.Errorf("publish %s: %w: %w", m.Subject, ErrFull, err)
		case err != nil:
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
	}
}

// fatal returns an error if err means that trying again is of no use.
func (l *link) fatal(err error) error {
	switch {
	case errors.Is(err, nats.ErrConnectionClosed):
		return explain(err)
	case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, nats.ErrBadSubject):
		return err
	}
	return nil
}

// A pause waits longer each time: 20 ms doubling to 2 s.
type pause struct{ next time.Duration }

func newPause() *pause { return &pause{next: 20 * time.Millisecond} }

func (p *pause) wait(ctx context.Context) error {
	d := p.next
	p.next = min(2*p.next, 2*time.Second)
	return sleep(ctx, d)
}

// sleep returns nil after d, or the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waitAtMost waits like wait, but never longer than most.
func (p *pause) waitAtMost(ctx context.Context, most time.Duration) error {
	p.next = min(p.next, most)
	return p.wait(ctx)
}
