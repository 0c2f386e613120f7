package campaign

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTakeOver: supervisors die at any time, and one that has lost its lease without noticing works on. The
// number is split, no number is issued twice, and nothing remains.
func TestTakeOver(t *testing.T) {
	var takeovers int
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 110))
			w := &world{t: t, rnd: rnd, r: record(t, rnd, 110), now: time.Unix(1e9, 0), issued: make(map[uint64]bool)}
			w.owner = OwnerFirst("c1", "owner", w.r.params.Coefficients())
			w.run()
			takeovers += w.takeovers
		})
	}
	if t.Logf("%d take-overs", takeovers); takeovers < 30 {
		t.Errorf("%d take-overs: the test has lost its force", takeovers)
	}
}

// A world is a fleet with one campaign, in virtual time. Everything that outlives a supervisor is here.
type world struct {
	t   *testing.T
	rnd *rand.Rand
	r   *recording
	now time.Time

	// Stored by the server:
	next      uint64     // of the manifest
	divisors  []*big.Int // of the manifest
	queue     []sieveTask
	results   []Yield
	removed   bool
	running   []sieveTask
	owner     uint64 // the next coefficient of the owner
	told      bool   // the owner knows the divisor
	covered   bool
	issued    map[uint64]bool
	takeovers int
}

type sieveTask struct {
	next, end uint64
	until     time.Time
}

// A supervisor drives a machine.
type supervisor struct {
	m        *Machine
	set      *siqsFold
	manifest uint64 // next of the manifest, as it was last read or written
	seen     int    // results that were reported
	solve    int    // ticks until the solver ends; 0: it does not run
	dead     bool
}

const (
	tickTime = 250 * time.Millisecond
	slots    = 3
)

func (w *world) run() {
	var list []*supervisor
	for tick := 0; !w.removed; tick++ {
		if tick > 5000 {
			w.t.Fatalf("the campaign does not end: %d results, %d tasks", len(w.results), len(w.queue))
		}
		w.now = w.now.Add(tickTime)
		switch last := len(list) - 1; {
		case last < 0 || list[last].dead && w.rnd.IntN(20) == 0:
			list = append(list, w.takeOver())
		case len(list) < 6 && w.rnd.IntN(40) == 0: // dies
			list[last].dead = true
		case len(list) < 6 && w.rnd.IntN(40) == 0: // loses its lease without noticing
			list = append(list, w.takeOver())
		}
		w.sieve()
		for _, s := range list {
			w.drive(s, tick)
		}
		w.covered = w.covered || w.told && w.rnd.IntN(4) == 0
	}
	if len(w.queue)+len(w.running) > 0 {
		w.t.Errorf("%d tasks are queued and %d run after the end", len(w.queue), len(w.running))
	}
	w.takeovers = len(list) - 1
}

// takeOver starts a supervisor with what the server has.
func (w *world) takeOver() *supervisor {
	s := &supervisor{set: w.r.newSet(w.t), manifest: w.next}
	s.m = New(Config{Number: w.r.n, Coefficients: w.r.params.Coefficients(), Predicted: time.Minute, Fold: s.set,
		Next: w.next, Divisors: w.divisors, Seed: w.rnd.Uint64()})
	w.do(s, s.m.Begin())
	w.report(s)
	w.do(s, s.m.Step(Replayed{}, w.now))
	return s
}

// report reports the results that the supervisor has not seen.
func (w *world) report(s *supervisor) {
	for !s.dead && s.seen < len(w.results) {
		s.seen++
		w.do(s, s.m.Step(w.results[s.seen-1], w.now))
	}
}

// drive is a tick of a supervisor.
func (w *world) drive(s *supervisor, tick int) {
	if s.dead {
		return
	}
	w.report(s)
	if s.solve > 0 {
		if s.solve--; s.solve == 0 {
			w.endSolve(s)
		}
	}
	if tick%4 == 0 {
		f := Fleet{Slots: slots, Running: len(w.running), Queued: len(w.queue), Others: w.now.Second()%20 < 5}
		w.do(s, s.m.Step(f, w.now))
	}
	if s.m.Phase() == Finished {
		w.told = true
	}
	if w.covered {
		w.do(s, s.m.Step(ParentCovered{}, w.now))
	}
}

// endSolve ends the solver, now and then in vain.
func (w *world) endSolve(s *supervisor) {
	s.set.solving = false
	var in Solved
	if w.rnd.IntN(3) > 0 {
		d, err := s.set.Solve(alive)
		in = Solved{d, err}
	}
	w.do(s, s.m.Step(in, w.now))
}

// sieve lets the workers sieve for a tick: each begins a task if there is one, and sieves a coefficient
// now and then. Some die. The owner sieves a coefficient in one tick of 20.
func (w *world) sieve() {
	for len(w.running) < slots && len(w.queue) > 0 {
		task := w.queue[0]
		task.until = w.now.Add(task.until.Sub(time.Time{}))
		w.queue, w.running = w.queue[1:], append(w.running, task)
	}
	running := w.running
	w.running = nil
	for i, task := range running {
		if w.rnd.IntN(50) == 0 {
			continue
		}
		if w.rnd.IntN(8) > 0 && w.now.Before(task.until) {
			w.running = append(w.running, task)
			continue
		}
		w.results = append(w.results, w.yield(fmt.Sprint("w", i), task.next))
		if task.next++; task.next < task.end && w.now.Before(task.until) {
			w.running = append(w.running, task)
		}
	}
	if w.rnd.IntN(20) == 0 && w.owner < w.r.params.Coefficients() && !w.told {
		w.results = append(w.results, w.yield("owner", w.owner))
		w.owner++
	}
	if w.rnd.IntN(4) == 0 {
		first := w.rnd.Uint64N(w.r.params.Coefficients())
		w.results = append(w.results, Yield{Worker: "hostile", First: first, End: first + 1, Data: []byte{0, 1, 2, 3}})
	}
}

func (w *world) yield(worker string, number uint64) Yield {
	return Yield{Worker: worker, First: number, End: number + 1, Data: w.r.yield(w.t, number, number+1)}
}

// do executes outputs. A supervisor may die between two of them.
func (w *world) do(s *supervisor, outs []Output) {
	for _, o := range outs {
		if s.dead {
			return
		}
		switch o := o.(type) {
		case Reserve:
			if s.manifest != w.next || o.Next > w.r.params.Coefficients()/2 {
				s.dead = true // another supervisor has taken over
				return
			}
			w.next, s.manifest = o.Next, o.Next
			w.do(s, s.m.Step(Reserved(o), w.now))
		case Issue:
			w.issue(o)
		case Purge:
			w.queue = nil
		case Solve:
			s.set.solving, s.solve = true, 1+w.rnd.IntN(20)
		case Split:
			w.divisors = []*big.Int{o.Divisor}
		case Stop:
			w.queue, w.running = nil, nil
			s.solve, s.set.solving = 0, false
		case Refuse:
			if o.Yield.Worker != "hostile" {
				w.t.Errorf("%s is refused: %s", o.Yield.Worker, o.Why)
			}
		case Audit:
			w.do(s, s.m.Step(Audited{Audit: o}, w.now))
		case Drop:
			if o.Yield.Worker != "hostile" && s.manifest == w.next {
				w.t.Errorf("a yield of %s is dropped: %s", o.Yield.Worker, o.Why)
			}
		case Abandon:
			w.t.Errorf("abandoned: %s", o.Why)
		case End:
			w.removed, s.dead = true, true
		}
	}
}

// issue queues tasks. Each number is issued once by all supervisors together.
func (w *world) issue(o Issue) {
	if len(w.divisors) > 0 {
		w.t.Logf("%+v after the divisor is known", o) // by one that has lost its lease: not harmful
	}
	for range o.Tasks {
		if w.issued[o.First] || o.First+o.Size > w.next {
			w.t.Fatalf("%+v: %d is issued twice, or is not reserved", o, o.First)
		}
		w.issued[o.First] = true
		w.queue = append(w.queue, sieveTask{o.First, o.First + o.Size, time.Time{}.Add(o.Time)})
		o.First += o.Size
	}
}
