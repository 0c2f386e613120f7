package stream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Limits of one batch. The server sets a batch aside until its commit, and takes at most 1000
// messages (nats-server, stream.go: streamDefaultMaxAtomicBatchSize).
const (
	MaxBatchCount = 500     // messages
	MaxBatchBytes = 4 << 20 // bytes of their payloads; a larger message is sent alone
)

// Limits of the batches whose answers StoreAll waits for at the same time. Of those that one connection sends, the
// server has no more than one begun and not committed, so its limit of 50 in a stream is not reached.
const (
	maxFlying      = 16
	maxFlyingBytes = MaxBatchBytes // a batch that is sent alone may have as many
)

// maxFullAttempts is how often a batch is sent whole to a full stream, about 0.3 s in all. Then its
// messages are sent one by one: they fit as soon as there is space for one.
const maxFullAttempts = 5

// A LeftFunc returns which of some messages still have to be stored, after a publish with an unknown outcome. It
// waits for a server that is unreachable.
type LeftFunc func(ctx context.Context, messages []*nats.Msg) ([]*nats.Msg, error)

// StoreAll stores the messages, all for the same stream. It sends atomic batches, and single messages where the
// server refuses a batch: because a message of it is stored already, or because the stream or the server does not
// support batches. Several batches are on their way at the same time, and are stored in their order unless the
// server refuses one. After an error any of the messages may be stored. The other rules are those of Store.
//
// left is for streams from which messages are removed: in them, a message that was stored, although its answer was
// lost, may be gone, so that the server does not refuse it as a duplicate. With nil, all messages with an
// unknown outcome are sent again.
func (l *Link) StoreAll(ctx context.Context, messages []*nats.Msg, left LeftFunc) error {
	var flying []*flight
	defer func() {
		for _, b := range flying {
			b.close()
		}
	}()
	for size := 0; len(messages) > 0 || len(flying) > 0; {
		for len(messages) > 0 && len(flying) < maxFlying {
			n, bytes := batchLength(messages)
			if len(flying) > 0 && size+bytes > maxFlyingBytes {
				break
			}
			flying, messages, size = append(flying, l.launch(messages[:n])), messages[n:], size+bytes
		}
		b := flying[0]
		result, err := b.wait(ctx)
		b.close()
		if err := l.settle(ctx, b.batch, left, result, err); err != nil {
			return err
		}
		_, bytes := batchLength(b.batch)
		flying, size = flying[1:], size-bytes
	}
	return nil
}

// StoreTogether stores the messages, all for the same stream, in one atomic batch if the server supports it, else one
// after the other: after an error the messages before some point are stored and those behind it are not. There are
// at most MaxBatchCount, of MaxBatchBytes together. The other rules are those of Store.
func (l *Link) StoreTogether(ctx context.Context, messages []*nats.Msg) error {
	if n, _ := batchLength(messages); n < len(messages) {
		return fmt.Errorf("internal error: %d messages do not fit into a batch", len(messages))
	}
	return l.StoreAll(ctx, messages, nil)
}

// batchLength returns how many of the messages the first batch takes, and their bytes: at least one, at most
// MaxBatchCount, and more than one only within MaxBatchBytes.
func batchLength(messages []*nats.Msg) (n, size int) {
	for n < len(messages) && n < MaxBatchCount && (n == 0 || size+len(messages[n].Data) <= MaxBatchBytes) {
		size += len(messages[n].Data)
		n++
	}
	return n, size
}

// settle stores a batch that was sent once, with that outcome. Without left, the messages of a batch with an unknown
// outcome are sent one by one, since each is a duplicate if the batch was stored.
func (l *Link) settle(ctx context.Context, batch []*nats.Msg, left LeftFunc, result outcome, err error) error {
	pause := NewPause()
	for attempt := 1; ; attempt++ {
		switch {
		case result == stored, result == duplicate && len(batch) == 1:
			return nil
		case result == duplicate, result == refused: // perhaps for a limit that single messages do not meet
			return l.storeSingly(ctx, batch, left)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), context.Cause(ctx))
		}
		if permanent := l.Permanent(err); permanent != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), permanent)
		}
		l.Log.Debug().Err(err).Int("messages", len(batch)).Msg("retry a batch")
		if result == unknown && left == nil || attempt >= maxFullAttempts {
			return l.storeSingly(ctx, batch, left)
		}
		if err := pause.Wait(ctx); err != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), err)
		}
		if result == unknown {
			if batch, err = left(ctx, batch); err != nil || len(batch) == 0 {
				return err
			}
		}
		b := l.launch(batch)
		result, err = b.wait(ctx)
		b.close()
	}
}

// storeSingly stores the messages one by one.
func (l *Link) storeSingly(ctx context.Context, batch []*nats.Msg, left LeftFunc) error {
	for _, m := range batch {
		for _, h := range []string{headerBatchID, headerBatchSequence, headerBatchCommit} {
			m.Header.Del(h)
		}
		m.Reply = ""
		if err := l.store(ctx, m, left); err != nil {
			return err
		}
	}
	return nil
}
