package puller

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsserver"
)

// TestReplyInbox: each request gets its own answer. Addresses that are used up are unsubscribed.
func TestReplyInbox(t *testing.T) {
	t.Parallel()
	const clients, each = 7, inboxRequests/2 + 10
	h := fleettest.NewServer(t, natsserver.Config{})
	server, _ := h.Connect()
	var mu sync.Mutex
	received := 0
	_, err := server.Subscribe("echo", func(m *nats.Msg) {
		mu.Lock()
		received++
		mu.Unlock()
		m.Respond(m.Data)
	})
	if err != nil {
		t.Fatal(err)
	}
	silent := make(chan *nats.Msg, 1)
	if _, err = server.ChanSubscribe("silent", silent); err != nil {
		t.Fatal(err)
	}
	nc, _ := h.Connect()
	inbox := &replyInbox{nc: nc}
	echo := func(text string) {
		got, err := inbox.request(t.Context(), &nats.Msg{Subject: "echo", Data: []byte(text)})
		if err != nil || string(got.Data) != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := inbox.request(t.Context(), &nats.Msg{Subject: "nobody"}); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("without a responder: %v", err)
	}
	// A request that is given up while its address is in use, and answered when the address is closed.
	ctx, giveUp := context.WithCancel(t.Context())
	var held sync.WaitGroup
	held.Go(func() {
		if _, err := inbox.request(ctx, &nats.Msg{Subject: "silent"}); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of its context: %v", err)
		}
	})
	late := <-silent
	var all sync.WaitGroup
	for i := range clients {
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
	if received != clients*each+1 {
		t.Errorf("%d requests arrived", received)
	}
	nc.Close()
	if _, err := inbox.request(t.Context(), &nats.Msg{Subject: "echo"}); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("closed: %v", err)
	}
}
