package collect

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A rig is a job with its stored input and its stream of results, and what the
// collector emitted.
type rig struct {
	*Collector
	numbers []nat.Nat
	answers []task.Factorization
	stream  [][]byte // by sequence - 1
	out     []Item

	// Faults.
	failEmit    int              // the how manieth call of Emit from now fails; 0 = none
	failNumbers bool             // Numbers fails
	failReread  map[uint64]error // by sequence
	rereads     int
}

var errInjected = errors.New("injected")

// newRig returns a job of the numbers 2, 3, ..., count+1, but for every 10th, which
// is large and left unfinished.
func newRig(count int, ordered bool, limit int64) *rig {
	r := &rig{failReread: make(map[uint64]error)}
	for i := range count {
		n, answer := nat.New(uint64(i)+2), factorization(uint64(i)+2)
		if i%10 == 0 {
			n = nat.FromBytes([]byte{1, 0, 0, 0, 0, 0, 0, 0, byte(i >> 8), byte(i)})
			answer.Factors = []task.Factor{{P: n, Exp: 1, Status: task.Composite}}
		}
		r.numbers = append(r.numbers, n)
		r.answers = append(r.answers, answer)
	}
	r.Collector = New(Config{
		Kind: task.KindFactor, Ordered: ordered, Limit: limit,
		Numbers: func(_ context.Context, s task.Range) ([]nat.Nat, error) {
			switch {
			case r.failNumbers:
				return nil, errInjected
			case s.End() > uint64(len(r.numbers)):
				return nil, fmt.Errorf("%w: %v", ErrNoInput, s)
			case s.Count > task.MaxCount:
				return nil, fmt.Errorf("asked for %d numbers at once", s.Count)
			}
			return r.numbers[s.First:s.End()], nil
		},
		Reread: func(_ context.Context, seq uint64) ([]byte, error) {
			r.rereads++
			return r.stream[seq-1], r.failReread[seq]
		},
		Emit: func(item *Item) error {
			if r.failEmit > 0 {
				if r.failEmit--; r.failEmit == 0 {
					return errInjected
				}
			}
			r.out = append(r.out, *item)
			return nil
		},
	})
	return r
}

// factorization divides n by everything.
func factorization(n uint64) task.Factorization {
	f := task.Factorization{Method: "trial", CPU: time.Duration(n)}
	for p := uint64(2); n > 1; p++ {
		var exp uint32
		for ; n%p == 0; n /= p {
			exp++
		}
		if exp > 0 {
			f.Factors = append(f.Factors, task.Factor{P: nat.New(p), Exp: exp, Status: task.Prime})
		}
	}
	return f
}

// publish puts a result for s on the stream.
func (r *rig) publish(s task.Range, worker string) Arrival {
	return r.publishResult(s, &task.Result{
		Kind: task.KindFactor, Worker: worker, Attempt: 1, Items: r.answers[s.First:s.End()],
	})
}

func (r *rig) publishResult(s task.Range, result *task.Result) Arrival {
	data := result.Encode()
	r.stream = append(r.stream, slices.Clone(data))
	return Arrival{Range: s, Worker: result.Worker, Seq: uint64(len(r.stream)), Data: data}
}

// replace overwrites a result on the stream by another that Check would accept.
func (r *rig) replace(seq uint64) {
	result, err := task.DecodeResult(r.stream[seq-1])
	if err != nil {
		panic(err)
	}
	result.Attempt++
	r.stream[seq-1] = result.Encode()
}

// take checks and accepts a result for s that must pass the check.
func (r *rig) take(t testing.TB, s task.Range, worker string) (fresh uint64, err error) {
	t.Helper()
	k, err := r.Check(t.Context(), r.publish(s, worker))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err = r.Accept(t.Context(), k)
	clear(k.Data) // the collector must not have kept it
	return fresh, err
}

// sameItem compares an emitted item with the answer of its position.
func (r *rig) sameItem(got Item) error {
	want := Item{Position: got.Position, N: r.numbers[got.Position], Kind: task.KindFactor, Worker: got.Worker, Attempt: 1, Dead: got.Dead}
	if got.Dead != "" {
		want.Worker, want.Attempt = "", 0
	} else {
		want.Factorization = r.answers[got.Position]
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("emitted %v, want %v", got, want)
	}
	return nil
}

func TestInOrder(t *testing.T) {
	r := newRig(100, true, 0)
	// A chunk, a later one, the hole between in two overlapping pieces, a
	// duplicate, the rest with everything in it.
	for _, step := range []struct {
		r       task.Range
		fresh   uint64
		emitted int
	}{
		{task.Range{First: 0, Count: 10}, 10, 10},
		{task.Range{First: 20, Count: 10}, 10, 10},
		{task.Range{First: 14, Count: 8}, 6, 10},
		{task.Range{First: 14, Count: 8}, 0, 10},
		{task.Range{First: 5, Count: 12}, 4, 30},
		{task.Range{First: 99, Count: 1}, 1, 30},
		{task.Range{First: 0, Count: 100}, 69, 100},
	} {
		if r.Complete(100) {
			t.Fatal("complete too early")
		}
		fresh, err := r.take(t, step.r, "w-"+step.r.String())
		if fresh != step.fresh || err != nil || len(r.out) != step.emitted {
			t.Fatalf("%v: %d fresh, %d emitted, %v; want %d, %d", step.r, fresh, len(r.out), err, step.fresh, step.emitted)
		}
	}
	if !r.Complete(100) || r.Complete(101) {
		t.Error("not complete at 100")
	}
	for i, item := range r.out {
		if item.Position != uint64(i) {
			t.Fatalf("position %d at %d", item.Position, i)
		}
		if err := r.sameItem(item); err != nil {
			t.Fatal(err)
		}
	}
	n := r.Counts()
	var cpu time.Duration
	for _, f := range r.answers {
		cpu += f.CPU
	}
	if n.Verified != 100 || n.Emitted != 100 || n.Duplicate != 2+8+8+31 || n.CPU != cpu || n.Unfinished != 10 || len(n.Workers) != 6 {
		t.Errorf("counts %+v", n)
	}
	if w := n.Workers[2]; w.Name != "w-14-8" || w.Verified != 6 || w.Duplicate != 10 {
		t.Errorf("tally %+v", w)
	}
}

func TestEmptyJobIsComplete(t *testing.T) {
	if !newRig(0, true, 0).Complete(0) {
		t.Error("a job without numbers never ends")
	}
}

func TestBury(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		r := newRig(10000, ordered, 0)
		must(t, take(r, t, task.Range{First: 100, Count: 10}))
		must(t, r.Bury(t.Context(), task.Range{First: 0, Count: 9000}, "nobody could"))
		must(t, r.Bury(t.Context(), task.Range{First: 50, Count: 100}, "again"))
		if fresh, err := r.take(t, task.Range{First: 95, Count: 10}, "late"); fresh != 0 || err != nil {
			t.Fatal(fresh, err)
		}
		must(t, take(r, t, task.Range{First: 8990, Count: 1010}))
		n := r.Counts()
		if !r.Complete(10000) || n.Dead != 8990 || n.Verified != 1010 || n.Late != 15 || n.Duplicate != 5 {
			t.Errorf("counts %+v", n)
		}
		seen := make([]bool, 10000)
		for i, item := range r.out {
			if seen[item.Position] || ordered && item.Position != uint64(i) {
				t.Fatalf("position %d at %d", item.Position, i)
			}
			seen[item.Position] = true
			if dead := item.Dead == "nobody could"; dead != (item.Position < 9000 && (item.Position < 100 || item.Position >= 110)) {
				t.Fatalf("position %d: dead is %v", item.Position, dead)
			}
			if err := r.sameItem(item); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.out) != 10000 {
			t.Fatalf("%d emitted", len(r.out))
		}
	}
}

func take(r *rig, t testing.TB, s task.Range) error {
	t.Helper()
	_, err := r.take(t, s, "w")
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The model says of each position who answered it: the sequence of the result, 0
// for nobody yet, buried if it is dead.
const buried = ^uint64(0)

// play takes a job from its first result to its last item, with results, burials
// and faults as choose says, and compares every step with a model. choose(n)
// returns a number below n.
func play(t *testing.T, ordered bool, choose func(n int) int) {
	const count = 64
	var (
		limits = []int64{1, 300, 1000, 0}
		r      = newRig(count, ordered, limits[choose(len(limits))])
		model  [count]uint64
		left   = count // positions with 0
		worker = []string{"a", "b", "c-3"}
		author = make(map[uint64]string) // of a sequence
		bad    = make(map[uint64]bool)   // sequences that cannot be read again
		out    = 0                       // items of r.out that are compared
	)
	// settle compares everything with the model, after a call that returned err.
	settle := func(err error) {
		t.Helper()
		for ; out < len(r.out); out++ {
			item := r.out[out]
			if ordered && item.Position != uint64(out) {
				t.Fatalf("position %d emitted at %d", item.Position, out)
			}
			if who := model[item.Position]; who == 0 || (who == buried) != (item.Dead != "") {
				t.Fatalf("emitted %+v, but the model says %d", item, who)
			} else if who != buried {
				if want := author[who]; item.Worker != want {
					t.Fatalf("position %d: worker %q, want %q", item.Position, item.Worker, want)
				}
			}
			if err := r.sameItem(item); err != nil {
				t.Fatal(err)
			}
		}
		if lost := (*Lost)(nil); errors.As(err, &lost) {
			for x := lost.Range.First; x < lost.Range.End(); x++ {
				if !bad[model[x]] {
					t.Fatalf("lost position %d, whose answer was there: %v", x, err)
				}
				model[x] = 0
				left++
			}
		} else if err != nil && !errors.Is(err, errInjected) {
			t.Fatal(err)
		}
		for x, who := range model {
			at := task.Range{First: uint64(x), Count: 1}
			if r.Covered().Contains(at) != (who != 0) || r.Dead().Contains(at) != (who == buried) || r.Verified().Contains(at) != (who != 0 && who != buried) {
				t.Fatalf("position %d: sets differ from the model's %d", x, who)
			}
		}
		n := r.Counts()
		var unfinished, tally uint64
		for x, who := range model {
			if who != 0 && who != buried && r.answers[x].Factors[0].Status == task.Composite {
				unfinished++
			}
		}
		for _, w := range n.Workers {
			tally += w.Verified
		}
		if n.Verified != r.Verified().Len() || n.Dead != r.Dead().Len() || n.Emitted != uint64(len(r.out)) || n.Unfinished != unfinished || tally != n.Verified {
			t.Fatalf("counts %+v; %d unfinished", n, unfinished)
		}
		if n.Verified+n.Dead != uint64(count-left) || r.Complete(count) != (left == 0 && len(r.out) == count) {
			t.Fatalf("%d positions left, complete is %v", left, r.Complete(count))
		}
		if ordered {
			checkWaiting(t, r.Collector)
		}
	}
	accept := func(s task.Range, worker string) {
		t.Helper()
		var want uint64
		for x := s.First; x < s.End(); x++ {
			if model[x] == 0 {
				want++
			}
		}
		k, err := r.Check(t.Context(), r.publish(s, worker))
		if r.failNumbers {
			if !errors.Is(err, errInjected) || errors.As(err, new(*Refused)) {
				t.Fatalf("Numbers failed, but Check says %v", err)
			}
			return
		}
		must(t, err)
		if choose(8) == 0 {
			r.failEmit = 1 + choose(20)
		}
		author[k.Seq] = worker
		switch choose(8) {
		case 0:
			bad[k.Seq] = true
			r.failReread[k.Seq] = errors.New("gone")
		case 1:
			bad[k.Seq] = true
			r.replace(k.Seq)
		}
		fresh, err := r.Accept(t.Context(), k)
		clear(k.Data)
		if errors.Is(err, errInjected) && !ordered {
			want = min(want, fresh)
		}
		if fresh != want {
			t.Fatalf("%v: %d fresh, want %d", s, fresh, want)
		}
		for x := s.First; x < s.End() && fresh > 0; x++ {
			if model[x] == 0 {
				model[x] = k.Seq
				left--
				fresh--
			}
		}
		settle(err)
	}
	random := func() task.Range {
		first := choose(count)
		return task.Range{First: uint64(first), Count: uint64(1 + choose(min(16, count-first)))}
	}
	for range 60 {
		switch choose(10) {
		case 0:
			s := random()
			if choose(3) > 0 {
				continue
			}
			err := r.Bury(t.Context(), s, "dead")
			for x := s.First; x < s.End(); x++ {
				if model[x] == 0 && r.Dead().Contains(task.Range{First: x, Count: 1}) {
					model[x] = buried
					left--
				} else if model[x] == 0 && err == nil {
					t.Fatalf("position %d is not dead", x)
				}
			}
			settle(err)
		case 1:
			r.failNumbers = !r.failNumbers
		case 2:
			settle(r.Flush(t.Context()))
		default:
			accept(random(), worker[choose(3)])
		}
	}
	r.failNumbers = false
	// Queue what is missing again until all is there.
	for i := 0; len(r.out) < count; i++ {
		if i > 1000 {
			t.Fatalf("%d positions left, %d emitted", left, len(r.out))
		}
		settle(r.Flush(t.Context()))
		if missing := slices.Collect(r.Covered().Missing(task.Range{Count: count})); len(missing) > 0 {
			accept(missing[choose(len(missing))], "z")
		}
	}
	settle(r.Flush(t.Context()))
	if !r.Complete(count) {
		t.Fatal("not complete")
	}
}

// checkWaiting checks the invariants of what waits.
func checkWaiting(t *testing.T, c *Collector) {
	t.Helper()
	var waiting task.Set
	var bytes int64
	add := func(r task.Range) {
		if r.Count == 0 || r.First < c.emitted || waiting.Add(r) != r.Count {
			t.Fatalf("piece %v overlaps another or is over", r)
		}
	}
	for _, page := range c.held.pages {
		for _, h := range page {
			add(h.span())
			bytes += cost(h.data)
		}
	}
	for _, page := range c.spilled.pages {
		for _, s := range page {
			add(s.span())
		}
	}
	for _, page := range c.graves.pages {
		for _, g := range page {
			add(g.Range)
		}
	}
	if bytes != c.heldBytes || bytes > c.cfg.Limit {
		t.Fatalf("%d bytes held, counted as %d, limit %d", bytes, c.heldBytes, c.cfg.Limit)
	}
	waiting.Add(task.Span(0, c.emitted))
	if got, want := slices.Collect(waiting.Ranges()), slices.Collect(c.covered.Ranges()); !slices.Equal(got, want) {
		t.Fatalf("emitted or waiting: %v, covered: %v", got, want)
	}
}

func TestPlay(t *testing.T) {
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		play(t, seed%3 != 0, rng.IntN)
	}
}

func FuzzPlay(f *testing.F) {
	f.Add([]byte(strings.Repeat("collect", 40)))
	f.Fuzz(func(t *testing.T, script []byte) {
		i := 0
		play(t, len(script)%4 != 0, func(n int) int {
			if i++; i <= len(script) {
				return int(script[i-1]) % n
			}
			return (i * 7919 >> 3) % n // scripts end, the job must too
		})
	})
}
