package natsconn_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/natsconn"
)

// A lineCounter counts lines by what they contain. It is safe for concurrent use.
type lineCounter struct {
	mu   sync.Mutex
	text strings.Builder
}

func (c *lineCounter) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(b)
}

func (c *lineCounter) count(part string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Count(c.text.String(), part)
}

// TestDropped: messages that the client library has dropped are one warning, and no error.
func TestDropped(t *testing.T) {
	t.Parallel()
	c := natsconn.Config{Server: natsServer(t, func(*server.Options) {})}
	var log lineCounter
	nc, _, err := c.Dial(t.Context(), c.Events(zerolog.New(&log), nil)...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for range 3 {
		sub, err := nc.SubscribeSync("a")
		if err != nil {
			t.Fatal(err)
		}
		sub.SetPendingLimits(1, -1)
	}
	done := make(chan bool)
	for range 3 {
		nc.Publish("a", nil)
	}
	nc.Flush()
	nc.SetReconnectHandler(func(*nats.Conn) { close(done) }) // the library calls handlers in order
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	<-done
	if warned, quiet, failed := log.count(`"level":"warn"`), log.count("came faster"), log.count(`"level":"error"`); warned != 1 || quiet != 3 || failed != 0 {
		t.Errorf("%d warnings, %d lines, %d errors", warned, quiet, failed)
	}
}
