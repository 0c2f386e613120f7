package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// A follower reads a stream with pull consumers of its own, one after the other. Each consumer begins
// behind the last message that was received, and is asked for messages by one request at a time:
//
//	           checkStream, create             request; hand over the previous batch
//	closed ───────────────────────────> open ──────────────────────────────────────> reading
//	  ^                                  ^                                              │
//	  │                                  └──────────────────────────────────────────────┤
//	  │                                     the request ended, all messages came        │
//	  └─────────────────────────────────────────────────────────────────────────────────┘
//	    pause of 20 to 500 ms: the connection was lost, a message is missing,
//	    or the request has no end
//
// The next request is sent before the previous batch is handed over. So its messages are on their way
// while deliver works, and a round trip costs no time.
//
// The goroutine that called Follow owns all fields. The client library's goroutine only sends to the
// channel messages, whose capacity is more than what one request can bring.
//
// A message can be lost between server and process: the server drops what a slow client does not read,
// and nats.go drops what does not fit into a channel. Three checks detect that. The consumer counts its
// deliveries without gaps; the sequences of the stream grow; the end of a request says how many
// messages it did not send. After a gap a new consumer begins behind the last message received.
type follower struct {
	link *Link
	Source
	deliver    func([]Message, uint64) error // see Follow
	onCaughtUp func()                        // nil once it was called

	// Progress. It survives the consumer.
	received   uint64    // sequence of the last message received
	handedOver uint64    // and of the last one that deliver knows of; at most received
	opened     bool      // a consumer was made, at least once
	lost       bool      // checkStream has found that the server has lost messages, before the present consumer
	batch      []Message // received and not handed over
	batchBytes int       // bytes of their payloads

	// The consumer. open sets all of this for each new one.
	consumer string   // name
	session  *session // in which the consumer was made
	sub      *nats.Subscription
	messages chan *nats.Msg
	at       Reply // of the last message received from it

	// The request that runs.
	requests    uint64 // number of the request, over all consumers
	outstanding int    // messages that it may still bring
}

// inactiveConsumer is the time after which the server removes a consumer whose follower is gone.
const inactiveConsumer = time.Minute

// read makes a consumer and reads from it until something fails. What was received by then is handed
// over before it returns.
func (f *follower) read(ctx context.Context) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := f.request(); err != nil {
			return errors.Join(err, f.handOver())
		}
		if err := f.handOver(); err != nil {
			return err
		}
		if err := f.finish(ctx); err != nil {
			if ctx.Err() == nil {
				err = errors.Join(err, f.handOver())
			}
			return err
		}
	}
	return context.Cause(ctx)
}

// open makes a consumer in the current session.
func (f *follower) open(ctx context.Context) error {
	f.close()
	f.session = f.link.sessions.current.Load()
	f.messages = make(chan *nats.Msg, 2*requestCount)
	sub, err := f.link.NC.ChanSubscribe(f.link.NC.NewInbox()+".*", f.messages)
	if err != nil {
		return err
	}
	f.sub = sub
	ctx, cancel := f.link.untilReconnect(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, f.link.Timeout)
	defer stop()
	return orReconnected(ctx, f.create(ctx))
}

// create makes a consumer that begins behind the last message received. The consumer is one replica in
// the memory of the server: to make it is cheap, and it holds no state that is worth keeping.
func (f *follower) create(ctx context.Context) error {
	if err := f.checkStream(ctx); err != nil {
		return err
	}
	if f.New && !f.opened {
		if err := f.skipStored(ctx); err != nil {
			return err
		}
	}
	f.consumer = nuid.Next()
	config := jetstream.ConsumerConfig{
		Name: f.consumer, FilterSubject: f.Filter, AckPolicy: jetstream.AckNonePolicy,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: f.received + 1,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: inactiveConsumer,
	}
	if f.Latest && f.received == 0 {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
	}
	if !f.Since.IsZero() && f.received == 0 {
		config.DeliverPolicy, config.OptStartSeq, config.OptStartTime = jetstream.DeliverByStartTimePolicy, 0, &f.Since
	}
	c, err := f.link.JS.CreateOrUpdateConsumer(ctx, f.Stream, config)
	if err != nil {
		return err
	}
	if f.opened && f.Reopened != nil {
		f.Reopened(f.lost)
	}
	f.opened, f.lost = true, false
	f.at = Reply{Pending: c.CachedInfo().NumPending}
	f.checkCaughtUp()
	return nil
}

// skipStored lets the first consumer begin behind what is stored. A consumer that is made anew before the first message
// came begins there, too.
func (f *follower) skipStored(ctx context.Context) error {
	s, err := f.link.JS.Stream(ctx, f.Stream)
	if err == nil {
		f.received = s.CachedInfo().State.LastSeq
		f.handedOver = f.received
	}
	return err
}

// checkStream compares the end of the stream with the last message received. A stream that ends before
// it has lost messages: after a power cut, or because an older store was put in its place. Its
// sequences are then given to other messages, so the stream is read again from its first message on.
// Callers recognise the messages that they have had.
func (f *follower) checkStream(ctx context.Context) error {
	if f.received == 0 {
		return nil
	}
	s, err := f.link.JS.Stream(ctx, f.Stream)
	if err != nil {
		return err
	}
	if end := s.CachedInfo().State.LastSeq; end < f.received {
		f.link.Log.Warn().Str("stream", f.Stream).Uint64("received", f.received).Uint64("last", end).
			Msg("the server has lost messages of a stream: reading the stream again")
		f.received, f.handedOver, f.lost = 0, 0, true
	}
	return nil
}

// close drops the consumer and asks the server to delete it, without waiting for the answer. Else it
// would count against the server's limit of consumers for another minute.
func (f *follower) close() {
	if f.sub == nil {
		return
	}
	f.sub.Unsubscribe()
	f.sub = nil
	f.link.NC.PublishRequest(f.link.API+"CONSUMER.DELETE."+f.Stream+"."+f.consumer, f.link.NC.NewInbox(), nil)
}

// handOver gives deliver the messages that it does not know yet.
func (f *follower) handOver() error {
	if f.received > f.handedOver {
		batch := f.batch
		f.batch, f.batchBytes, f.handedOver = nil, 0, f.received
		if err := f.deliver(batch, f.received); err != nil {
			return &deliverError{err}
		}
	}
	f.checkCaughtUp()
	return nil
}

// checkCaughtUp calls onCaughtUp when the consumer has no message left and deliver knows all.
func (f *follower) checkCaughtUp() {
	if f.at.Pending == 0 && f.handedOver == f.received && f.onCaughtUp != nil {
		f.onCaughtUp()
		f.onCaughtUp = nil
	}
}
