package stream

import (
	"context"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// An atomic batch (ADR-50) is stored whole or not at all, with one write to disk.
const (
	MaxBatchCount = 500     // messages
	MaxBatchBytes = 4 << 20 // of their payloads

	fullTries = 5 // of a whole batch in a full stream

	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// StoreAll stores the messages, all for the same stream, in order: in atomic batches
// where that works, one by one where a batch is refused because a part of it is
// there already.
func (l *Link) StoreAll(ctx context.Context, messages []*nats.Msg) error {
	for len(messages) > 0 {
		n, size := 0, 0
		for n < len(messages) && n < MaxBatchCount && (n == 0 || size+len(messages[n].Data) <= MaxBatchBytes) {
			size += len(messages[n].Data)
			n++
		}
		if err := l.storeBatch(ctx, messages[:n]); err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

func (l *Link) storeBatch(ctx context.Context, batch []*nats.Msg) error {
	if len(batch) == 1 {
		return l.Store(ctx, batch[0])
	}
	pause := NewPause()
	for try := 1; ; try++ {
		switch result, err := l.tryBatch(ctx, batch); result {
		case stored:
			return nil
		case full, unknown:
			if ctx.Err() != nil {
				return fmt.Errorf("publish %d messages: %w", len(batch), context.Cause(ctx))
			}
			if fatal := l.Permanent(err); fatal != nil {
				return fmt.Errorf("publish %d messages: %w", len(batch), fatal)
			}
			l.Log.Debug().Err(err).Int("messages", len(batch)).Msg("publish the batch again")
			// An unknown batch may have been stored: then every subject is taken. One that
			// finds no room as a whole goes in as others make room.
			if result == unknown || try >= fullTries {
				return l.storeSingly(ctx, batch)
			}
		default: // present, or a limit that single messages do not meet
			return l.storeSingly(ctx, batch)
		}
		if err := pause.Wait(ctx); err != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), err)
		}
	}
}

func (l *Link) storeSingly(ctx context.Context, batch []*nats.Msg) error {
	for _, m := range batch {
		for _, h := range []string{headerBatchID, headerBatchSequence, headerBatchCommit} {
			m.Header.Del(h)
		}
		if err := l.Store(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// tryBatch sends the batch once. The first and the last message are requests: the
// first answer says that the server takes the batch, the last that it is stored.
func (l *Link) tryBatch(ctx context.Context, batch []*nats.Msg) (outcome, error) {
	id := nuid.Next()
	for i, m := range batch {
		m.Header.Set(headerBatchID, id)
		m.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		m.Header.Del(headerBatchCommit)
		switch {
		case i == len(batch)-1:
			m.Header.Set(headerBatchCommit, "1")
			return judge(l.Request(ctx, m))
		case i == 0:
			reply, err := l.Request(ctx, m)
			if err != nil {
				return full, err // nothing was committed
			}
			if len(reply.Data) > 0 {
				result, err := judge(reply, nil)
				if result == stored { // a server that knows no batches: it has this one message
					result = present
				}
				return result, err
			}
		default:
			if err := l.NC.PublishMsg(m); err != nil {
				return full, err
			}
		}
	}
	panic("stream: internal error: empty batch")
}
