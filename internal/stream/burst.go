package stream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Limits of the messages whose answers StoreEach waits for at the same time. The server keeps what it has not stored
// yet in memory, and refuses messages beyond 10,000 of all clients (nats-server, stream.go: streamDefaultMaxQueueMsgs).
const (
	burstCount = 256 // messages of one burst
	maxBursts  = 8   // on their way; together they have at most maxFlyingBytes, or one message
)

// StoreEach stores the messages, all for the same stream, each for itself, and waits for the answers to many of them
// together. They are stored in their order, apart from those that the server does not store at the first attempt. The
// other rules are those of StoreAll: see Ways for which of the two is faster.
func (l *Link) StoreEach(ctx context.Context, messages []*nats.Msg, left LeftFunc) error {
	var flying []*burst
	defer func() {
		for _, b := range flying {
			b.close()
		}
	}()
	for size := 0; len(messages) > 0 || len(flying) > 0; {
		for len(messages) > 0 && len(flying) < maxBursts {
			n, bytes := burstLength(messages)
			if len(flying) > 0 && size+bytes > maxFlyingBytes {
				break
			}
			flying, messages, size = append(flying, l.launchEach(messages[:n], bytes)), messages[n:], size+bytes
		}
		b := flying[0]
		err := b.wait(ctx)
		b.close()
		if err := b.settle(ctx, left, err); err != nil {
			return err
		}
		flying, size = flying[1:], size-b.bytes
	}
	return nil
}

// burstLength returns how many of the messages the next burst has, at least one, and their bytes.
func burstLength(messages []*nats.Msg) (n, size int) {
	n, size = batchLength(messages[:min(len(messages), burstCount)])
	return n, size
}

// A burst is messages that were sent once, each with a reply subject of its own, and whose answers are waited for.
type burst struct {
	link     *Link
	messages []*nats.Msg
	bytes    int                // of their payloads
	outcomes []outcome          // of messages; unknown until the answer has come
	session  context.Context    // ends when an answer can no longer come
	sub      *nats.Subscription // nil if it could not be made
	answers  chan *nats.Msg     // has room for all
	err      error              // why a message could not be sent
}

// launchEach sends messages of that many bytes. The caller must call close.
func (l *Link) launchEach(messages []*nats.Msg, bytes int) *burst {
	b := &burst{
		link: l, messages: messages, bytes: bytes, outcomes: make([]outcome, len(messages)),
		session: l.sessions.current.Load(), answers: make(chan *nats.Msg, len(messages)),
	}
	for i := range b.outcomes {
		b.outcomes[i] = unknown
	}
	inbox := l.NC.NewInbox() + "."
	if b.sub, b.err = l.NC.ChanSubscribe(inbox+"*", b.answers); b.err != nil {
		return b
	}
	for i, m := range messages {
		m.Reply = inbox + strconv.Itoa(i)
		if b.err = l.NC.PublishMsg(m); b.err != nil {
			return b
		}
	}
	return b
}

// close ends the wait for answers.
func (b *burst) close() {
	if b.sub != nil {
		b.sub.Unsubscribe()
		b.sub = nil
	}
}

// wait waits until all messages are answered. An error says why the remaining answers are not waited for: none has come
// for Link.Timeout although the server has all messages, the connection was lost, a message could not be sent, or ctx has ended.
func (b *burst) wait(ctx context.Context) error {
	if b.err != nil {
		return b.err
	}
	prefix := len(b.sub.Subject) - len("*")
	timer := time.NewTimer(b.link.Timeout)
	defer timer.Stop()
	flushed := false
	for left := len(b.messages); left > 0; {
		select {
		case m := <-b.answers:
			if b.take(m, m.Subject[prefix:]) {
				left--
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-b.session.Done():
			return ErrReconnected
		case <-timer.C:
			// On a slow network the answers may come together with that to the flush.
			if flushed || !b.link.Flushed(ctx) {
				return context.DeadlineExceeded
			}
			flushed = true
		}
		timer.Reset(b.link.Timeout)
	}
	return nil
}

// take notes the answer to the message of that index, in decimal. It returns false if it is the answer to none.
func (b *burst) take(m *nats.Msg, index string) bool {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(b.messages) || b.outcomes[i] != unknown {
		return false
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		b.outcomes[i] = notStored
		return true
	}
	result, err := classify(m, nil)
	if result == unknown { // an answer all the same: the message is sent again
		b.link.Log.Debug().Err(err).Str("subject", b.messages[i].Subject).Msg("retry a publish")
		return true
	}
	b.outcomes[i] = result
	return true
}

// settle stores those messages that were not stored at once, one by one. err is that of wait.
func (b *burst) settle(ctx context.Context, left LeftFunc, err error) error {
	var again, doubtful []*nats.Msg
	for i, m := range b.messages {
		switch m.Reply = ""; b.outcomes[i] {
		case stored, duplicate:
		case unknown:
			doubtful = append(doubtful, m)
		default:
			again = append(again, m)
		}
	}
	if len(again)+len(doubtful) == 0 {
		return nil
	}
	b.link.Log.Debug().Err(err).Int("messages", len(again)+len(doubtful)).Msg("retry messages one by one")
	if ctx.Err() != nil {
		return fmt.Errorf("publish %d messages: %w", len(again)+len(doubtful), context.Cause(ctx))
	}
	if permanent := b.link.Permanent(err); err != nil && permanent != nil {
		return fmt.Errorf("publish %d messages: %w", len(again)+len(doubtful), permanent)
	}
	if left != nil && len(doubtful) > 0 {
		if doubtful, err = left(ctx, doubtful); err != nil {
			return err
		}
	}
	for _, m := range append(again, doubtful...) {
		if err := b.link.store(ctx, m, left); err != nil {
			return err
		}
	}
	return nil
}
