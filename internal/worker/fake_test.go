package worker

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

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Numbers to which scriptKind reacts in a special way. Others take that many milliseconds, with a tick at
// least every 100 ms.
const (
	panics   = 1_000_001 // panics with two lines
	breaks   = 1_000_002 // returns an error
	skips    = 1_000_003 // returns neither answer nor error
	babbles  = 1_000_004 // returns more answers than numbers
	freezes  = 1_000_005 // ticks once, ends with its context
	hangs    = 1_000_006 // does not tick, ends when scriptKind.release is closed
	forever  = 1_000_007 // ticks, ends with its context
	enormous = 1_000_008 // has an answer of 2 KiB
	tardy    = 1_000_009 // does not tick, has its answer when its context ends
	never    = 1_000_010 // returns ErrNever
	away     = 1_000_011 // returns ErrElsewhere
)

// scriptKind does what its numbers say.
type scriptKind struct {
	release chan struct{} // closed by the test
}

func (k scriptKind) Run(ctx context.Context, numbers []nat.Nat, o RunOptions, done *[]task.Factorization) error {
	for _, n := range numbers {
		answer := task.Factorization{
			Factors: []task.Factor{{P: n, Exp: 1, Status: task.Prime}}, Method: "script", CPU: time.Millisecond,
		}
		switch v, _ := n.Word(); v {
		case panics:
			panic("first line\nsecond line")
		case breaks:
			return errors.New("broken")
		case never:
			return fmt.Errorf("bad data: %w", ErrNever)
		case away:
			return fmt.Errorf("no room here: %w", ErrElsewhere)
		case skips:
			return nil
		case babbles:
			for range len(numbers) + 1 {
				*done = append(*done, answer)
			}
			return nil
		case freezes:
			o.Tick()
			<-ctx.Done()
			return context.Cause(ctx)
		case hangs:
			<-k.release
			return context.Cause(ctx)
		case tardy:
			<-ctx.Done()
		case enormous:
			answer.Method = strings.Repeat(n.String(), 300)
		default:
			for end := time.Now().Add(time.Duration(v) * time.Millisecond); v == forever || time.Now().Before(end); {
				left := 50 * time.Millisecond
				if v != forever {
					left = min(left, time.Until(end))
				}
				select {
				case <-ctx.Done():
					return context.Cause(ctx)
				case <-time.After(left):
				}
				o.Tick()
			}
		}
		*done = append(*done, answer)
	}
	return nil
}

// A journal has the calls of the fakes, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// take returns the lines and empties the journal.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// count returns how many lines begin with prefix.
func (j *journal) count(prefix string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, line := range j.lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// A fakeSource delivers the tasks that are offered to it.
type fakeSource struct {
	tasks  chan *Delivery
	others chan *Delivery // for PullOthers
	late   []*Delivery    // delivered when a Pull is told to stop
	err    error          // what Pull returns; set before Run

	offering sync.Mutex // held while deliveries that are to come together are put in tasks

	mu      sync.Mutex
	pulls   []int // n of every Pull
	besides int   // calls of PullOthers
	skipped []task.Class
}

func (s *fakeSource) SkipClass(class task.Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped = append(s.skipped, class)
}

func (s *fakeSource) PullOthers(ctx context.Context, deliver func(*Delivery)) error {
	s.mu.Lock()
	s.besides++
	s.mu.Unlock()
	select {
	case d := <-s.others:
		deliver(d)
	case <-ctx.Done():
	case <-time.After(40 * time.Second):
	}
	return nil
}

func (s *fakeSource) Pull(ctx context.Context, n int, deliver func(*Delivery)) error {
	s.mu.Lock()
	s.pulls = append(s.pulls, n)
	s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	select {
	case d := <-s.tasks:
		deliver(d)
	case <-ctx.Done():
		for _, d := range s.late {
			deliver(d)
		}
		s.late = nil
		return nil
	case <-time.After(200 * time.Millisecond):
		return nil
	}
	s.offering.Lock()
	defer s.offering.Unlock()
	for range n - 1 {
		select {
		case d := <-s.tasks:
			deliver(d)
		default:
			return nil
		}
	}
	return nil
}

// asides returns how often PullOthers was called.
func (s *fakeSource) asides() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.besides
}

// asked returns how many tasks each Pull requested.
func (s *fakeSource) asked() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pulls)
}

// A fakeOutbox writes the journal and keeps the payloads. While blocked is not nil it waits for blocked
// or for ctx.
type fakeOutbox struct {
	journal *journal
	blocked chan struct{}         // set before Run, closed by the test
	refuse  func(task.Range) bool // results to refuse; nil = none

	mu       sync.Mutex
	results  map[string]*task.Result // by range
	returns  map[string]*task.Return
	failures map[string]*task.Failure // also dead letters
}

func (o *fakeOutbox) wait(ctx context.Context) error {
	if o.blocked == nil {
		return ctx.Err()
	}
	select {
	case <-o.blocked:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// keep stores v under r once o is not blocked, and writes the line.
func keep[V any](ctx context.Context, o *fakeOutbox, m *map[string]V, r task.Range, v V, err error, line string, args ...any) error {
	if err != nil {
		panic(err) // the worker sent what nobody can read
	}
	if err := o.wait(ctx); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[r.String()] = v
	o.journal.add(line, args...)
	return nil
}

func (o *fakeOutbox) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	v, err := task.DecodeResult(payload)
	if err == nil && uint64(len(v.Items)) != r.Count {
		err = fmt.Errorf("%d items for %v", len(v.Items), r)
	}
	if o.refuse != nil && o.refuse(r) {
		o.journal.add("result %v refused", r)
		return errors.New("refused")
	}
	return keep(ctx, o, &o.results, r, v, err, "result %v", r)
}

func (o *fakeOutbox) Return(ctx context.Context, a task.Address, payload []byte) error {
	v, err := task.DecodeReturn(payload)
	line := fmt.Sprintf("return %v %v", a.Range, v.Reason)
	if v.Pieces > 1 {
		line += fmt.Sprintf(" in %d", v.Pieces)
	}
	return keep(ctx, o, &o.returns, a.Range, v, err, "%s", line)
}

func (o *fakeOutbox) Failed(ctx context.Context, a task.Address, attempt int, payload []byte) error {
	v, err := task.DecodeFailure(payload)
	return keep(ctx, o, &o.failures, a.Range, v, err, "failed %v #%d", a.Range, attempt)
}

func (o *fakeOutbox) Dead(ctx context.Context, job string, r task.Range, payload []byte) error {
	v, err := task.DecodeFailure(payload)
	return keep(ctx, o, &o.failures, r, v, err, "dead %v", r)
}

// A fakeHandle writes the journal.
type fakeHandle struct {
	journal *journal
	prefix  string
	refuse  int // acks to refuse first
	// forgotten makes every ack ErrForgotten.
	forgotten bool
	offline   bool          // heartbeats cannot be sent
	delay     time.Duration // of the nak
	reason    string        // of the term
}

func (h *fakeHandle) InProgress() error {
	if h.offline {
		return errors.New("offline")
	}
	h.journal.add("%sbeat", h.prefix)
	return nil
}

func (h *fakeHandle) Ack(context.Context) error {
	if h.refuse > 0 {
		h.refuse--
		h.journal.add("%sack refused", h.prefix)
		return errors.New("refused")
	}
	if h.forgotten {
		h.journal.add("%sack forgotten", h.prefix)
		return fmt.Errorf("settle a task: %w", ErrForgotten)
	}
	h.journal.add("%sack", h.prefix)
	return nil
}

func (h *fakeHandle) NakWithDelay(_ context.Context, d time.Duration) error {
	h.delay = d
	h.journal.add("%snak", h.prefix)
	return nil
}

func (h *fakeHandle) Term(_ context.Context, reason string) error {
	h.reason = reason
	h.journal.add("%sterm", h.prefix)
	return nil
}

// A rig is a worker with fakes around it, inside a synctest bubble.
type rig struct {
	*Worker
	t       *testing.T
	source  *fakeSource
	outbox  *fakeOutbox
	journal *journal
	kind    scriptKind
	stop    context.CancelFunc
	result  chan error // what Run returned
	began   time.Time
}

// newRig returns a rig that is not started. Its AckWait is 6 s, so that the heartbeat scans every second. Its StoreEvery
// is not a whole number of ticks, so that storing does not become due just when a number is finished.
func newRig(t *testing.T, slots int) *rig {
	j := new(journal)
	r := &rig{
		t: t, journal: j, result: make(chan error, 1), began: time.Now(),
		source: &fakeSource{tasks: make(chan *Delivery, 10000), others: make(chan *Delivery, 100)},
		outbox: &fakeOutbox{journal: j},
		kind:   scriptKind{release: make(chan struct{})},
	}
	r.Worker = New(Config{
		Name: "w1", Version: "1.2.3", Kernels: "avx2", Slots: slots, AckWait: 6 * time.Second, StoreEvery: 4990 * time.Millisecond,
		Kinds: map[string]Kind{"script": r.kind}, Log: zerolog.Nop(),
	}, r.source, r.outbox)
	return r
}

func (r *rig) start() {
	ctx, stop := context.WithCancel(r.t.Context())
	r.stop = stop
	go func() { r.result <- r.Run(ctx) }()
}

// drain ends the rig and returns what Run says.
func (r *rig) drain() error {
	r.stop()
	return <-r.result
}

// chunk returns a delivery of the numbers for the range that begins at first.
func (r *rig) chunk(first uint64, numbers ...uint64) *Delivery {
	t := &task.Task{Kind: "script"}
	for _, n := range numbers {
		t.Numbers = append(t.Numbers, nat.New(n))
	}
	return &Delivery{
		Address: task.Address{
			Class: task.ClassNorm, Job: "job", Range: task.Range{First: first, Count: uint64(len(numbers))}, Round: task.FirstRound,
		},
		Attempt: 1, Schema: task.Schema, Data: t.Encode(), Handle: &fakeHandle{journal: r.journal},
	}
}

// again makes d the second delivery of its task: it is not joined with others.
func again(d *Delivery) *Delivery {
	d.Attempt = 2
	return d
}

// offer makes one pull deliver all of the deliveries, if it requests that many.
func (r *rig) offer(deliveries ...*Delivery) {
	r.source.offering.Lock()
	defer r.source.offering.Unlock()
	for _, d := range deliveries {
		r.source.tasks <- d
	}
}

// wantJournal compares the journal since the last call.
func (r *rig) wantJournal(want ...string) {
	r.t.Helper()
	if got := r.journal.take(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.t.Errorf("at %v:\n got %q\nwant %q", time.Since(r.began), got, want)
	}
}

// repeat returns n times v.
func repeat(n int, v uint64) []uint64 {
	s := make([]uint64, n)
	for i := range s {
		s[i] = v
	}
	return s
}
