package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
)

// shelf creates a stream with one message a subject, and at most most messages.
func shelf(t *testing.T, h *testServer, most int64, atomic bool) jetstream.Stream {
	t.Helper()
	s, err := h.js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "SHELF", Subjects: []string{"shelf.*"}, MaxMsgs: most, MaxMsgsPerSubject: 1, MaxMsgSize: 256 << 10,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, AllowAtomicPublish: atomic,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t *testing.T, s jetstream.Stream) uint64 {
	t.Helper()
	info, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Msgs
}

func TestStore(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, 2, true)
	l := New(h.nc, h.js, Options{Timeout: 2 * time.Second})
	for range 2 { // stored, then a duplicate
		if err := l.Store(t.Context(), fleettest.Message("shelf.a", []byte("1"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Store(t.Context(), fleettest.Message("shelf.b", nil)); err != nil {
		t.Fatal(err)
	}
	if m, err := s.GetMsg(t.Context(), 1); err != nil || m.Header.Get("Factor-Schema") != "1" {
		t.Errorf("stored %v, %v", m, err)
	}

	// The stream is full: the message is stored as soon as there is space.
	done := make(chan error)
	go func() { done <- l.Store(t.Context(), fleettest.Message("shelf.c", nil)) }()
	select {
	case err := <-done:
		t.Fatalf("a full stream took a message: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := s.DeleteMsg(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	// The stream is full until the context ends.
	because := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := New(h.nc, h.js, Options{Timeout: time.Minute})
	impatient.RawRequest = func(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
		defer cancel(because)
		return h.nc.RequestMsgWithContext(ctx, m)
	}
	if err := impatient.Store(ctx, fleettest.Message("shelf.d", nil)); !errors.Is(err, because) || !errors.Is(err, ErrFull) {
		t.Errorf("the context has ended: %v", err)
	}

	// The message is refused.
	for name, m := range map[string]*nats.Msg{
		"above the stream's limit": fleettest.Message("shelf.e", make([]byte, 257<<10)),
		"above the server's limit": fleettest.Message("shelf.e", make([]byte, 2<<20)),
		"no subject":               fleettest.Message("", nil),
	} {
		if err := l.Store(t.Context(), m); err == nil {
			t.Errorf("%s: stored", name)
		}
	}
	h.nc.Close()
	if err := l.Store(t.Context(), fleettest.Message("shelf.f", nil)); !errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("without a connection: %v", err)
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]outcome{
		`{"stream":"S", "seq":17}`:                     stored,
		`{"type":"x","stream":"S","seq":17}`:           stored,
		`{"stream":"S","seq":3,"batch":"x","count":3}`: stored,
		`{"error":{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"},"stream":"S","seq":0}`: duplicate,
		`{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"S"}`:                     full,
		`{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}`:                                     full,
		`{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}`:                                     full,
		`{"error":{"code":400,"err_code":10002,"description":"resource limits exceeded for account"}}`:                       full,
		`{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`:                   unknown,
		`{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}`:                       refused,
		`{"error":{"code":400,"err_code":10060,"description":"expected stream does not match"}}`:                             refused,
		"": unknown, "hello": unknown,
	} {
		if got, err := classify(&nats.Msg{Data: []byte(reply)}, nil); got != want {
			t.Errorf("%s is %d, %v, want %d", reply, got, err, want)
		}
	}
	if got, err := classify(nil, nats.ErrTimeout); got != unknown || err == nil {
		t.Errorf("no reply is %d, %v", got, err)
	}
}

// batch returns count messages of the given size, with the subjects shelf.<from>, ...
func batch(from, count, size int) (list []*nats.Msg) {
	for i := range count {
		list = append(list, fleettest.Message(fmt.Sprintf("shelf.%d", from+i), make([]byte, size)))
	}
	return list
}

func TestStoreAll(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, 4000, true)
	l := New(h.nc, h.js, Options{Timeout: time.Minute})
	all := func(want uint64, list []*nats.Msg) {
		t.Helper()
		if err := l.StoreAll(t.Context(), list, nil); err != nil {
			t.Error(err)
		}
		if got := count(t, s); got != want {
			t.Errorf("%d messages, want %d", got, want)
		}
	}
	all(0, nil)
	all(1, batch(0, 1, 10))
	all(501, batch(1, 500, 10))
	all(501, batch(1, 500, 10))        // all duplicates
	all(601, batch(401, 200, 10))      // half of them duplicates
	all(1900, batch(601, 1299, 10))    // three batches
	all(2000, batch(1900, 100, 100e3)) // above 4 MiB
	all(2100, batch(2000, 100, 5))
	if m, err := s.GetLastMsgForSubject(t.Context(), "shelf.1999"); err != nil || len(m.Data) != 100e3 {
		t.Errorf("the last of a large batch: %v", err)
	}

	// The rest does not fit until there is space. After some attempts a batch is sent as single messages.
	// The purge that makes space must not remove those stored after the 3600th.
	done := make(chan error)
	go func() { done <- l.StoreAll(t.Context(), batch(2100, 1950, 1), nil) }()
	fleettest.Await(t, "the stream is nearly full", func() bool { return count(t, s) == 3600 })
	last := s.CachedInfo().State.LastSeq
	if err := s.Purge(t.Context(), jetstream.WithPurgeSubject("shelf.0")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Fatalf("450 messages went into room for 401: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(last-999)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := count(t, s); got != 1450 {
		t.Errorf("%d messages, want 1450", got)
	}
	if err := l.StoreAll(t.Context(), batch(9000, 2, 300<<10), nil); err == nil || !strings.Contains(err.Error(), "shelf.9000") {
		t.Errorf("messages above the limit: %v", err)
	}
}

// TestStoreAllWithoutBatches: a stream without atomic batches gets the messages one by one.
func TestStoreAllWithoutBatches(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	s := shelf(t, h, -1, false)
	l := New(h.nc, h.js, Options{Timeout: 2 * time.Second})
	if err := l.StoreAll(t.Context(), batch(0, 20, 1), nil); err != nil || count(t, s) != 20 {
		t.Errorf("%d messages, %v", count(t, s), err)
	}
}

// TestStoreAllOldServer: a server that does not know batches gets the messages one by one.
func TestStoreAllOldServer(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{})
	acked := make(map[string]bool)
	sub, err := h.nc.Subscribe("shelf.*", func(m *nats.Msg) {
		if m.Reply != "" {
			acked[m.Subject] = true
			m.Respond([]byte(`{"stream":"SHELF","seq":1}`))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	l := New(h.nc, h.js, Options{Timeout: 2 * time.Second})
	if err := l.StoreAll(t.Context(), batch(0, 20, 1), nil); err != nil {
		t.Fatal(err)
	}
	if err := sub.Drain(); err != nil {
		t.Fatal(err)
	}
	fleettest.Await(t, "the end", func() bool { return !sub.IsValid() })
	if len(acked) != 20 {
		t.Errorf("%d messages of 20 were acknowledged", len(acked))
	}
}

// TestStoreAcrossRestart: messages are stored once a server that was stopped is back.
func TestStoreAcrossRestart(t *testing.T) {
	t.Parallel()
	h := connected(fleettest.NewRestartable(t))
	s := shelf(t, h, -1, true)
	l := New(h.nc, h.js, Options{Timeout: 300 * time.Millisecond})
	h.Stop()
	done := make(chan error)
	go func() { done <- l.StoreAll(t.Context(), batch(0, 700, 1), nil) }()
	select {
	case err := <-done:
		t.Fatalf("stored without a server: %v", err)
	case <-time.After(400 * time.Millisecond):
	}
	h.Start(h.Config())
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := count(t, s); got != 700 {
		t.Errorf("%d messages, want 700", got)
	}
}
