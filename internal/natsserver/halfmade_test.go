package natsserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// halfMadeStore makes a store and returns the directory of its streams. Streams KEPT and CHANGED have a message,
// and KEPT has the durables d1 and d2.
func halfMadeStore(t *testing.T, dir string) string {
	t.Helper()
	s := run(t, Config{Store: dir})
	nc, js := connect(t, s)
	for _, name := range []string{"KEPT", "CHANGED", "EMPTY"} {
		stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		if name == "KEPT" {
			createDurables(t, stream)
		}
		if name == "EMPTY" {
			continue
		}
		if _, err := js.Publish(t.Context(), name, []byte("message")); err != nil {
			t.Fatal(err)
		}
	}
	nc.Close()
	stop(t, s)
	return filepath.Join(dir, "jetstream", "$G", "streams")
}

func createDurables(t *testing.T, s jetstream.Stream) {
	t.Helper()
	for _, name := range []string{"d1", "d2"} {
		if _, err := s.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
			t.Fatal(err)
		}
	}
}

// put writes a file, or makes a directory if name ends with a slash.
func put(t *testing.T, content string, name ...string) {
	t.Helper()
	path := filepath.Join(name...)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil && strings.HasSuffix(name[len(name)-1], "/") {
		err = os.MkdirAll(path, 0o700)
	} else if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A server that was killed while it created streams and durables starts again, and creates them anew.
func TestHalfMade(t *testing.T) {
	store := t.TempDir()
	streams := halfMadeStore(t, store)
	meta := read(t, streams, "EMPTY", "meta.inf")
	put(t, "", streams, "A/")
	put(t, "", streams, "B", "msgs", "1.blk")
	put(t, "{", streams, "B", "meta.inf.tmp")
	put(t, "", streams, "C", "msgs/")
	put(t, meta, streams, "C", "meta.inf")
	put(t, meta, streams, "D", "meta.inf")
	put(t, "123", streams, "D", "meta.sum.tmp")
	put(t, "", streams, "E", "_test_1")
	put(t, "", store, "jetstream", "_test_2")
	put(t, "", store, "jetstream", "ACCOUNT", "streams/")
	put(t, "123", store, "probe-1", "0")
	os.Remove(filepath.Join(streams, "KEPT", "obs", "d1", "meta.inf"))
	os.Remove(filepath.Join(streams, "KEPT", "obs", "d1", "meta.sum"))
	os.Remove(filepath.Join(streams, "KEPT", "obs", "d2", "meta.sum"))

	s := run(t, Config{Store: store})
	nc, js := connect(t, s)
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}}); err != nil {
			t.Error(err)
		}
	}
	kept, err := js.Stream(t.Context(), "KEPT")
	if err != nil {
		t.Fatal(err)
	}
	if n := kept.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d messages are left", n)
	}
	createDurables(t, kept)
	nc.Close()
	stop(t, s)
	for _, name := range []string{"d1", "d2"} {
		read(t, streams, "KEPT", "obs", name, "meta.sum") // else the next start ignores the durable
	}
	if left, _ := filepath.Glob(store + "/probe-*"); len(left) > 0 {
		t.Error("left:", left)
	}
	if err := run(t, Config{Store: store}).Health(); err != nil {
		t.Error(err)
	}
}

// Streams and durables whose settings were being changed when the server was killed keep their messages, their states
// and the new settings, also a stream without messages: it may be that of another user.
func TestHalfChanged(t *testing.T) {
	store := t.TempDir()
	streams := halfMadeStore(t, store)
	durable := filepath.Join(streams, "KEPT", "obs", "d1")
	dirs := []string{filepath.Join(streams, "CHANGED"), filepath.Join(streams, "EMPTY"), durable}
	var old []string
	for _, dir := range dirs {
		old = append(old, read(t, dir, "meta.sum"))
	}
	s := run(t, Config{Store: store})
	nc, js := connect(t, s)
	for _, name := range []string{"CHANGED", "EMPTY"} {
		if _, err := js.UpdateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}, MaxMsgs: 7}); err != nil {
			t.Fatal(err)
		}
	}
	d1, err := js.UpdateConsumer(t.Context(), "KEPT", jetstream.ConsumerConfig{Durable: "d1", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 7})
	if err != nil {
		t.Fatal(err)
	}
	m, err := d1.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	nc.Close()
	stop(t, s)
	past := time.Now().Add(-time.Hour)
	for i, dir := range dirs {
		put(t, old[i], dir, "meta.sum")
		if err := os.Chtimes(filepath.Join(dir, "meta.sum"), past, past); err != nil {
			t.Fatal(err)
		}
	}

	_, js = connect(t, run(t, Config{Store: store}))
	for name, messages := range map[string]uint64{"CHANGED": 1, "EMPTY": 0} {
		changed, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if info := changed.CachedInfo(); info.State.Msgs != messages || info.Config.MaxMsgs != 7 {
			t.Errorf("%d messages, settings %+v", info.State.Msgs, info.Config)
		}
	}
	d1, err = js.Consumer(t.Context(), "KEPT", "d1")
	if err != nil {
		t.Fatal(err)
	}
	if info := d1.CachedInfo(); info.AckFloor.Stream != 1 || info.NumPending != 0 || info.Config.MaxAckPending != 7 {
		t.Errorf("%+v", info)
	}
}

// Damage is named, with the directory, and nothing of it is removed.
func TestDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"no settings": func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "meta.inf")) },
		"no meta files": func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, "meta.inf"))
			os.Remove(filepath.Join(dir, "meta.sum"))
		},
		"empty settings": func(t *testing.T, dir string) {
			put(t, "", dir, "meta.inf")
			os.Remove(filepath.Join(dir, "meta.sum"))
		},
		"truncated settings": func(t *testing.T, dir string) {
			text := read(t, dir, "meta.inf")
			put(t, text[:len(text)/2], dir, "meta.inf")
			os.Remove(filepath.Join(dir, "meta.sum"))
		},
		"damaged sum":     func(t *testing.T, dir string) { put(t, "0123456789abcdef", dir, "meta.sum") },
		"settings of two": func(t *testing.T, dir string) { put(t, read(t, dir, "..", "EMPTY", "meta.inf"), dir, "meta.inf") },
		"other settings": func(t *testing.T, dir string) {
			put(t, strings.Replace(read(t, dir, "meta.inf"), `"storage"`, `"sTorage"`, 1), dir, "meta.inf")
		},
		"no messages": func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "msgs"))
			os.Remove(filepath.Join(dir, "meta.sum"))
			put(t, "{", dir, "meta.inf")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := t.TempDir()
			kept := filepath.Join(halfMadeStore(t, store), "KEPT")
			damage(t, kept)
			before := usedSpace(kept)
			_, err := Start(Config{Store: store, Log: zerolog.Nop()})
			if err == nil || !strings.Contains(err.Error(), "'$G > KEPT' could not be recovered") || !strings.Contains(err.Error(), kept) {
				t.Fatal(err)
			}
			if usedSpace(kept) < before-64 { // an index is removed at each start
				t.Error("something was removed")
			}
		})
	}
}

// A store that another server has encrypted is refused, and nothing of it is changed.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	empty := filepath.Join(halfMadeStore(t, store), "EMPTY")
	put(t, "key", empty, "meta.key")
	os.Remove(filepath.Join(empty, "meta.sum"))
	if _, err := Start(Config{Store: store, Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "is encrypted: ") {
		t.Error(err)
	}
	read(t, empty, "meta.inf")
}
