package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/input"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// text returns the numbers from first on, a line each.
func text(first, count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintln(&b, first+i)
	}
	return b.String()
}

// submission returns a submission of numbers to be squared, in chunks of 43, kept for an hour.
func submission(id, numbers string) Submission {
	chunking, err := plan.ParseChunking("43")
	if err != nil {
		panic(err)
	}
	return Submission{
		ID: id, Kind: task.KindSquare, Class: task.ClassNorm, Chunking: chunking, Keep: time.Hour,
		Sources: []input.Source{input.From("-", strings.NewReader(numbers))},
	}
}

// An output holds the answers that a process printed.
type output struct {
	mu    sync.Mutex
	items []collect.Item
}

func (o *output) emit(item *collect.Item) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := *item
	kept.Factors = slices.Clone(item.Factors) // the collector overwrites them
	o.items = append(o.items, kept)
	return nil
}

func (o *output) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}

// watch returns a Watch that prints into o, in order.
func (o *output) watch() Watch { return Watch{Emit: o.emit, Ordered: true, Log: zerolog.Nop()} }

// check checks that the squares of first, first+1, ... were printed, once each and
// in order.
func (o *output) check(t *testing.T, first, count int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) != count {
		t.Errorf("%d answers were printed, want %d", len(o.items), count)
	}
	for i, item := range o.items {
		n := uint64(first + i)
		if item.Position != uint64(i) || item.Dead != "" || len(item.Factors) != 1 || item.N.String() != fmt.Sprint(n) || item.Factors[0].P.String() != fmt.Sprint(n*n) {
			t.Errorf("line %d is %+v", i, item)
			return
		}
	}
}

// A running is a process that takes part in a job.
type running struct {
	t      *testing.T
	out    output
	cancel context.CancelCauseFunc
	die    context.CancelFunc // before cancel: the process does nothing for the job after its end
	id     chan string        // of a submitted job, once it exists
	ended  chan struct{}
	sum    *Summary
	err    error
}

var errStopped = errors.New("stopped by the test")

func (h *testFleet) begin(run func(ctx context.Context, w Watch, started func(string)) (*Summary, error)) *running {
	r := &running{t: h.t, id: make(chan string, 1), ended: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.cancel = cancel
	leaving, die := context.WithCancel(context.Background())
	r.die = die
	h.t.Cleanup(func() { cancel(errStopped); <-r.ended })
	go func() {
		defer close(r.ended)
		w := r.out.watch()
		w.Leave = func() (context.Context, context.CancelFunc) { return LeaveWithin(leaving) }
		r.sum, r.err = run(ctx, w, func(id string) { r.id <- id })
	}()
	return r
}

func (h *testFleet) submit(f *fleet.Fleet, s Submission) *running {
	return h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		return Submit(ctx, f, s, w, started)
	})
}

func (h *testFleet) wait(f *fleet.Fleet, id string) *running {
	return h.begin(func(ctx context.Context, w Watch, _ func(string)) (*Summary, error) { return Wait(ctx, f, id, w) })
}

// end waits until the process ends by itself.
func (r *running) end() (*Summary, error) {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(4 * time.Minute): // the race detector takes its time on a busy machine
		r.t.Fatalf("the job does not end; %d answers printed", r.out.len())
	}
	return r.sum, r.err
}

// clean checks that the job ended without a defect.
func (r *running) clean() *Summary {
	r.t.Helper()
	s, err := r.end()
	if err != nil {
		r.t.Fatal(err)
	}
	if !s.Clean() {
		r.t.Errorf("not clean: %+v", s)
	}
	return s
}

// kill ends the process as SIGKILL does, but for its leases, which it releases.
func (r *running) kill() {
	r.t.Helper()
	r.die()
	r.stop()
}

// stop ends the process as SIGINT does.
func (r *running) stop() {
	r.t.Helper()
	r.cancel(errStopped)
	if _, err := r.end(); err != nil && !errors.Is(err, errStopped) {
		r.t.Errorf("stopped: %v", err)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	fleettest.Await(t, what, ok)
}
