package test

import (
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	zlog "github.com/rs/zerolog/log"
)

func init() { zlog.Logger = zerolog.Nop() } // toxics write to it

// A line is the way of some programs to a server, and can be spoiled.
type line struct {
	*server // as it is seen through the line
	proxy   *toxiproxy.Proxy
}

// line lays a new way to s.
func (s *server) line() *line {
	s.t.Helper()
	house := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{proxy: toxiproxy.NewProxy(house, "line", "127.0.0.1:0", strings.TrimPrefix(s.url, "nats://"))}
	if err := l.proxy.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(l.proxy.Stop)
	l.server = &server{program: s.program, url: "nats://" + l.proxy.Listen}
	return l
}

// down ends all connections and refuses new ones until up.
func (l *line) down() { l.proxy.Stop() }

func (l *line) up() {
	l.t.Helper()
	// Somebody else's connection may have the port for a moment.
	eventually(l.t, "the line has its port again", func() bool { return l.proxy.Start() == nil })
}

// cut ends all connections; new ones may be made.
func (l *line) cut() {
	l.t.Helper()
	l.down()
	l.up()
}

// slow delays all that is sent by some milliseconds and lets only so many kilobytes a
// second through.
func (l *line) slow(milliseconds, rate int) {
	l.spoil("latency", fmt.Sprintf(`{"latency":%d,"jitter":%d}`, milliseconds, milliseconds/2))
	l.spoil("bandwidth", fmt.Sprintf(`{"rate":%d}`, rate))
}

// freeze holds up all that is sent; heal lets it go on.
func (l *line) freeze() { l.spoil("bandwidth", `{"rate":0}`) }

// swallow loses all that is sent, and no end of a connection is seen. After heal the
// old connections are found closed.
func (l *line) swallow() { l.spoil("timeout", `{"timeout":0}`) }

func (l *line) spoil(kind, attributes string) {
	l.t.Helper()
	for _, direction := range []string{"upstream", "downstream"} {
		text := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":%s}`, kind, direction, attributes)
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			l.t.Fatal(err)
		}
	}
}

// heal undoes slow, freeze and swallow.
func (l *line) heal() { l.proxy.Toxics.ResetToxics(l.t.Context()) }

// A proxy that is itself broken would prove nothing.
func TestLine(t *testing.T) {
	t.Parallel()
	l := startServer(t).line()
	nc, _ := l.connect()
	if _, err := nc.RTT(); err != nil {
		t.Fatal(err)
	}
	l.freeze()
	done := make(chan error, 1)
	go func() { _, err := nc.RTT(); done <- err }()
	select {
	case err := <-done:
		t.Fatalf("an answer came through a frozen line: %v", err)
	case <-afterBeats(3):
	}
	l.heal()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l.cut()
	eventually(t, "the connection is made anew", func() bool { return nc.Stats().Reconnects == 1 && nc.IsConnected() })
}
