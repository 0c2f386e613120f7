package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
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

// Request sends m and waits for one answer, at most the link's timeout and not beyond a
// reconnect: then the error is ErrReconnected.
func (l *Link) Request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	return l.requestWithin(ctx, l.Timeout, m)
}

func (l *Link) requestWithin(ctx context.Context, timeout time.Duration, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := l.untilReconnect(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	reply, err := l.RawRequest(ctx, m)
	return reply, orReconnected(ctx, err)
}

// maxFlush is how long what was sent may take to arrive.
const maxFlush = time.Minute

// quickFlush is how soon it arrives on a line that is not slow: then it was the server that
// did not answer.
const quickFlush = time.Second

// Flushed waits until all that was sent has arrived at the server, and reports whether
// it has: not if the connection is lost meanwhile.
func (l *Link) Flushed(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, maxFlush)
	defer cancel()
	return l.NC.FlushWithContext(ctx) == nil
}

// Store publishes m until it is stored, or known to be there already. It gives up
// only when ctx ends or the server says that it never will. A full stream and a
// server that is away are waited for.
func (l *Link) Store(ctx context.Context, m *nats.Msg) error {
	pause, timeout := NewPause(), l.Timeout
	for {
		reply, err := l.requestWithin(ctx, timeout, m)
		if natsconn.IsTimeout(err) { // on a slow line it may still be on its way
			sent := time.Now()
			if l.Flushed(ctx); time.Since(sent) > quickFlush {
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
		if fatal := l.Permanent(err); ctx.Err() == nil && fatal != nil {
			return fmt.Errorf("publish %s: %w", m.Subject, fatal)
		}
		l.Log.Debug().Err(err).Str("subject", m.Subject).Msg("publish again")
		if errors.Is(err, ErrReconnected) {
			pause, timeout = NewPause(), l.Timeout
		}
		switch err := pause.Wait(ctx); {
		case err != nil && result == full:
			return fmt.Errorf("publish %s: %w: %w", m.Subject, ErrFull, err)
		case err != nil:
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
	}
}

// Permanent returns an error if err means that trying again is of no use.
func (l *Link) Permanent(err error) error {
	switch {
	case errors.Is(err, nats.ErrConnectionClosed):
		return Explain(err)
	case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, nats.ErrBadSubject):
		return err
	}
	return nil
}

// A Pause waits longer each time: 20 ms doubling to 2 s.
type Pause struct{ next time.Duration }

// NewPause returns the pause before the first repetition.
func NewPause() *Pause { return &Pause{next: 20 * time.Millisecond} }

// Wait returns nil when the pause is over, or the cause of ctx's end.
func (p *Pause) Wait(ctx context.Context) error {
	d := p.next
	p.next = min(2*p.next, 2*time.Second)
	return Sleep(ctx, d)
}

// Sleep returns nil after d, or the cause of ctx's end.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WaitAtMost waits like wait, but never longer than most.
func (p *Pause) WaitAtMost(ctx context.Context, most time.Duration) error {
	p.next = min(p.next, most)
	return p.Wait(ctx)
}
