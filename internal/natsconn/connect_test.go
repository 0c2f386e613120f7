package natsconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
)

// natsServer runs a server with JetStream in this process and returns its URL.
func natsServer(t *testing.T, change func(*server.Options)) string {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()}
	change(o)
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return "nats://" + s.Addr().String()
}

func plain(*server.Options) {}

func withLogin(o *server.Options) { o.Username, o.Password = "alice", "s3cret" }

// contexts returns the directory for the contexts of a test. The test cannot run in parallel with others.
func contexts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	return filepath.Join(dir, "nats")
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// connects checks that c connects and that JetStream answers.
func connects(t *testing.T, c natsconn.Config) {
	t.Helper()
	nc, _, err := c.Dial(t.Context())
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	defer nc.Close()
	js, err := c.JetStream(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Errorf("JetStream: %v", err)
	}
}

// fails checks that c does not connect, and that the error is one line with all of words and no secret.
func fails(t *testing.T, c natsconn.Config, words ...string) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second // nothing here takes that long
	}
	begin := time.Now()
	nc, _, err := c.Dial(t.Context())
	if err == nil {
		nc.Close()
		t.Fatalf("connected, want an error with %q", words)
	}
	if !errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("%v does not wrap ErrConnect", err)
	}
	if took := time.Since(begin); took > c.Timeout+time.Second {
		t.Errorf("took %v with a timeout of %v", took, c.Timeout)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if text := err.Error(); strings.Contains(text, "\n") || strings.Contains(text, "s3cret") || strings.Contains(text, "nats: ") {
		t.Errorf("error %q", text)
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	open := natsServer(t, plain)
	nc, shown, err := natsconn.Config{Server: open, Name: "test"}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if o := nc.Opts; shown != open || o.Name != "test" || o.MaxReconnect != -1 || o.ReconnectWait != 500*time.Millisecond ||
		o.PingInterval != 10*time.Second || o.MaxPingsOut != 2 {
		t.Errorf("URL %q, options %+v", shown, o)
	}
	connects(t, natsconn.Config{Server: strings.TrimPrefix(open, "nats://")})

	guarded := natsServer(t, withLogin)
	connects(t, natsconn.Config{Server: guarded, User: "alice", Password: "s3cret"})
	inURL := strings.Replace(guarded, "//", "//alice:s3cret@", 1)
	nc, shown, err = natsconn.Config{Server: inURL}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if shown != guarded {
		t.Errorf("URL %q is shown as %q", inURL, shown)
	}
	fails(t, natsconn.Config{Server: guarded, User: "alice", Password: "s3cret!"}, guarded, `refuses user "alice": authorization violation`)
	fails(t, natsconn.Config{Server: strings.Replace(guarded, "//", "//alice:s3cret!@", 1)}, guarded, "refuses the login in the URL")
	fails(t, natsconn.Config{Server: guarded}, guarded, "requires a login", "--creds")

	token := natsServer(t, func(o *server.Options) { o.Authorization = "t0ken" })
	connects(t, natsconn.Config{Server: token, Token: "t0ken"})
	connects(t, natsconn.Config{Server: token, User: "t0ken"}) // as with the nats command
	fails(t, natsconn.Config{Server: token, Token: "no"}, token, "refuses the token")
}

// TestDialOneOfSeveral: a dead server in the list leaves time for the others.
func TestDialOneOfSeveral(t *testing.T) {
	t.Parallel()
	silence := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	dead := listen(t, silence)
	fails(t, natsconn.Config{Server: dead + "," + listen(t, silence), Timeout: 2 * time.Second}, dead+",nats://", "no greeting")
	connects(t, natsconn.Config{Server: dead + ", " + natsServer(t, plain), Timeout: 2 * time.Second})
}

// TestDialCancelled: a context that ends ends Dial at once, with its cause.
func TestDialCancelled(t *testing.T) {
	t.Parallel()
	greeted := make(chan bool, 1)
	silent := listen(t, func(conn net.Conn) { greeted <- true; io.Copy(io.Discard, conn) })
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-greeted; cancel(why) }()
	_, _, err := natsconn.Config{Server: silent, Timeout: time.Minute}.Dial(ctx)
	if err != why || errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("error %v, want %v", err, why)
	}
}

// TestDialReconnects: Timeout limits the first connection, not later ones.
func TestDialReconnects(t *testing.T) {
	t.Parallel()
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	url := "nats://" + s.Addr().String()
	again := make(chan bool, 1)
	nc, _, err := natsconn.Config{Server: url}.Dial(t.Context(), nats.ReconnectHandler(func(*nats.Conn) { again <- true }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	o.Port = s.Addr().(*net.TCPAddr).Port
	s.Shutdown()
	s.WaitForShutdown()
	s, err = server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Shutdown()
	select {
	case <-again:
	case <-time.After(20 * time.Second):
		t.Error("not connected again")
	}
}
