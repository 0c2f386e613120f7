package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsserver"
)

// TestStoreEach: all messages are stored once, in their order, also if some were stored before.
func TestStoreEach(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, -1, false)
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreAll(t.Context(), batch(burstCount, 3, 1), nil); err != nil {
		t.Fatal(err)
	}
	const messages = 3*burstCount + 5
	if err := l.StoreEach(t.Context(), batch(0, messages, 1), nil); err != nil {
		t.Fatal(err)
	}
	if got := count(t, s); got != messages {
		t.Errorf("%d messages are stored, want %d", got, messages)
	}
	var seqs []uint64
	for _, i := range []int{0, burstCount - 1, burstCount + 3, messages - 1} {
		m, err := s.GetLastMsgForSubject(t.Context(), fmt.Sprintf("shelf.%d", i))
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, m.Sequence)
	}
	if !slices.IsSorted(seqs) {
		t.Errorf("messages are stored out of order: %v", seqs)
	}
}

// TestStoreEachBounded: several bursts are on their way at the same time, but no more messages than the limit. This
// server answers only when it has received that many.
func TestStoreEachBounded(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var waiting []*nats.Msg
	most := 0
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		waiting = append(waiting, m)
		most = max(most, len(waiting))
		if len(waiting) == burstCount*maxBursts {
			for _, m := range waiting {
				m.Respond([]byte(`{"stream":"SHELF","seq":1}`))
			}
			waiting = nil
		}
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreEach(t.Context(), batch(0, 2*burstCount*maxBursts, 1), nil); err != nil || most != burstCount*maxBursts {
		t.Errorf("%v, %d messages on their way", err, most)
	}
}

// TestStoreEachRetry: a message that was not stored at once is sent again; one that is refused for good is an error.
func TestStoreEachRetry(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var sent atomic.Int32
	answer := `{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"SHELF","seq":0}`
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		if sent.Add(1); m.Subject == "shelf.7" && sent.Load() < 12 {
			m.Respond([]byte(answer))
			return
		}
		m.Respond([]byte(`{"stream":"SHELF","seq":1}`))
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	if err := l.StoreEach(t.Context(), batch(0, 10, 1), nil); err != nil || sent.Load() != 12 {
		t.Errorf("%v, after %d messages", err, sent.Load())
	}
	sent.Store(0)
	answer = `{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"SHELF","seq":0}`
	err := l.StoreEach(t.Context(), batch(0, 10, 1), nil)
	if err == nil || !strings.Contains(err.Error(), "shelf.7") {
		t.Errorf("a refused message: %v", err)
	}
}

// TestStoreEachLost: messages whose answers do not come are sent again only if they are left.
func TestStoreEachLost(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	var received atomic.Int32
	if _, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		if received.Add(1) <= 10 && m.Subject != "shelf.0" {
			return // the answer is lost
		}
		m.Respond([]byte(`{"stream":"SHELF","seq":1}`))
	}); err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: 500 * time.Millisecond})
	asked := 0
	left := func(_ context.Context, m []*nats.Msg) ([]*nats.Msg, error) {
		if asked > 0 { // a busy machine has answered a message later than that: it is sent again
			received.Add(-1)
			return m, nil
		}
		asked = len(m)
		return m[:2], nil
	}
	if err := l.StoreEach(t.Context(), batch(0, 10, 1), left); err != nil || asked != 9 || received.Load() != 12 {
		t.Errorf("%v, asked for %d messages, sent %d", err, asked, received.Load())
	}
	lost := errors.New("lost")
	received.Store(0)
	failed := func(context.Context, []*nats.Msg) ([]*nats.Msg, error) { return nil, lost }
	if err := l.StoreEach(t.Context(), batch(0, 10, 1), failed); !errors.Is(err, lost) {
		t.Errorf("what is left is not known: %v", err)
	}
}

// TestWays: both ways are measured with few messages, then the faster one is used, and the slower one is measured again
// from time to time.
func TestWays(t *testing.T) {
	t.Parallel()
	const many = 2000
	for _, test := range []struct {
		name   string
		cost   [2]time.Duration // of a message
		faster int
	}{
		{"each", [2]time.Duration{inBatches: 10, eachAlone: 5}, eachAlone},
		{"batches", [2]time.Duration{inBatches: 10, eachAlone: 1000}, inBatches},
	} {
		var w Ways
		var sent [2]int
		for range 200 {
			for left := many; left > 0; {
				way, n := w.choose(left)
				w.measured(way, n, test.cost[way]*time.Duration(n))
				sent[way] += n
				left -= n
			}
		}
		slow := sent[1-test.faster]
		if slow < 2*probeCount || slow > 8*probeCount {
			t.Errorf("%s: %d of %d messages take the slower way", test.name, slow, 200*many)
		}
	}
	var w Ways
	if way, n := w.choose(3); way != inBatches || n != 3 {
		t.Errorf("the first messages: way %d, %d", way, n)
	}
	w.measured(inBatches, 3, time.Second)
	if w != (Ways{}) {
		t.Error("few messages are a measurement")
	}
}

// TestWaysStore: a list is stored whichever way its parts take.
func TestWaysStore(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, -1, false)
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	var w Ways
	for i := range 5 {
		if err := w.Store(t.Context(), l, batch(100*i, 100, 1), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := count(t, s); got != 500 || w.cost[inBatches] == 0 || w.cost[eachAlone] == 0 {
		t.Errorf("%d messages are stored, costs %v", got, w.cost)
	}
}
