package stream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
)

// Ways stores many messages in the faster one of two ways. Which one is faster depends on the server:
//
//	            syncs to disk                 costs of a message (nats-server 2.15.2)
//	StoreAll    once in a batch, always       the batch is stored twice: 8 us of CPU time
//	StoreEach   as `sync_interval` says       an answer of its own: 5 us; with `sync_interval: always` a sync
//
// A client cannot know the setting, nor how fast the disk syncs. So both ways are measured: at the start, and the
// slower one again from time to time. It is for one goroutine. The zero value is ready for use.
type Ways struct {
	cost  [2]time.Duration // for a message, a moving average; 0 = not known
	calls uint64           // of the faster way since the slower one was measured
}

// The ways, as indices of Ways.cost.
const (
	inBatches = iota
	eachAlone
)

const (
	probeCount = 32 // messages of a measurement
	probeEvery = 64 // calls of Store between two measurements of the slower way
	costWeight = 4  // a new sample counts 1/4
)

// Store stores the messages. Its rules are those of StoreAll and StoreEach.
func (w *Ways) Store(ctx context.Context, l *Link, messages []*nats.Msg, left LeftFunc) error {
	for len(messages) > 0 {
		way, n := w.choose(len(messages))
		began := time.Now()
		store := l.StoreAll
		if way == eachAlone {
			store = l.StoreEach
		}
		if err := store(ctx, messages[:n], left); err != nil {
			return err
		}
		w.measured(way, n, time.Since(began))
		messages = messages[n:]
	}
	return nil
}

// choose returns the way for the next n of count messages.
func (w *Ways) choose(count int) (way, n int) {
	faster := inBatches
	if w.cost[eachAlone] < w.cost[inBatches] {
		faster = eachAlone
	}
	switch {
	case w.cost[inBatches] == 0:
		return inBatches, min(count, probeCount)
	case count < probeCount: // too few to say anything
		return faster, count
	case w.cost[eachAlone] == 0:
		return eachAlone, probeCount
	case w.calls >= probeEvery:
		w.calls = 0
		return 1 - faster, probeCount
	}
	w.calls++
	return faster, count
}

// measured notes that n messages have taken so long. Few messages say nothing: their time is that of a round trip.
func (w *Ways) measured(way, n int, took time.Duration) {
	if n < probeCount {
		return
	}
	cost := max(took/time.Duration(n), 1)
	if w.cost[way] == 0 {
		w.cost[way] = cost
	} else {
		w.cost[way] += (cost - w.cost[way]) / costWeight
	}
}
