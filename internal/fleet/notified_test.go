package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"factorfleet/internal/schema"
)

// TestOnce: of several processes one tells of an event, whatever their number and order. If the one that tells dies before
// its end, another one tells.
func TestOnce(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	open := func() *Fleet {
		f := h.open(h.connect())
		f.leaseTTL = testTTL
		return f
	}
	var told atomic.Int32
	ended := make(chan error, 3)
	for _, name := range []string{"a", "b", "c"} {
		f := open()
		go func() { ended <- f.Once(t.Context(), "j", "ended-1", name, func(context.Context) { told.Add(1) }) }()
	}
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if told.Load() != 1 {
		t.Errorf("told %d times", told.Load())
	}
	f := open()
	if err := f.Once(t.Context(), "j", "ended-1", "late", func(context.Context) { told.Add(1) }); err != nil || told.Load() != 1 {
		t.Errorf("told %d times, %v", told.Load(), err)
	}
	if err := f.Once(t.Context(), "j", "ended-2", "late", func(context.Context) { told.Add(1) }); err != nil || told.Load() != 2 {
		t.Errorf("another event: told %d times, %v", told.Load(), err)
	}
	for _, bad := range []string{"", "a.b", "*", ">"} {
		if err := f.Once(t.Context(), "j", bad, "x", func(context.Context) { t.Error("told") }); err == nil {
			t.Errorf("event %q", bad)
		}
	}

	// One that ends while it tells has not told.
	stopped := errors.New("stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	err := open().Once(ctx, "k", "ended-1", "dies", func(ctx context.Context) { stop(stopped); <-ctx.Done() })
	if !errors.Is(err, stopped) {
		t.Errorf("%v", err)
	}
	again := false
	if err := open().Once(t.Context(), "k", "ended-1", "successor", func(context.Context) { again = true }); err != nil || !again {
		t.Errorf("told again: %v, %v", again, err)
	}

	// The record expires, and is no job.
	kv, err := h.js.KeyValue(t.Context(), schema.BucketJobs)
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.js.Stream(t.Context(), schema.BucketStream(schema.BucketJobs))
	if err != nil {
		t.Fatal(err)
	}
	e, err := kv.Get(t.Context(), notifiedPrefix+"j.ended-1")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), e.Revision())
	if err != nil || m.Header.Get("Nats-TTL") != notifiedAge.String() {
		t.Errorf("header %v, %v", m.Header, err)
	}
	if jobs, err := f.Jobs(t.Context()); err != nil || len(jobs) != 0 {
		t.Errorf("jobs %v, %v", jobs, err)
	}
}
