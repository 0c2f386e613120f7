package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
)

// A Message is one message of a followed stream.
type Message struct {
	Subject string
	Header  nats.Header
	Seq     uint64    // sequence in the stream, from 1
	Stored  time.Time // by the server's clock
	Data    []byte
}

// A Source names what is followed: the messages of a stream whose subjects match the filter.
type Source struct {
	Stream, Filter string
	Latest         bool // of the messages stored so far, only the last one of each subject

	// Of the messages stored so far, those of Since and later, by the server's clock, or none with New. At most one of
	// Latest, Since and New is set.
	Since time.Time
	New   bool

	// Reopened is called with each consumer but the first. What was stored and deleted again before the new consumer
	// reached it is missing. lost: the server has lost messages, and the stream is delivered again. It may be nil.
	Reopened func(lost bool)
}

// longestFollowPause is the longest pause between two consumers. A follower must find a server that is
// back within seconds, and may ask more often than a publisher.
const longestFollowPause = 500 * time.Millisecond

// Follow calls deliver with the messages of the source, first those that are stored and then new ones
// as they come. It returns when ctx ends, with the cause; when deliver returns an error, with that; or
// when the connection is closed for good. A server that is down or restarts is waited for, except
// before the first consumer was made, if the server refuses to make it.
//
// What deliver can rely on:
//
//   - Order: sequences grow, within a batch and from one batch to the next.
//   - Complete: after deliver(batch, last) all messages of the source up to the sequence last have been
//     delivered, apart from those deleted before. last is that of the batch's last message.
//   - Once: no message is delivered twice, also after a reconnect. The exception is a server that has
//     lost messages: then the whole stream is delivered again, from its first message. See checkStream.
//   - With Latest, only the first consumer leaves out older messages of a subject; later ones begin
//     behind the last message received.
//   - One goroutine: deliver and onCaughtUp are called by the goroutine that called Follow. deliver may
//     keep the batch. While it runs, the messages of one request gather, at most.
//
// onCaughtUp is called once, as soon as no stored message is left to deliver. It may be nil.
//
// The ordered consumer of nats.go would do the same, but can be silent for 30 s after a reconnect: each
// of its attempts to make a consumer takes up to 10 s even if the connection is lost meanwhile, and its
// pauses grow to 10 s, during which it does not see the end of ctx. After a restart of the server it
// delivered again after 8.6 s, this one after 0.4 s (measured with nats-server 2.15.2).
func (l *Link) Follow(ctx context.Context, s Source, deliver func(batch []Message, last uint64) error, onCaughtUp func()) error {
	f := &follower{link: l, Source: s, deliver: deliver, onCaughtUp: onCaughtUp}
	defer f.close()
	for pause := NewPause(); ; {
		before := f.received
		err := f.read(ctx)
		var refusal *deliverError
		switch {
		case errors.As(err, &refusal):
			return refusal.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case l.NC.IsClosed():
			return fmt.Errorf("follow %s: %w", s.Filter, natsconn.ErrClosed)
		case !f.opened && !isTransient(err):
			return fmt.Errorf("follow %s: %w", s.Filter, Explain(err))
		}
		l.Log.Debug().Err(err).Str("filter", s.Filter).Uint64("received", f.received).Msg("follow with a new consumer")
		if f.received > before {
			pause = NewPause()
		}
		if err := pause.WaitAtMost(ctx, longestFollowPause); err != nil {
			return err
		}
	}
}

// A deliverError is an error that deliver has returned.
type deliverError struct{ error }
