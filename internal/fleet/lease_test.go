package fleet

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
)

// testTTL is short; the server counts whole seconds.
const testTTL = 2 * time.Second

// A tenant is a process that runs Hold on job "j".
type tenant struct {
	f      *Fleet
	held   atomic.Int32
	losses atomic.Int32
	stop   func()
}

func (h *testFleet) tenant(name string) *tenant {
	nc, js := h.connect()
	n := &tenant{f: h.open(nc, js)}
	n.f.leaseTTL = testTTL
	n.stop = background(h.t, func(ctx context.Context) error {
		err := n.f.Hold(ctx, "j", name, func(ctx context.Context) error {
			n.held.Add(1)
			<-ctx.Done()
			if context.Cause(ctx) == errLeaseLost {
				n.losses.Add(1)
			}
			n.held.Add(-1)
			return context.Cause(ctx)
		})
		if errors.Is(err, natsconn.ErrClosed) { // by the test
			return nil
		}
		return err
	})
	return n
}

// TestLease: a process holds the lease, beyond its time to live, until it releases it. Another one,
// which requests it only once before, has it soon after that.
func TestLease(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	a := h.tenant("a")
	await(t, "a holds", func() bool { return a.held.Load() == 1 })
	var requests atomic.Int32 // of b
	_, err := h.nc.Subscribe(schema.KeyPrefix(schema.BucketLeases)+"j", func(m *nats.Msg) {
		if string(m.Data) == "b" {
			requests.Add(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b := h.tenant("b")
	for end := time.Now().Add(testTTL * 3 / 2); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if a.held.Load() != 1 || b.held.Load() != 0 {
			t.Fatalf("a holds %d, b %d", a.held.Load(), b.held.Load())
		}
	}
	if who, err := h.Holder(t.Context(), "j"); who != "a" || err != nil {
		t.Errorf("the holder is %q, %v", who, err)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("b has requested a lease that is held %d times", n)
	}
	a.stop()
	if a.held.Load() != 0 || a.losses.Load() != 0 {
		t.Error("a was stopped and still holds, or says that it lost the lease")
	}
	if who, err := h.Holder(t.Context(), "j"); who == "a" || err != nil {
		t.Errorf("a was stopped and the holder is %q, %v", who, err)
	}
	await(t, "b holds", func() bool { return b.held.Load() == 1 })
	b.stop()
	if who, err := h.Holder(t.Context(), "j"); who != "" || err != nil {
		t.Errorf("the holder is %q, %v", who, err)
	}
	await(t, "nothing is left of it", func() bool { return len(h.subjects(schema.BucketStream(schema.BucketLeases))) == 0 })
}

// TestLeaseTakeover: another process takes the lease of a holder that has fallen silent, when it
// expires, and the old holder notices the loss by itself.
func TestLeaseTakeover(t *testing.T) {
	t.Parallel()
	h := serve(t, natsserver.Config{Listen: "127.0.0.1:0"})
	h.provision(Provision{})
	a := h.tenant("a")
	await(t, "a has renewed", func() bool { e, err := h.leases.Get(t.Context(), "j"); return err == nil && e.Revision() > 1 })
	b := h.tenant("b")
	a.f.link.NC.Close() // as if the process had died: nothing is released
	await(t, "b holds", func() bool { return b.held.Load() == 1 })
	if a.held.Load() != 0 || a.losses.Load() == 0 {
		t.Errorf("b holds, a holds %d and lost %d", a.held.Load(), a.losses.Load())
	}
}

// TestLeaseStolen: a holder stops when it finds another name in its lease.
func TestLeaseStolen(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	a := h.tenant("a")
	await(t, "a holds", func() bool { return a.held.Load() == 1 })
	if _, err := h.leases.PutString(t.Context(), "j", "thief"); err != nil {
		t.Fatal(err)
	}
	await(t, "a has noticed", func() bool { return a.held.Load() == 0 && a.losses.Load() == 1 })
	if who, err := h.Holder(t.Context(), "j"); who != "thief" || err != nil {
		t.Errorf("the holder is %q, %v: a released a lease that it does not hold", who, err)
	}
}

// TestLeaseAnswerLost: a renewal that was stored although its answer never came does
// not cost the lease.
func TestLeaseAnswerLost(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	a := h.tenant("a")
	await(t, "a holds", func() bool { return a.held.Load() == 1 })
	e, err := h.leases.Get(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	h.leaseTTL = testTTL
	if _, err := h.renewOnce(t.Context(), &lease{"j", "a", e.Revision(), time.Now()}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(testTTL) // some renewals
	if a.held.Load() != 1 || a.losses.Load() != 0 {
		t.Errorf("a holds %d, lost %d", a.held.Load(), a.losses.Load())
	}
}

// TestHoldError: an error of the holder's work ends Hold and releases the lease.
func TestHoldError(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	oops := errors.New("oops")
	if err := h.Hold(t.Context(), "j", "a", func(context.Context) error { return oops }); !errors.Is(err, oops) {
		t.Errorf("%v", err)
	}
	if who, err := h.Holder(t.Context(), "j"); who != "" || err != nil {
		t.Errorf("the holder is %q, %v", who, err)
	}
	h.nc.Close()
	if err := h.Hold(t.Context(), "j", "a", nil); !errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("without a connection: %v", err)
	}
	if _, err := h.Holder(t.Context(), "j"); err == nil || strings.Contains(err.Error(), "%!") {
		t.Errorf("the holder without a connection: %v", err)
	}
}

// TestLeaseWithoutEnd: a lease that the server does not let expire is removed by a process that waits for
// it, and only after it was not renewed for longer than its time to live.
func TestLeaseWithoutEnd(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if _, err := h.leases.Put(t.Context(), "j", []byte("ghost")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	a := h.tenant("a")
	await(t, "a holds", func() bool { return a.held.Load() == 1 })
	if d := time.Since(start); d < testTTL {
		t.Errorf("the lease was removed after %v, within its time to live", d)
	}
}

// TestLeaseReleasedBeforeRestart: a lease that was released before a restart of the server is free after it,
// while its marker is there, and once the marker has expired.
func TestLeaseReleasedBeforeRestart(t *testing.T) {
	t.Parallel()
	h, config := newLasting(t)
	h.leaseTTL = testTTL
	for _, wait := range []time.Duration{0, testTTL + time.Second} {
		ctx, cancel := context.WithCancel(t.Context())
		err := h.Hold(ctx, "j", "a", func(context.Context) error { cancel(); return context.Canceled })
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		h.server.Stop()
		h.server.Start(config)
		time.Sleep(wait)
		if who, err := h.Holder(t.Context(), "j"); who != "" || err != nil {
			t.Errorf("after %v the holder is %q, %v", wait, who, err)
		}
		a := h.tenant("a")
		await(t, "a holds", func() bool { return a.held.Load() == 1 })
		a.stop()
	}
}
