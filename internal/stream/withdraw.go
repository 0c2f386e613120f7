package stream

import (
	"context"

	"github.com/nats-io/nats.go"
)

// Withdraw ends a subscription of nats.Conn.ChanSubscribe, and with it the pull requests that wait on it. When it
// returns, what the server has sent before is in the channel, unless the connection is lost or the server does not
// answer within Link.Timeout.
//
// What the server is sending in that moment it redelivers: at once if the leader of the consumer is the server of the
// connection, else after the consumer's ack wait. That counts as a delivery.
func (l *Link) Withdraw(sub *nats.Subscription) {
	defer sub.Unsubscribe() // if there is no connection, or the ping gets no answer
	if !l.NC.IsConnected() || sub.Drain() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.AnswerContext(), l.Timeout)
	defer cancel()
	l.NC.FlushWithContext(ctx)
}

// Next returns the next message of a channel, or nil after the end of ctx, once all that has come is taken.
func Next(ctx context.Context, messages <-chan *nats.Msg) *nats.Msg {
	select {
	case m := <-messages:
		return m
	default:
	}
	select {
	case m := <-messages:
		return m
	case <-ctx.Done():
		return nil
	}
}
