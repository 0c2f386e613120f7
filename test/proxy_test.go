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

// A line is a network connection to a server that a test can break.
type line struct {
	*server // as it is seen through the line
	proxy   *toxiproxy.Proxy
}

// line opens a line to s.
func (s *server) line() *line {
	s.t.Helper()
	scheme, address, _ := strings.Cut(s.url, "://")
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{proxy: toxiproxy.NewProxy(proxies, "line", "127.0.0.1:0", address)}
	if err := l.proxy.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(l.proxy.Stop)
	l.server = &server{program: s.program, url: scheme + "://" + l.proxy.Listen, login: s.login, admin: s.admin}
	return l
}

// down closes all connections and refuses new ones until up.
func (l *line) down() { l.proxy.Stop() }

func (l *line) up() {
	l.t.Helper()
	// Another connection may use the port for a moment.
	eventually(l.t, "the line has its port again", func() bool { return l.proxy.Start() == nil })
}

// cut closes all connections. New ones are accepted.
func (l *line) cut() {
	l.t.Helper()
	l.down()
	l.up()
}

// slow delays all data by the given milliseconds and limits the rate to rate kilobytes a second.
func (l *line) slow(milliseconds, rate int) {
	l.spoil("latency", fmt.Sprintf(`{"latency":%d,"jitter":%d}`, milliseconds, milliseconds/2))
	l.spoil("bandwidth", fmt.Sprintf(`{"rate":%d}`, rate))
}

// freeze stops all data until heal.
func (l *line) freeze() { l.spoil("bandwidth", `{"rate":0}`) }

// swallow drops all data without closing connections. After heal the old connections turn out to be
// closed.
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

// heal ends slow, freeze and swallow.
func (l *line) heal() { l.proxy.Toxics.ResetToxics(l.t.Context()) }

// TestLine tests the proxy: a broken proxy would make other tests pass for no reason.
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
	case <-afterHeartbeats(3):
	}
	l.heal()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l.cut()
	eventually(t, "the connection is made anew", func() bool { return nc.Stats().Reconnects == 1 && nc.IsConnected() })
}
