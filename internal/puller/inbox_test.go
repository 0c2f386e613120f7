package puller

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsserver"
)

// Each request gets its own answer, at few addresses, of which none is left but the last.
func TestReplyInbox(t *testing.T) {
	t.Parallel()
	const askers, each = 7, inboxRequests/2 + 10
	h := serve(t, natsserver.Config{})
	var mu sync.Mutex
	asked := 0
	_, err := h.nc.Subscribe("echo", func(m *nats.Msg) {
		mu.Lock()
		asked++
		mu.Unlock()
		m.Respond(m.Data)
	})
	if err != nil {
		t.Fatal(err)
	}
	silent := make(chan *nats.Msg, 1)
	if _, err = h.nc.ChanSubscribe("silent", silent); err != nil {
		t.Fatal(err)
	}
	nc, _ := h.connect()
	m := &replyInbox{nc: nc}
	echo := func(text string) {
		got, err := m.request(t.Context(), &nats.Msg{Subject: "echo", Data: []byte(text)})
		if err != nil || string(got.Data) != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := m.request(t.Context(), &nats.Msg{Subject: "nobody"}); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody is there: %v", err)
	}
	// One that is given up while the box is in use, and answered when it is not.
	ctx, giveUp := context.WithCancel(t.Context())
	var held sync.WaitGroup
	held.Go(func() {
		if _, err := m.request(ctx, &nats.Msg{Subject: "silent"}); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
	})
	late := <-silent
	var all sync.WaitGroup
	for i := range askers {
		all.Go(func() {
			for j := range each {
				echo(strconv.Itoa(i) + "/" + strconv.Itoa(j))
			}
		})
	}
	all.Wait()
	if n := nc.NumSubscriptions(); n != 2 {
		t.Errorf("%d addresses while one request waits at the first, want that and the last", n)
	}
	giveUp()
	held.Wait()
	if err := late.Respond(nil); err != nil {
		t.Fatal(err)
	}
	echo("last")
	if n := nc.NumSubscriptions(); n != 1 {
		t.Errorf("%d addresses are left", n)
	}
	if asked != askers*each+1 {
		t.Errorf("%d requests arrived", asked)
	}
	nc.Close()
	if _, err := m.request(t.Context(), &nats.Msg{Subject: "echo"}); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("closed: %v", err)
	}
}
