package collect

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

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
		verified := r.verified()
		for x, who := range model {
			at := task.Range{First: uint64(x), Count: 1}
			if r.Covered().Contains(at) != (who != 0) || r.dead.Contains(at) != (who == buried) || verified.Contains(at) != (who != 0 && who != buried) {
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
		if n.Verified != verified.Len() || n.Dead != r.dead.Len() || r.emitted != uint64(len(r.out)) || n.Unfinished != unfinished || tally != n.Verified {
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
				if model[x] == 0 && r.dead.Contains(task.Range{First: x, Count: 1}) {
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
			settle(r.drain(t.Context()))
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
		settle(r.drain(t.Context()))
		if missing := slices.Collect(r.Covered().Missing(task.Range{Count: count})); len(missing) > 0 {
			accept(missing[choose(len(missing))], "z")
		}
	}
	settle(r.drain(t.Context()))
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
