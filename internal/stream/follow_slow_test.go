package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsserver"
)

// TestFollowHeld: a follower whose reader is held while many messages come loses nothing, and the client library drops
// nothing.
func TestFollowHeld(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	const count = 10_000
	shelf(t, h, count, true)
	var dropped atomic.Int64
	nc, js := h.Connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) {
			dropped.Add(1)
		}
	}))
	open, begun := make(chan bool), make(chan bool)
	var got, last uint64
	done := make(chan error, 1)
	enough := errors.New("enough")
	go func() {
		done <- New(nc, js, Options{}).Follow(t.Context(), Source{Stream: "SHELF", Filter: "shelf.*"}, func(batch []Message, _ uint64) error {
			if got == 0 {
				close(begun)
				<-open
			}
			for _, m := range batch {
				if m.Seq != last+1 {
					t.Errorf("message %d after %d", m.Seq, last)
				}
				last = m.Seq
			}
			if got += uint64(len(batch)); got == count {
				return enough
			}
			return nil
		}, nil)
	}()
	publisher := New(h.nc, h.js, Options{Timeout: 10 * time.Second})
	for first := 0; first < count; first += 500 {
		batch := make([]*nats.Msg, 500)
		for i := range batch {
			batch[i] = fleettest.Message(fmt.Sprintf("shelf.%d", first+i), []byte("x"))
		}
		if err := publisher.StoreAll(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	<-begun
	close(open)
	if err := <-done; !errors.Is(err, enough) || got != count {
		t.Errorf("%d messages came: %v", got, err)
	}
	if n := dropped.Load(); n > 0 {
		t.Errorf("the client library has dropped messages %d times", n)
	}
}
