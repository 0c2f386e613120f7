package collect

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// givenUp is the model's state of a position that was given up.
const givenUp = ^uint64(0)

// A player plays the life of a job against a model and compares after every step.
type player struct {
	*rig
	t       *testing.T
	ordered bool
	choose  func(n int) int // returns a number below n

	// The model: for each position the sequence of the result that answered it, 0 while it is
	// missing, or givenUp.
	model   [64]uint64
	missing int               // positions with 0
	author  map[uint64]string // sequence -> worker
	bad     map[uint64]bool   // sequences that cannot be read again
	out     int               // items of rig.out that are compared
}

// play takes a job from its first result to its last item, with results, positions given up and
// faults as choose decides.
func play(t *testing.T, ordered bool, choose func(n int) int) {
	limits := []int64{1, 300, 1000, 0}
	p := &player{t: t, ordered: ordered, choose: choose, author: make(map[uint64]string), bad: make(map[uint64]bool)}
	p.missing = len(p.model)
	p.rig = newRig(len(p.model), ordered, limits[choose(len(limits))])
	workers := []string{"a", "b", "c-3"}
	for range 60 {
		switch choose(10) {
		case 0:
			if r := p.randomRange(); choose(3) == 0 {
				p.giveUp(r)
			}
		case 1:
			p.failNumbers = !p.failNumbers
		case 2:
			p.compare(p.emitReady(t.Context()))
		default:
			p.accept(p.randomRange(), workers[choose(3)])
		}
	}
	p.failNumbers = false
	p.finish()
}

func (p *player) randomRange() task.Range {
	first := p.choose(len(p.model))
	return task.Range{First: uint64(first), Count: uint64(1 + p.choose(min(16, len(p.model)-first)))}
}

// finish answers what is missing until everything is emitted.
func (p *player) finish() {
	p.t.Helper()
	for i := 0; len(p.rig.out) < len(p.model); i++ {
		if i > 1000 {
			p.t.Fatalf("%d positions missing, %d emitted", p.missing, len(p.rig.out))
		}
		p.compare(p.emitReady(p.t.Context()))
		if gaps := slices.Collect(p.Covered().Gaps(task.Range{Count: uint64(len(p.model))})); len(gaps) > 0 {
			p.accept(gaps[p.choose(len(gaps))], "z")
		}
	}
	p.compare(p.emitReady(p.t.Context()))
	if !p.Complete(uint64(len(p.model))) {
		p.t.Fatal("not complete")
	}
}

// accept publishes a result for s and has it accepted, sometimes with a fault.
func (p *player) accept(s task.Range, worker string) {
	p.t.Helper()
	var want uint64
	for x := s.First; x < s.End(); x++ {
		if p.model[x] == 0 {
			want++
		}
	}
	k, err := p.Check(p.t.Context(), p.publish(s, worker))
	if p.failNumbers && want > 0 { // a duplicate needs no numbers
		if !errors.Is(err, errInjected) || errors.As(err, new(*Refused)) {
			p.t.Fatalf("Numbers failed, but Check returned %v", err)
		}
		return
	}
	must(p.t, err)
	p.injectFaults(k.Seq)
	p.author[k.Seq] = worker
	fresh, err := p.Accept(p.t.Context(), k)
	clear(k.Data)
	if errors.Is(err, errInjected) && !p.ordered {
		want = min(want, fresh)
	}
	if fresh != want {
		p.t.Fatalf("%v: %d fresh, want %d", s, fresh, want)
	}
	for x := s.First; x < s.End() && fresh > 0; x++ {
		if p.model[x] == 0 {
			p.model[x] = k.Seq
			p.missing--
			fresh--
		}
	}
	p.compare(err)
}

// injectFaults lets a later call of Emit fail, or the result seq be lost.
func (p *player) injectFaults(seq uint64) {
	if p.choose(8) == 0 {
		p.failEmit = 1 + p.choose(20)
	}
	switch p.choose(8) {
	case 0:
		p.bad[seq] = true
		p.failReread[seq] = errors.New("gone")
	case 1:
		p.bad[seq] = true
		p.replace(seq)
	}
}

func (p *player) giveUp(s task.Range) {
	p.t.Helper()
	err := p.GiveUp(p.t.Context(), s, "dead")
	for x := s.First; x < s.End(); x++ {
		if p.model[x] == 0 && p.Covered().Contains(task.Range{First: x, Count: 1}) {
			p.model[x] = givenUp
			p.missing--
		} else if p.model[x] == 0 && err == nil {
			p.t.Fatalf("position %d is not dead", x)
		}
	}
	p.compare(err)
}

// compare compares everything with the model, after a call that returned err.
func (p *player) compare(err error) {
	p.t.Helper()
	for ; p.out < len(p.rig.out); p.out++ {
		p.compareItem(p.rig.out[p.out])
	}
	if lost := (*LostResult)(nil); errors.As(err, &lost) {
		for x := lost.Range.First; x < lost.Range.End(); x++ {
			if !p.bad[p.model[x]] {
				p.t.Fatalf("lost position %d, whose answer was there: %v", x, err)
			}
			p.model[x] = 0
			p.missing++
		}
	} else if err != nil && !errors.Is(err, errInjected) {
		p.t.Fatal(err)
	}
	p.compareCounts()
	if p.ordered {
		checkWaiting(p.t, p.Collector)
	}
}

// compareItem compares the item at p.out of what was emitted.
func (p *player) compareItem(item Item) {
	p.t.Helper()
	if p.ordered && item.Position != uint64(p.out) {
		p.t.Fatalf("position %d emitted at %d", item.Position, p.out)
	}
	state := p.model[item.Position]
	if state == 0 || (state == givenUp) != (item.Dead != "") {
		p.t.Fatalf("emitted %+v, but the model's state is %d", item, state)
	}
	if want := p.author[state]; state != givenUp && item.Worker != want {
		p.t.Fatalf("position %d: worker %q, want %q", item.Position, item.Worker, want)
	}
	if err := p.sameItem(item); err != nil {
		p.t.Fatal(err)
	}
}

// compareCounts compares the set of covered positions and all counts.
func (p *player) compareCounts() {
	p.t.Helper()
	var verified, dead, unfinished, shares uint64
	for x, state := range p.model {
		if p.Covered().Contains(task.Range{First: uint64(x), Count: 1}) != (state != 0) {
			p.t.Fatalf("position %d: covered differs from the model's %d", x, state)
		}
		switch {
		case state == givenUp:
			dead++
		case state != 0:
			verified++
			if p.answers[x].Factors[0].Status == task.Composite {
				unfinished++
			}
		}
	}
	n := p.Counts()
	for _, w := range n.Workers {
		shares += w.Verified
	}
	if n.Verified != verified || n.Dead != dead || p.emitted != uint64(len(p.rig.out)) || n.Unfinished != unfinished || shares != verified {
		p.t.Fatalf("counts %+v, want %d verified, %d dead, %d unfinished; shares %d", n, verified, dead, unfinished, shares)
	}
	done := p.missing == 0 && len(p.rig.out) == len(p.model)
	if verified+dead != uint64(len(p.model)-p.missing) || p.Complete(uint64(len(p.model))) != done {
		p.t.Fatalf("%d positions missing, complete is %v", p.missing, p.Complete(uint64(len(p.model))))
	}
}

// checkWaiting checks the invariants of the pieces that wait.
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
	for _, page := range c.evicted.pages {
		for _, e := range page {
			add(e.span())
		}
	}
	for _, page := range c.dead.pages {
		for _, d := range page {
			add(d.Range)
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
			return (i * 7919 >> 3) % n // the script has ended, the job must end too
		})
	})
}
