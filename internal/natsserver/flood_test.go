package natsserver

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// TestFlood: of one kind of message the log has some lines each minute, and the number of those left out.
// Other kinds are written, even if the text of a client makes each message different.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		l := &logger{log: zerolog.New(&out)}
		lines := func() int { return strings.Count(out.String(), "\n") }
		login := func(i int) {
			l.Errorf(fmt.Sprintf("10.0.%d.1:%d - cid:%d - %q - %%v - %%s", i%200, i, i, fmt.Sprint("v1:go:name - cid:", i)), "authentication error", fmt.Sprintf("User %q", fmt.Sprint("x", i)))
		}
		for i := range 5000 {
			login(i)
		}
		if n := lines(); n != floodLines {
			t.Fatalf("%d lines of 5000 refused logins, want %d", n, floodLines)
		}
		l.Warnf("another kind")
		l.Warnf("%s", "Filestore [S] 1 and 2")
		if n := lines(); n != floodLines+2 {
			t.Errorf("%d lines after two messages of other kinds, want %d", n, floodLines+2)
		}
		out.Reset()
		time.Sleep(floodWindow + time.Second)
		synctest.Wait()
		if want := fmt.Sprintf("nats server: %d more messages like this one in a minute: ", 5000-floodLines); lines() != 1 || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), `"level":"error"`) {
			t.Errorf("at the end of the minute: %q, want %q", out.String(), want)
		}
		out.Reset()
		login(1)
		if lines() != 1 {
			t.Errorf("in the next minute: %q", out.String())
		}
		time.Sleep(floodWindow + time.Second)
		synctest.Wait()
		out.Reset()
		for i := range 5000 {
			l.Warnf("%s - %s%s", "10.0.0.1:1 - cid:1", strings.Repeat("x", i), "")
		}
		if n := lines(); n > (maxTexts+1)*floodLines {
			t.Errorf("%d lines of messages that all differ", n)
		}
		before := lines()
		l.Errorf("JetStream failed to store a msg on stream '%s > %s': %v", "A", "S", "disk full")
		if lines() != before+1 {
			t.Error("messages of a client hide an error of the store")
		}
		time.Sleep(floodWindow + time.Second)
		synctest.Wait()
		l.flood.mu.Lock()
		defer l.flood.mu.Unlock()
		if len(l.flood.kinds) > 0 {
			t.Errorf("%d kinds are remembered", len(l.flood.kinds))
		}
	})
}

// TestConnectionsFor: connections leave open files to the streams.
func TestConnectionsFor(t *testing.T) {
	for files, want := range map[uint64]int{1: 1, 64: 32, 256: 128, 1024: 768, 20000: 19744, 1 << 20: mostConnections, 1<<64 - 1: mostConnections} {
		if got := connectionsFor(files); got != want {
			t.Errorf("%d open files: %d connections, want %d", files, got, want)
		}
	}
	if opts, err := options(Config{}, t.TempDir()); err != nil || opts.MaxConn != maxConnections() {
		t.Errorf("%d connections, want %d; %v", opts.MaxConn, maxConnections(), err)
	}
}
