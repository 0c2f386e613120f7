package natsserver

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// run starts a server and stops it at the end of the test.
func run(t *testing.T, c Config) *Server {
	t.Helper()
	c.Log = zerolog.Nop()
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// connect connects without a network.
func connect(t *testing.T, s *Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

func isDir(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

func TestTemporary(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := run(t, Config{})
	nc, js := connect(t, s)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Health(); err != nil {
		t.Error(err)
	}
	if s.URL() != "" {
		t.Errorf("a server without a listener is at %s", s.URL())
	}
	if dir := s.store.dir; !isDir(dir) || filepath.Dir(dir) != os.Getenv("TMPDIR") {
		t.Errorf("the temporary store is %s", dir)
	}
	nc.Close()
	stop(t, s)
	if isDir(s.store.dir) {
		t.Error("the temporary store is still there")
	}
	stop(t, s) // a second time is harmless
}

// TestStopsAtOnce: several goroutines may stop a server.
func TestStopsAtOnce(t *testing.T) {
	s, err := Start(Config{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	var stops sync.WaitGroup
	for range 4 {
		stops.Go(func() { stop(t, s) })
	}
	stops.Wait()
	if isDir(s.Dir()) {
		t.Error("the temporary store is left")
	}
}

// TestDiscard: a temporary store is removed at once, a permanent one is not.
func TestDiscard(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, dir := range []string{"", t.TempDir()} {
		s := run(t, Config{Store: dir})
		if err := s.Discard(t.Context()); err != nil {
			t.Error(err)
		}
		if isDir(s.store.dir) != (dir != "") {
			t.Errorf("store %q: there is a directory: %v", dir, isDir(s.store.dir))
		}
	}
}

// TestCheckDisk: the check leaves no files, and reports why it cannot write.
func TestCheckDisk(t *testing.T) {
	s := run(t, Config{Store: t.TempDir()})
	if err := s.CheckDisk(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir(), "probe-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	gone := &store{dir: filepath.Join(t.TempDir(), "gone")}
	if err := gone.check(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestRemoveTree(t *testing.T) {
	parent := t.TempDir()
	other, dir := filepath.Join(parent, "other"), filepath.Join(parent, "tree")
	for _, path := range []string{other, filepath.Join(dir, "a", "b", "c"), filepath.Join(dir, "a", "empty")} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(other, "file"), filepath.Join(dir, "file"), filepath.Join(dir, "a", "b", "c", "file")} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, filepath.Join(dir, "a", "link")); err != nil {
		t.Log(err) // not every user of Windows may create links
	}
	for range 2 { // a second time is harmless
		if err := removeTree(dir); err != nil || isDir(dir) {
			t.Errorf("%v, there is a directory: %v", err, isDir(dir))
		}
	}
	if _, err := os.Stat(filepath.Join(other, "file")); err != nil {
		t.Errorf("the target of a link was removed: %v", err)
	}
}

// TestKept: a restart keeps acknowledged messages.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for round := range 2 {
		s := run(t, Config{Store: dir, Sync: Sync{Always: true}})
		nc, js := connect(t, s)
		if round == 0 {
			if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
				t.Fatal(err)
			}
			if _, err := js.Publish(t.Context(), "s", []byte("kept")); err != nil {
				t.Fatal(err)
			}
		} else {
			stream, err := js.Stream(t.Context(), "S")
			if err != nil {
				t.Fatal(err)
			}
			if m, err := stream.GetMsg(t.Context(), 1); err != nil || string(m.Data) != "kept" {
				t.Errorf("got %v, %v", m, err)
			}
		}
		nc.Close()
		stop(t, s)
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := run(t, Config{Store: dir})
	_, err := Start(Config{Store: dir, Log: zerolog.Nop()})
	if err == nil || !strings.Contains(err.Error(), dir+" is in use by another process") {
		t.Errorf("a second server on the same store: %v", err)
	}
	if err := s.Health(); err != nil {
		t.Errorf("the first one suffered: %v", err)
	}
	stop(t, s)
	stop(t, run(t, Config{Store: dir})) // free again
}

// TestStale: the temporary store of a killed process is removed; others are not.
func TestStale(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	old := time.Now().Add(-2 * staleAge)
	dirs := make(map[string]string)
	for _, name := range []string{"stale", "new", "unlocked", "used"} {
		dir := filepath.Join(parent, temporaryPattern+name)
		dirs[name] = dir
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "unlocked" {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		lock, err := lockDir(root)
		root.Close()
		if err != nil {
			t.Fatal(err)
		}
		if name == "used" {
			defer lock.Close()
		} else {
			lock.Close()
		}
		if name != "new" {
			if err := os.Chtimes(filepath.Join(dir, lockName), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop(t, run(t, Config{}))
	for name, dir := range dirs {
		if isDir(dir) != (name != "stale") {
			t.Errorf("%s: there is a directory: %v", name, isDir(dir))
		}
	}
}

func TestListen(t *testing.T) {
	s := run(t, Config{Listen: "127.0.0.1:0"})
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatalf("%s: %v", s.URL(), err)
	}
	nc.Close()
}

// TestFaults: a start that fails returns the reason at once and leaves no files.
func TestFaults(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Listen: busy.Addr().String()}, "address already in use"},
		{Config{Listen: "localhost"}, "is not host:port"},
		{Config{Listen: "localhost:http"}, "has no port number"},
		{Config{Listen: "localhost:65536"}, "has no port number"},
		{Config{Store: file}, file},
		{Config{Store: filepath.Join(file, "below")}, file},
	} {
		test.config.Log = zerolog.Nop()
		began := time.Now()
		_, err := Start(test.config)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.config, err, test.want)
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%+v: took %v", test.config, d)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), temporaryPattern+"*")); len(left) > 0 {
		t.Errorf("temporary stores were left: %v", left)
	}
}

func TestParseSync(t *testing.T) {
	for text, want := range map[string]Sync{"always": {Always: true}, "never": {}, "1s": {Interval: time.Second}} {
		if got, err := ParseSync(text); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1s", "sometimes"} {
		if got, err := ParseSync(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestOptions: the options of syncing reach the library, and there is always a limit.
func TestOptions(t *testing.T) {
	opts, err := options(Config{Sync: Sync{Always: true}, Limit: 5 << 20}, t.TempDir())
	if err != nil || !opts.SyncAlways || !opts.NoSublistCache || opts.JetStreamMaxStore != 5<<20 {
		t.Errorf("%+v, %v", opts, err)
	}
	s := run(t, Config{Store: t.TempDir(), Sync: Sync{Always: true}})
	if u := s.Usage(); u.Limit < LeastStore || u.Full() {
		t.Errorf("usage %+v", u)
	}
	if _, err := Start(Config{Store: t.TempDir(), Limit: 1, Log: zerolog.Nop()}); err == nil {
		t.Error("started with a store of one byte")
	}
}

// TestHealth: the error of a busy machine counts only if it persists; a damaged stream counts at once.
func TestHealth(t *testing.T) {
	const busy, damaged = "failed to be ready for connections after 1ms: ", "JetStream stream '$G > S' could not be recovered"
	for name, test := range map[string]struct {
		says   []string // errors of the checks in turn, the last one repeated; "" = healthy
		want   string
		checks int
	}{
		"healthy":            {[]string{""}, "", 1},
		"busy for a while":   {[]string{busy, busy, ""}, "", 3},
		"busy for too long":  {[]string{busy}, busy, busyTries},
		"damaged":            {[]string{damaged}, damaged, 1},
		"busy, then damaged": {[]string{busy, damaged}, damaged, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			checks := 0
			err := health(func() *server.HealthStatus {
				why := test.says[min(checks, len(test.says)-1)]
				checks++
				if why == "" {
					return &server.HealthStatus{StatusCode: 200}
				}
				return &server.HealthStatus{StatusCode: 500, Error: why}
			})
			if checks != test.checks || (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
				t.Errorf("%s: %v after %d checks", name, err, checks)
			}
		})
	}
}
