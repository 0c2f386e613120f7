package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// An atomic batch (ADR-50 of NATS) is stored whole or not at all, and written to disk once. The
// messages of a batch have three headers: the batch's id, their number in it from 1, and at the last
// message the commit. The server answers to the messages that have a reply subject, here the first and the last:
//
//	client                                    server
//	message 1      (id, 1)             -->
//	message 2      (id, 2)             -->    set aside
//	...
//	message n      (id, n, commit)     -->
//	                                   <--    empty answer: the batch has begun
//	                                   <--    answer to a publish: all n are stored, or the error
//
// A batch is refused as a whole if one of its messages is a duplicate. One batch costs one round trip and one write to
// disk, whatever its size. Without the commit the server stores nothing and drops the batch after 10 s (nats-server,
// stream.go: streamDefaultMaxBatchTimeout).
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// A flight is a batch, or a single message, that was sent once and whose answer is waited for.
type flight struct {
	link    *Link
	batch   []*nats.Msg
	session context.Context    // ends when an answer can no longer come
	sub     *nats.Subscription // nil if it could not be sent
	answers chan *nats.Msg
	err     error // why it could not be sent
}

// launch sends a batch under a new id, or a single message. The caller must call close.
func (l *Link) launch(batch []*nats.Msg) *flight {
	b := &flight{link: l, batch: batch, session: l.sessions.current.Load(), answers: make(chan *nats.Msg, 4)}
	inbox := l.NC.NewInbox()
	if b.sub, b.err = l.NC.ChanSubscribe(inbox, b.answers); b.err != nil {
		return b
	}
	id, last := nuid.Next(), len(batch)-1
	for i, m := range batch {
		if last > 0 {
			m.Header.Set(headerBatchID, id)
			m.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
			m.Header.Del(headerBatchCommit)
		}
		if m.Reply = ""; i == 0 || i == last {
			m.Reply = inbox
		}
		if i > 0 && i == last {
			m.Header.Set(headerBatchCommit, "1")
		}
		if b.err = l.NC.PublishMsg(m); b.err != nil {
			return b
		}
	}
	return b
}

// close ends the wait for answers.
func (b *flight) close() {
	if b.sub != nil {
		b.sub.Unsubscribe()
		b.sub = nil
	}
}

// wait waits for the outcome: for Link.Timeout, and for as long again if the network is slow, so that what was sent has
// reached the server only then.
func (b *flight) wait(ctx context.Context) (outcome, error) {
	if b.err != nil {
		return unknown, b.err
	}
	result, err := b.waitOnce(ctx)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && b.link.Flushed(ctx) {
		result, err = b.waitOnce(ctx)
	}
	return result, err
}

// waitOnce waits for the outcome for Link.Timeout.
func (b *flight) waitOnce(ctx context.Context) (outcome, error) {
	timer := time.NewTimer(b.link.Timeout)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return unknown, context.Cause(ctx)
		case <-b.session.Done():
			return unknown, ErrReconnected
		case <-timer.C:
			return unknown, context.DeadlineExceeded
		case m := <-b.answers:
			switch {
			case len(m.Data) == 0 && m.Header.Get("Status") == "503":
				return notStored, nats.ErrNoResponders
			case len(b.batch) == 1:
				return classify(m, nil)
			case len(m.Data) > 0: // else the batch has begun
				return b.classify(m)
			}
		}
	}
}

// classify returns the outcome of a batch from the answer to its first or last message. A server that does not know
// batches stores and confirms each message for itself; the result is then duplicate, since some are stored already.
func (b *flight) classify(m *nats.Msg) (outcome, error) {
	result, err := classify(m, nil)
	if result == stored {
		var ack struct {
			Count int `json:"count"`
		}
		if !bytes.HasPrefix(m.Data, ackPrefix) || json.Unmarshal(m.Data, &ack) != nil || ack.Count != len(b.batch) {
			return duplicate, nil
		}
	}
	return result, err
}
