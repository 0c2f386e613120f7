package natsserver

import (
	"bytes"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

// A lockedBuffer is a log that goroutines of the server write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Reset()
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestStrangers: while strangers hold connections on which they say nothing, and try to log in, users can
// log in, the log stays short, and the silent connections are closed.
func TestStrangers(t *testing.T) {
	t.Parallel()
	keys, _, c := secure(t)
	var log lockedBuffer
	c.Log, c.Store = zerolog.New(&log).Level(zerolog.WarnLevel), t.TempDir()
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })

	const silent, refused = 300, 60
	var held []net.Conn
	for i := range silent {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "tls://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if i%2 == 0 { // the beginning of a TLS handshake
			conn.Write([]byte{0x16, 3, 1, 2, 0, 1})
		}
		held = append(held, conn)
	}
	ca := nats.RootCAs(filepath.Join(keys.Dir(), "ca.crt"))
	foreign, _, _ := secure(t)
	wrong, err := foreign.Sign(identity.User{Name: "w", Role: schema.RoleWorker}, schema.PermissionsOf(schema.RoleWorker, "w"))
	if err != nil {
		t.Fatal(err)
	}
	for range refused {
		if _, err := nats.Connect(s.URL(), ca, nats.UserJWTAndSeed(wrong.JWT, wrong.Seed), nats.NoReconnect()); !errors.Is(err, nats.ErrAuthorization) {
			t.Fatalf("a key of another operator: %v", err)
		}
	}
	begin := time.Now()
	right, err := keys.Sign(identity.User{Name: "w", Role: schema.RoleWorker}, schema.PermissionsOf(schema.RoleWorker, "w"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(s.URL(), ca, nats.UserJWTAndSeed(right.JWT, right.Seed), nats.Timeout(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if took := time.Since(begin); took > 9*time.Second {
		t.Errorf("a login took %v", took)
	}
	for i, conn := range held {
		conn.SetReadDeadline(time.Now().Add(3 * tlsTimeout * time.Second))
		var err error
		for b := make([]byte, 4096); err == nil; {
			_, err = conn.Read(b)
		}
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			t.Fatalf("connection %d is still open", i)
		}
	}
	if n := strings.Count(log.String(), "authentication error"); n == 0 || n > floodLines {
		t.Errorf("%d lines of %d refused logins, want at most %d", n, refused, floodLines)
	}
	if n := strings.Count(log.String(), "\n"); n > 2*floodLines {
		t.Errorf("the log has %d lines:\n%s", n, log.String())
	}
}
