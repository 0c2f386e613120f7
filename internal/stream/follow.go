package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"factorfleet/internal/natsconn"
)

// A Message is one of a followed stream.
type Message struct {
	Subject string
	Header  nats.Header
	Seq     uint64 // its sequence in the stream
	Data    []byte
}

// A Source is what is followed: the messages of a stream that match the filter.
type Source struct {
	Stream, Filter string
	Latest         bool // of those stored by now only the last of each subject
}

// What is handed over at once, and what may be on its way to this process: large
// messages, which strangers may have written, are bounded by their bytes.
const (
	followBatch = 256
	followAhead = 1024
	followBytes = 16 << 20
)

const (
	followWait  = 2 * time.Second // how long a request waits for the first message
	followGrace = 2 * time.Second // how much later its end may arrive
	followPause = 500 * time.Millisecond
)

// Follow calls got with the messages of the source, from the first stored on and as
// they come, in order, until ctx ends or got returns an error. Batches hold what has
// arrived, last is the sequence up to which that is all; got may keep the batch.
// caughtUp is called once when no stored message is left unseen; it may be nil.
//
// A server that is away or starts anew is waited for, and seen to be back within
// seconds. nats.go's ordered consumer is not used because it may wait for half a
// minute then: it gives each attempt to make a consumer ten seconds even if the
// connection was lost meanwhile, and doubles the pause between two up to ten more, in
// which it does not heed the end of its user either.
func (l *Link) Follow(ctx context.Context, s Source, got func(batch []Message, last uint64) error, caughtUp func()) error {
	w := &follower{link: l, Source: s, got: got, caughtUp: caughtUp}
	defer w.close()
	for pause := NewPause(); ; {
		before := w.last
		err := w.read(ctx)
		var refusal *userError
		switch {
		case errors.As(err, &refusal):
			return refusal.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case l.NC.IsClosed():
			return fmt.Errorf("follow %s: %w", s.Filter, natsconn.ErrClosed)
		case !w.opened && !isPassing(err):
			return fmt.Errorf("follow %s: %w", s.Filter, Explain(err))
		}
		l.Log.Debug().Err(err).Str("filter", s.Filter).Uint64("last", w.last).Msg("follow anew")
		if w.last > before {
			pause = NewPause()
		}
		if err := pause.WaitAtMost(ctx, followPause); err != nil {
			return err
		}
	}
}

// A follower reads a stream with consumers of its own, one after the other. Each
// begins behind the last message that was seen, lives in the server's memory, and is
// asked for messages by one request at a time. When anything is strange there is a
// new one: the connection was lost, a message is missing, a request has no end.
type follower struct {
	link *Link
	Source
	got      func([]Message, uint64) error
	caughtUp func() // nil once it was called

	messages chan *nats.Msg
	session  *session // of the connection that the consumer was made on

	last     uint64 // sequence of the last message seen
	told     uint64 // and of the last that got knows of
	opened   bool   // there was a consumer, ever
	batch    []Message
	size     int // bytes of batch
	consumer string
	at       position // of the consumer
	sub      *nats.Subscription
	requests uint64
	left     int // messages that the request may still bring
}

// A userError is one of the function that gets the messages.
type userError struct{ error }

// read makes a consumer and reads from it until something goes wrong.
func (w *follower) read(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := w.request(); err != nil {
			return errors.Join(err, w.handOver())
		}
		if err := w.handOver(); err != nil { // while more is on its way
			return err
		}
		if err := w.finish(ctx); err != nil {
			if ctx.Err() == nil {
				err = errors.Join(err, w.handOver())
			}
			return err
		}
	}
	return context.Cause(ctx)
}

// open makes a consumer that begins behind the last message seen.
func (w *follower) open(ctx context.Context) error {
	w.close()
	w.session = w.link.sessions.current.Load()
	w.messages = make(chan *nats.Msg, 2*followAhead)
	sub, err := w.link.NC.ChanSubscribe(w.link.NC.NewInbox()+".*", w.messages)
	if err != nil {
		return err
	}
	w.sub = sub
	ctx, cancel := w.link.untilReconnect(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, w.link.Timeout)
	defer stop()
	return orReconnected(ctx, w.create(ctx))
}

// create makes the consumer.
func (w *follower) create(ctx context.Context) error {
	if err := w.checkStream(ctx); err != nil {
		return err
	}
	w.consumer = nuid.Next()
	config := jetstream.ConsumerConfig{
		Name: w.consumer, FilterSubject: w.Filter, AckPolicy: jetstream.AckNonePolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: w.last + 1,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	}
	if w.Latest && w.last == 0 {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
	}
	c, err := w.link.JS.CreateOrUpdateConsumer(ctx, w.Stream, config)
	if err != nil {
		return err
	}
	w.opened = true
	w.at = position{pending: c.CachedInfo().NumPending}
	w.checkCaughtUp()
	return nil
}

// checkStream has the stream read from its first message on if it ends before the last
// message seen: after a power cut, or when an older store was put in its place, numbers
// are given anew. Whoever reads can tell what is there twice.
func (w *follower) checkStream(ctx context.Context) error {
	if w.last == 0 {
		return nil
	}
	s, err := w.link.JS.Stream(ctx, w.Stream)
	if err != nil {
		return err
	}
	if end := s.CachedInfo().State.LastSeq; end < w.last {
		w.link.Log.Warn().Str("stream", w.Stream).Uint64("seen", w.last).Uint64("last", end).Msg("the server has lost messages: reading all again")
		w.last, w.told = 0, 0
	}
	return nil
}

// close forgets the consumer and tells the server so, without waiting: else it would
// keep it for a while, and a stream has only so many.
func (w *follower) close() {
	if w.sub == nil {
		return
	}
	w.sub.Unsubscribe()
	w.sub = nil
	w.link.NC.PublishRequest(w.link.API+"CONSUMER.DELETE."+w.Stream+"."+w.consumer, w.link.NC.NewInbox(), nil)
}

// request asks for messages: for what is there, or if that is nothing, for the first
// that comes. What was announced is asked for without waiting, since somebody may have
// deleted it.
func (w *follower) request() error {
	wait := followWait
	if w.at.pending > 0 {
		wait = 0
	}
	w.requests++
	w.left = followAhead
	body := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,"no_wait":true,"expires":%d}`, followAhead, followBytes, wait.Nanoseconds())
	subject := w.link.API + "CONSUMER.MSG.NEXT." + w.Stream + "." + w.consumer
	return w.link.NC.PublishRequest(subject, w.reply(), body)
}

// reply returns where the messages of the request are sent to.
func (w *follower) reply() string {
	return strings.TrimSuffix(w.sub.Subject, "*") + strconv.FormatUint(w.requests, 36)
}

// finish reads to the end of the request.
func (w *follower) finish(ctx context.Context) error {
	timer := time.NewTimer(followWait + followGrace)
	defer timer.Stop()
	for w.left > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.session.Done():
			return ErrReconnected
		case <-timer.C:
			// On a slow line it may still be on its way.
			if !w.link.Flushed(ctx) || len(w.messages) == 0 {
				return errSilent
			}
		case m := <-w.messages:
			status := m.Header.Get("Status")
			if len(m.Data) > 0 || status == "" {
				if err := w.take(m); err != nil {
					return err
				}
			} else if m.Subject == w.reply() { // else the late end of an earlier request
				return w.ended(status, m)
			}
		}
		timer.Reset(followWait + followGrace)
	}
	return nil
}

// take adds a message to the batch.
func (w *follower) take(m *nats.Msg) error {
	at := positionOf(m.Reply)
	if at.delivered != w.at.delivered+1 || at.seq <= w.last {
		return errGap
	}
	w.at, w.last = at, at.seq
	w.left--
	w.batch = append(w.batch, Message{Subject: m.Subject, Header: m.Header, Seq: at.seq, Data: m.Data})
	w.size += len(m.Data)
	if len(w.batch) >= followBatch || w.size >= followBytes {
		return w.handOver()
	}
	return nil
}

// ended deals with the end of a request.
func (w *follower) ended(status string, m *nats.Msg) error {
	description := m.Header.Get("Description")
	switch status {
	case "404": // nothing is left; what was announced is deleted, or lost
		if w.at.pending > 0 {
			return errGap
		}
	case "408", "409":
		left, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages"))
		if err != nil {
			return fmt.Errorf("the server ended a request for messages: %s", description)
		}
		if left != w.left {
			return errGap
		}
	default:
		return fmt.Errorf("the server answered a request for messages with %s %s", status, description)
	}
	w.left = 0
	return nil
}

// handOver gives what has come to the user.
func (w *follower) handOver() error {
	if w.last > w.told {
		batch := w.batch
		w.batch, w.size, w.told = nil, 0, w.last
		if err := w.got(batch, w.last); err != nil {
			return &userError{err}
		}
	}
	w.checkCaughtUp()
	return nil
}

func (w *follower) checkCaughtUp() {
	if w.at.pending == 0 && w.told == w.last && w.caughtUp != nil {
		w.caughtUp()
		w.caughtUp = nil
	}
}
