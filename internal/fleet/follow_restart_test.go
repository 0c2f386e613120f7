package fleet

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/task"
)

// newLasting returns a fleet whose server can be restarted, and the configuration to start it with.
func newLasting(t *testing.T) (*testFleet, natsserver.Config) {
	t.Helper()
	c := natsserver.Config{Store: t.TempDir(), Listen: "127.0.0.1:0"}
	h := serve(t, c)
	h.provision(Provision{})
	c.Listen, c.Log = strings.TrimPrefix(h.server.URL(), "nats://"), zerolog.Nop()
	return h, c
}

// followAgain is within what time after a restart all followed messages must have arrived.
const followAgain = 4 * time.Second

// A reader follows the results of the job "j".
type reader struct {
	count atomic.Int64  // results seen
	last  atomic.Uint64 // sequence up to which that is all

	mu   sync.Mutex
	seen map[task.Range]int // how often; guarded by mu
}

func read(t *testing.T, f *Fleet) *reader {
	r := &reader{seen: make(map[task.Range]int)}
	background(t, func(ctx context.Context) error {
		return f.FollowResults(ctx, "j", func(list []collect.Arrival, last uint64) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, a := range list {
				r.seen[a.Range]++
			}
			r.count.Add(int64(len(list)))
			r.last.Store(last)
			return nil
		}, nil)
	})
	return r
}

// checkOnce checks that the first n numbers were seen, each once.
func (r *reader) checkOnce(t *testing.T, n int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range n {
		if times := r.seen[single(i)]; times != 1 {
			t.Errorf("result %d was seen %d times", i, times)
		}
	}
}

// soon is await that also fails if it takes longer than within.
func soon(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	await(t, what, ok)
	if took := time.Since(began); took > within {
		t.Errorf("%s: after %v", what, took)
	} else {
		t.Logf("%s: after %v", what, took.Round(time.Millisecond))
	}
}

// TestFollowRestart: all followers continue within seconds after the server was restarted, also
// twice in a row, and none sees a message twice.
func TestFollowRestart(t *testing.T) {
	t.Parallel()
	t.Run("one job", func(t *testing.T) { t.Parallel(); followRestart(t, false) })
	t.Run("many jobs", func(t *testing.T) { t.Parallel(); followRestart(t, true) })
}

// followRestart is TestFollowRestart; shared says that the followers of manifests and dead letters are
// those of all jobs.
func followRestart(t *testing.T, shared bool) {
	h, again := newLasting(t)
	h.job("j", task.ClassNorm, 0)
	if shared {
		h.followJobs("j")
	}
	w := h.station("w")
	r := read(t, h.Fleet)
	var letters, changes atomic.Int64
	background(t, func(ctx context.Context) error {
		return h.FollowDead(ctx, "j", func() { letters.Add(1) })
	})
	if err := h.WatchJob(t.Context(), "j", func(j *task.Job) { changes.Store(int64(j.Count)) }); err != nil {
		t.Fatal(err)
	}
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 4
	for i := range rounds {
		for range 1 + i%2 {
			h.stop()
			h.start(again)
			<-time.After(time.Duration(i) * 50 * time.Millisecond)
		}
		other := h.open(h.connect())
		if err := w.Result(t.Context(), "j", single(i), nil); err != nil {
			t.Fatal(err)
		}
		soon(t, followAgain, "the result", func() bool { return r.count.Load() == int64(i+1) })
		before := letters.Load()
		if err := w.Dead(t.Context(), "j", single(i), new(task.Failure).Encode()); err != nil {
			t.Fatal(err)
		}
		soon(t, followAgain, "the dead letter", func() bool { return letters.Load() > before })
		if _, err := other.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.Count = uint64(i + 1); return nil }); err != nil {
			t.Fatal(err)
		}
		soon(t, followAgain, "the manifest", func() bool { return changes.Load() == int64(i+1) })
		name := "w" + string(rune('0'+i))
		if _, err := other.Quarantine(t.Context(), name, "a test"); err != nil {
			t.Fatal(err)
		}
		soon(t, followAgain, "the quarantine", func() bool { return trust.Quarantined(name) })
	}
	r.checkOnce(t, rounds)
}

// A snare is a proxy that closes a connection when the client sends a certain word, so that the word
// is lost, a given number of times.
type snare struct {
	net.Listener
	server string
	word   []byte
	left   atomic.Int64
	sprung atomic.Int64
}

func newSnare(t *testing.T, h *testFleet, word string) *snare {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &snare{Listener: l, server: strings.TrimPrefix(h.server.URL(), "nats://"), word: []byte(word)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(client)
		}
	}()
	return s
}

func (s *snare) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", s.server)
	if err != nil {
		return
	}
	defer server.Close()
	go io.Copy(client, server) // ends with either
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], s.word) && s.left.Add(-1) >= 0 {
			s.sprung.Add(1)
			return
		}
		server.Write(buffer[:n])
	}
}

// TestFollowAnswerLost: a request that is lost with the connection is repeated at once, not after
// the timeout of its answer.
func TestFollowAnswerLost(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"CONSUMER.CREATE.", "CONSUMER.MSG.NEXT.", "STREAM.INFO."} {
		t.Run(word, func(t *testing.T) {
			h, _ := newLasting(t)
			s := newSnare(t, h, word)
			nc, err := nats.Connect("nats://"+s.Addr().String(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(nc.Close)
			js, err := natsconn.Config{NoContext: true}.JetStream(nc)
			if err != nil {
				t.Fatal(err)
			}
			r := read(t, h.open(nc, js))
			w := h.station("w")
			if err := w.Result(t.Context(), "j", single(0), nil); err != nil {
				t.Fatal(err)
			}
			await(t, "the first result", func() bool { return r.count.Load() == 1 })
			s.left.Store(3)
			if err := nc.ForceReconnect(); err != nil {
				t.Fatal(err)
			}
			await(t, "three are lost", func() bool { return s.sprung.Load() == 3 })
			if err := w.Result(t.Context(), "j", single(1), nil); err != nil {
				t.Fatal(err)
			}
			soon(t, followAgain, "the result", func() bool { return r.count.Load() == 2 })
			r.checkOnce(t, 2)
		})
	}
}

// TestFollowConsumerGone: a consumer that the server has removed is created again.
func TestFollowConsumerGone(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	r := read(t, h.Fleet)
	const rounds = 5
	for i := range rounds {
		if err := w.Result(t.Context(), "j", single(i), nil); err != nil {
			t.Fatal(err)
		}
		soon(t, followAgain, "the result", func() bool { return r.count.Load() == int64(i+1) })
		for name := range h.results.ConsumerNames(t.Context()).Name() {
			if err := h.results.DeleteConsumer(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.checkOnce(t, rounds)
}

// TestFollowOlderStore: a stream that was replaced by an older copy, so that sequences are given
// twice, is read from its beginning.
func TestFollowOlderStore(t *testing.T) {
	t.Parallel()
	h, again := newLasting(t)
	w := h.station("w")
	publish := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if err := w.Result(t.Context(), "j", single(i), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := read(t, h.Fleet)
	publish(0, 3)
	await(t, "three results", func() bool { return r.count.Load() == 3 })
	h.stop()
	older := t.TempDir()
	if err := os.CopyFS(older, os.DirFS(again.Store)); err != nil {
		t.Fatal(err)
	}
	h.start(again)
	publish(3, 10)
	await(t, "ten results", func() bool { return r.count.Load() == 10 })
	h.stop()
	again.Store = older
	h.start(again)
	publish(20, 22)
	soon(t, followAgain, "three are seen again, and two new ones", func() bool { return r.count.Load() == 15 && r.last.Load() == 5 })
}
