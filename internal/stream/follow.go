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
	Seq     uint64 // sequence in the stream, from 1
	Data    []byte
}

// A Source names what is followed: the messages of a stream whose subjects match the filter.
type Source struct {
	Stream, Filter string
	Latest         bool // of the messages stored so far, only the last one of each subject
}

// longestFollowPause is the longest pause between two consumers. A follower must find a server that is
// back within seconds, and may ask more often than a publisher.
const longestFollowPause = 500 * time.Millisecond

// Follow calls deliver with the messages of the source, first those that are stored and then new ones
// as they come. It returns when ctx ends, with the cause; when deliver returns an error, with that; or
// when the connection is closed for good. A server that is down or restarts is waited for, except
// before the first consumer was made, if the server refuses to make it.
//
// deliver gets the messages in the order of the stream. A batch may be empty if only last has moved.
// After deliver(batch, last) has returned, all messages of the source up to the sequence last have been
// delivered, apart from those deleted before. Each is delivered once; only if the server has lost
// messages (see checkStream) the whole stream is delivered again. deliver may keep the batch.
//
// onCaughtUp is called once, as soon as no stored message is left to deliver. It may be nil. Both
// functions are called by the goroutine that called Follow.
//
// The ordered consumer of nats.go would do the same, but can be silent for 30 s after a reconnect:
// each of its attempts to make a consumer takes up to 10 s even if the connection is lost meanwhile,
// and its pauses grow to 10 s, during which it does not see the end of ctx.
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
