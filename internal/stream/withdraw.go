package stream

import (
	"context"

	"github.com/nats-io/nats.go"
)

// Withdraw ends a subscription of nats.Conn.SubscribeSync, and with it the pull requests that wait on it. It calls take
// with each message that the server has sent before, for as long as Link.Timeout at most. What the server was sending
// in that moment it redelivers: at once if the leader of the consumer is the server of the connection, else after
// the consumer's ack wait. That counts as a delivery.
func (l *Link) Withdraw(sub *nats.Subscription, take func(*nats.Msg)) {
	if sub.Drain() != nil { // the connection is closed: nothing comes any more
		return
	}
	defer sub.Unsubscribe() // in case the ping gets no answer
	ctx, cancel := context.WithTimeout(l.AnswerContext(), l.Timeout)
	defer cancel()
	if l.NC.FlushWithContext(ctx) != nil {
		return
	}
	for n, _, err := sub.Pending(); err == nil && n > 0; n, _, err = sub.Pending() {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return
		}
		take(m)
	}
}
