package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

const (
	// If this process is killed, other sweepers receive the messages of its request only after the durable's ack wait.
	// So it requests only a few.
	sweepAhead = 8
	sweepWait  = 10 * time.Second // for which a request waits for messages
	sweepGrace = 2 * time.Second  // by which the end of a request may come late
)

// next sends one pull request and processes the messages that come for it, until it has ended. The subscription has
// room for all of them, so that none is dropped, however long the processing of one takes. nats.go's
// MessagesContext drops some then, because its heartbeats take the room.
//
// When ctx ends, the request is withdrawn, and messages that the server has sent meanwhile are nak'ed, so that another
// sweeper has them at once.
func (s *sweeper) next(ctx context.Context) error {
	link := s.f.link
	answers, cancel := context.WithTimeout(link.AnswerContext(), sweepWait+sweepGrace) // begins before the request is sent
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	inbox, messages := link.NC.NewInbox(), make(chan *nats.Msg, sweepAhead+1) // one more for the end of the request
	sub, err := link.NC.ChanSubscribe(inbox, messages)
	if err != nil {
		return err
	}
	defer func() {
		link.Withdraw(sub)
		for len(messages) > 0 {
			if m := <-messages; m.Reply != "" {
				m.Nak()
			}
		}
	}()
	body := fmt.Appendf(nil, `{"batch":%d,"expires":%d}`, sweepAhead, sweepWait.Nanoseconds())
	subject := link.API + "CONSUMER.MSG.NEXT." + schema.StreamReturns + "." + schema.DurableSweeper
	if err := link.NC.PublishRequest(subject, inbox, body); err != nil {
		return err
	}
	for range sweepAhead {
		m := stream.Next(answers, messages)
		switch {
		case m == nil: // the session or ctx has ended, or the end of the request was lost
			return nil
		case m.Reply == "":
			return endOfRequest(m)
		case ctx.Err() != nil:
			m.Nak()
		default:
			s.settle(ctx, sweptMessage{m: m})
		}
	}
	return nil
}

// endOfRequest returns the error of a pull request that the server has ended with the status m, nil if its time is over.
func endOfRequest(m *nats.Msg) error {
	if status := m.Header.Get("Status"); status != "408" && status != "404" {
		return fmt.Errorf("the server ended a pull request: %s %s", status, m.Header.Get("Description"))
	}
	return nil
}

// A sweptMessage is a message of FACTOR_RETURNS. It has the methods of jetstream.Msg that the sweeper uses.
type sweptMessage struct {
	jetstream.Msg // nil
	m             *nats.Msg
}

func (s sweptMessage) Subject() string                     { return s.m.Subject }
func (s sweptMessage) Data() []byte                        { return s.m.Data }
func (s sweptMessage) Ack() error                          { return s.m.Ack() }
func (s sweptMessage) Nak() error                          { return s.m.Nak() }
func (s sweptMessage) NakWithDelay(d time.Duration) error  { return s.m.NakWithDelay(d) }
func (s sweptMessage) DoubleAck(ctx context.Context) error { return s.m.AckSync(nats.Context(ctx)) }

// Metadata reads what the server says of the delivery.
func (s sweptMessage) Metadata() (*jetstream.MsgMetadata, error) {
	at, err := s.m.Metadata()
	if err != nil {
		return nil, err
	}
	return &jetstream.MsgMetadata{
		Sequence:     jetstream.SequencePair{Consumer: at.Sequence.Consumer, Stream: at.Sequence.Stream},
		NumDelivered: at.NumDelivered, NumPending: at.NumPending, Timestamp: at.Timestamp,
		Stream: at.Stream, Consumer: at.Consumer, Domain: at.Domain,
	}, nil
}
