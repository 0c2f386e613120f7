package fleet

import (
	"context"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestSweep: returned ranges are queued with the numbers of FACTOR_INPUTS, forged returns are dropped;
// FACTOR_RETURNS is empty in either case.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		subject string // without FACTOR.returns.; job j has 5000 numbers
		ret     *task.Return
		want    string // ranges queued
	}{
		{"drained", "j.0-43.0.w", &task.Return{Reason: task.Drained}, "0-43"},
		{"a remainder", "j.17-26.abc.w", &task.Return{Reason: task.Drained, Pieces: 1}, "17-26"},
		{"across blocks", "j.4000-1000.0.w", &task.Return{Reason: task.Drained}, "4000-1000"},
		{"isolate", "j.0-10.0.w", &task.Return{Reason: task.Isolate, Pieces: 4}, "0-3 3-3 6-2 8-2"},
		{"more pieces than numbers", "j.8-2.0.w", &task.Return{Reason: task.Isolate, Pieces: 1 << 31}, "8-1 9-1"},
		{"no reason", "j.8-2.0.w", &task.Return{}, "8-2"},
		{"outside of the input", "j.4990-11.0.w", &task.Return{Reason: task.Drained}, ""},
		{"far outside", "j.0-9007199254740991.0.w", &task.Return{Reason: task.Isolate, Pieces: 1 << 31}, ""},
		{"larger than a chunk", "j.0-4097.0.w", &task.Return{Reason: task.Drained}, ""},
		{"no such job", "k.0-1.0.w", &task.Return{Reason: task.Drained}, ""},
		{"a job that has ended", "over.0-1.0.w", &task.Return{Reason: task.Drained}, ""},
		{"no range", "j.x.0.w", &task.Return{Reason: task.Drained}, ""},
		{"no return", "j.0-1.0.w", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			h.job("j", task.ClassLow, 5000)
			over, _ := h.job("over", task.ClassNorm, 10)
			if _, err := h.Cancel(t.Context(), over.ID); err != nil {
				t.Fatal(err)
			}
			payload := []byte("\xff")
			if test.ret != nil {
				payload = test.ret.Encode()
			}
			h.put(schema.ReturnsPrefix+test.subject, payload)
			background(t, h.Sweep)
			await(t, "no return is left", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
			if got := h.ranges("j"); got != test.want {
				t.Errorf("queued %q, want %q", got, test.want)
			}
			for _, s := range h.subjects(schema.StreamTasks) {
				if !strings.HasPrefix(s, "tasks.low.j.") || strings.HasSuffix(s, "."+task.FirstRound) {
					t.Errorf("queued as %s", s)
				}
			}
			if test.want == "" {
				return
			}
			w := h.station("w")
			_, deliveries := pull(t, w, 10)
			for _, d := range deliveries {
				got, err := task.DecodeTask(d.Data)
				if err != nil || got.Kind != task.KindSquare || uint64(len(got.Numbers)) != d.Range.Count {
					t.Fatalf("%v is %+v, %v", d.Range, got, err)
				}
				if n, _ := got.Numbers[0].Word(); n != d.Range.First {
					t.Errorf("%v begins with %d", d.Range, n)
				}
			}
		})
	}
}

// TestSweepUnsupported: a range that a worker did not support is queued again after a delay.
func TestSweepUnsupported(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 10)
	h.put(schema.ReturnSubject("j", single(3), "0", "w"), (&task.Return{Reason: task.Unsupported}).Encode())
	h.put(schema.ReturnSubject("j", single(4), "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
	background(t, h.Sweep)
	await(t, "the other one", func() bool { return h.ranges("j") == "4-1" })
	began := time.Now()
	await(t, "both", func() bool { return h.ranges("j") == "3-1 4-1" })
	if d := time.Since(began); d < attempt.UnsupportedDelay-time.Second {
		t.Errorf("queued again after %v", d)
	}
}

// TestSweepHandsOver: a message that a sweeper had received when it ended is redelivered to the next
// sweeper at once.
func TestSweepHandsOver(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.job("j", task.ClassNorm, 100)
	for i := range 40 {
		stop := background(t, h.Sweep)
		h.put(schema.ReturnSubject("j", single(i), "0", "w"), (&task.Return{}).Encode())
		time.Sleep(time.Duration(i%8) * time.Millisecond)
		stop()
	}
	began := time.Now()
	background(t, h.Sweep)
	empty := func() bool { return len(h.subjects(schema.StreamReturns)) == 0 }
	await(t, "no return is left", empty)
	took := time.Since(began)
	for i := range 40 { // as many fresh ones, for comparison
		h.put(schema.ReturnSubject("j", single(40+i), "0", "w"), (&task.Return{}).Encode())
	}
	began = time.Now()
	await(t, "no fresh return is left", empty)
	if most := schema.SweepAckWait/2 + 2*time.Since(began); took > most {
		t.Errorf("it took %v, more than %v", took, most)
	}
}

// TestSweepEnds: the sweeper ends with its context, and returns an error when the connection is closed.
func TestSweepEnds(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Sweep(ctx) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	nc, js := h.connect()
	f := h.open(nc, js)
	go func() { ended <- f.Sweep(t.Context()) }()
	await(t, "a pull request", func() bool {
		c, err := h.returns.Consumer(t.Context(), schema.DurableSweeper)
		return err == nil && c.CachedInfo().NumWaiting > 0
	})
	nc.Close()
	if err := <-ended; err == nil {
		t.Error("it ended without an error")
	}
}
