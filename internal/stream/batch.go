package stream

import (
	"context"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// An atomic batch (ADR-50 of NATS) is stored whole or not at all, and written to disk once. The
// messages of a batch have three headers: the batch's id, their number in it from 1, and at the last
// message the commit. The server answers twice, and no other message has a reply subject:
//
//	client                                    server
//	message 1      (id, 1)             -->
//	                                   <--    empty answer: the batch has begun
//	message 2      (id, 2)             -->    set aside
//	...
//	message n      (id, n, commit)     -->
//	                                   <--    answer to a publish: all n are stored, or the error
//
// A batch is refused as a whole if one of its messages is a duplicate. One batch costs two round trips
// and one write to disk, whatever its size.
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// Limits of one batch. The server sets a batch aside until its commit, and takes at most 1000
// messages (nats-server, stream.go: streamDefaultMaxAtomicBatchSize).
const (
	MaxBatchCount = 500     // messages
	MaxBatchBytes = 4 << 20 // bytes of their payloads; a larger message is sent alone
)

// maxFullAttempts is how often a batch is sent whole to a full stream, about 0.3 s in all. Then its
// messages are sent one by one: they fit as soon as there is space for one.
const maxFullAttempts = 5

// StoreAll stores the messages, all for the same stream, in their order. It sends atomic batches, and
// single messages where the server refuses a batch: because a message of it is stored already, or
// because the stream or the server does not support batches. After an error the messages before some
// point are stored and those behind it are not. The other rules are those of Store.
func (l *Link) StoreAll(ctx context.Context, messages []*nats.Msg) error {
	for len(messages) > 0 {
		n := batchLength(messages)
		if err := l.storeBatch(ctx, messages[:n]); err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// batchLength returns how many of the messages the first batch takes: at least one, at most
// MaxBatchCount, and more than one only within MaxBatchBytes.
func batchLength(messages []*nats.Msg) int {
	n, size := 0, 0
	for n < len(messages) && n < MaxBatchCount && (n == 0 || size+len(messages[n].Data) <= MaxBatchBytes) {
		size += len(messages[n].Data)
		n++
	}
	return n
}

// storeBatch stores 1 to MaxBatchCount messages. A batch with an unknown outcome may have been stored.
// Its messages are then sent one by one, since each is a duplicate if it was.
func (l *Link) storeBatch(ctx context.Context, batch []*nats.Msg) error {
	if len(batch) == 1 {
		return l.Store(ctx, batch[0])
	}
	pause := NewPause()
	for attempt := 1; ; attempt++ {
		result, err := l.sendBatch(ctx, batch)
		switch result {
		case stored:
			return nil
		case duplicate, refused: // perhaps for a limit that single messages do not meet
			return l.storeSingly(ctx, batch)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), context.Cause(ctx))
		}
		if permanent := l.Permanent(err); permanent != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), permanent)
		}
		l.Log.Debug().Err(err).Int("messages", len(batch)).Msg("retry a batch")
		if result == unknown || attempt >= maxFullAttempts {
			return l.storeSingly(ctx, batch)
		}
		if err := pause.Wait(ctx); err != nil {
			return fmt.Errorf("publish %d messages: %w", len(batch), err)
		}
	}
}

// storeSingly stores the messages one by one.
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

// sendBatch sends the batch once, under a new id. Without the commit the server stores nothing and drops
// the batch after 10 s (nats-server, stream.go: streamDefaultMaxBatchTimeout).
func (l *Link) sendBatch(ctx context.Context, batch []*nats.Msg) (outcome, error) {
	id, last := nuid.Next(), len(batch)-1
	for i, m := range batch {
		m.Header.Set(headerBatchID, id)
		m.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		m.Header.Del(headerBatchCommit)
	}
	if result, err := l.beginBatch(ctx, batch[0]); result != stored {
		return result, err
	}
	for _, m := range batch[1:last] {
		if err := l.NC.PublishMsg(m); err != nil {
			return notStored, err
		}
	}
	batch[last].Header.Set(headerBatchCommit, "1")
	return classify(l.Request(ctx, batch[last]))
}

// beginBatch sends the first message of a batch. It returns stored if the server has begun the batch.
// A server that does not know batches stores the message as a single one and confirms that; the
// result is then duplicate, since a message of the batch is stored already.
func (l *Link) beginBatch(ctx context.Context, first *nats.Msg) (outcome, error) {
	reply, err := l.Request(ctx, first)
	if err != nil {
		return notStored, err
	}
	if len(reply.Data) == 0 {
		return stored, nil
	}
	result, err := classify(reply, nil)
	if result == stored {
		result = duplicate
	}
	return result, err
}
