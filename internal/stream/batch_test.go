package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsserver"
)

// confirm answers to the commit of a batch.
func confirm(m *nats.Msg) {
	m.Respond(fmt.Appendf(nil, `{"stream":"SHELF","seq":1,"batch":%q,"count":%s}`, m.Header.Get(headerBatchID), m.Header.Get(headerBatchSequence)))
}

// TestStoreAllTogether: several batches are on their way at the same time. This server answers to none before it has
// received all.
func TestStoreAllTogether(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var commits []*nats.Msg
	var orderly atomic.Bool
	orderly.Store(true)
	next := 0
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		if m.Subject != fmt.Sprintf("shelf.%d", next) {
			orderly.Store(false)
		}
		next++
		if m.Header.Get(headerBatchCommit) == "" {
			return
		}
		if commits = append(commits, m); len(commits) == 4 {
			for _, m := range commits {
				confirm(m)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreAll(t.Context(), batch(0, 4*MaxBatchCount, 1), nil); err != nil || !orderly.Load() {
		t.Errorf("%v; in order: %v", err, orderly.Load())
	}
}

// TestStoreAllBounded: no more bytes are on their way than the limit.
func TestStoreAllBounded(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var flying, most atomic.Int64
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		now := flying.Add(int64(len(m.Data)))
		most.Store(max(most.Load(), now))
		if m.Header.Get(headerBatchCommit) != "" {
			flying.Store(0) // the batches before are confirmed, too
			confirm(m)
		}
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreAll(t.Context(), batch(0, 40, 512<<10), nil); err != nil || most.Load() > maxFlyingBytes {
		t.Errorf("%d bytes on their way, %v", most.Load(), err)
	}
	if err := l.StoreTogether(t.Context(), batch(0, MaxBatchCount+1, 1)); err == nil {
		t.Error("more messages than a batch may have were stored together")
	}
}

// TestTooManyRequests: a server in which too many messages of all clients wait to be stored is asked again.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	refusals := 0
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		switch commit := m.Header.Get(headerBatchCommit) != ""; {
		case (commit || m.Header.Get(headerBatchID) == "") && refusals < 3:
			refusals++
			m.Respond([]byte(`{"error":{"code":429,"err_code":10167,"description":"too many requests"},"stream":"SHELF","seq":0}`))
		case commit:
			confirm(m)
		case m.Header.Get(headerBatchID) == "":
			m.Respond([]byte(`{"stream":"SHELF","seq":1}`))
		}
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreAll(t.Context(), batch(0, 3, 1), nil); err != nil || refusals != 3 {
		t.Errorf("%v, after %d refusals", err, refusals)
	}
	refusals = 0
	if err := l.Store(t.Context(), batch(0, 1, 1)[0]); err != nil || refusals != 3 {
		t.Errorf("a single message: %v, after %d refusals", err, refusals)
	}
}

// TestUnknownOutcome: the answer to a batch is lost after the batch was stored, and its messages have left the stream, as
// tasks do that were answered. Without a LeftFunc they are stored again; a LeftFunc that knows what became of them
// prevents that.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, -1, true)
	l := New(h.nc, h.js, Options{Timeout: 5 * time.Second})
	lost := errors.New("the answer was lost")
	for _, test := range []struct {
		left LeftFunc
		want uint64
	}{
		{nil, 10},
		{func(context.Context, []*nats.Msg) ([]*nats.Msg, error) { return nil, nil }, 0},
		{func(_ context.Context, m []*nats.Msg) ([]*nats.Msg, error) { return m[6:], nil }, 4},
		{func(_ context.Context, m []*nats.Msg) ([]*nats.Msg, error) { return m[:1], nil }, 1},
	} {
		messages := batch(0, 10, 1)
		if err := l.StoreAll(t.Context(), messages, test.left); err != nil {
			t.Fatal(err)
		}
		if err := s.Purge(t.Context()); err != nil { // as acks do
			t.Fatal(err)
		}
		if err := l.settle(t.Context(), messages, test.left, unknown, lost); err != nil {
			t.Fatal(err)
		}
		if got := count(t, s); got != test.want {
			t.Errorf("%d messages are stored again, want %d", got, test.want)
		}
		if err := s.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	failed := func(context.Context, []*nats.Msg) ([]*nats.Msg, error) { return nil, lost }
	if err := l.settle(t.Context(), batch(0, 3, 1), failed, unknown, nats.ErrTimeout); !errors.Is(err, lost) {
		t.Errorf("what is left is not known: %v", err)
	}
}

// TestLostAnswer: a message whose answer does not come is sent again only if it is left.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var received atomic.Int32
	if _, err := h.nc.Subscribe("shelf.*", func(*nats.Msg) { received.Add(1) }); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: 50 * time.Millisecond})
	asked := 0
	left := func(context.Context, []*nats.Msg) ([]*nats.Msg, error) { asked++; return nil, nil }
	if err := l.StoreAll(t.Context(), batch(0, 3, 1), left); err != nil || asked != 1 || received.Load() != 3 {
		t.Errorf("%v, asked %d times, sent %d messages", err, asked, received.Load())
	}
}
