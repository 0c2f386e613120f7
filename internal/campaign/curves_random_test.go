package campaign

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestCurveYields: whatever becomes of yields on their way, the effort has no curve twice, none of a group that
// was not issued, none of a worker that was refuted, and without loss all the others.
func TestCurveYields(t *testing.T) {
	var lost, refuted int
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		s := &curveShuffle{t: t, rnd: rnd, now: time.Unix(1e9, 0), ran: make(map[uint64]uint64), refuted: make(map[string]bool)}
		s.run()
		lost += s.lost
		refuted += len(s.refuted)
	}
	if lost < 1000 || refuted < 10 {
		t.Errorf("%d yields were lost, %d workers refuted: the test has lost its force", lost, refuted)
	}
}

// A curveShuffle is a run of TestCurveYields. The first byte of a group's evidence is 1 if it is true.
type curveShuffle struct {
	t       *testing.T
	rnd     *rand.Rand
	now     time.Time
	m       *CurveMachine
	issued  []Issue // one task each
	arrived []Yield
	lost    int

	ran      map[uint64]uint64 // B1 of each group that a worker has run
	refuted  map[string]bool   // workers whose audit has failed
	takeOver int
}

func (s *curveShuffle) run() {
	s.m = newCurvesTest(func(c *CurveConfig) { c.Seed = s.rnd.Uint64() })
	s.step(Replayed{})
	for range 40 {
		s.now = s.now.Add(time.Second)
		s.step(Fleet{Slots: 1 + s.rnd.IntN(4), Others: s.rnd.IntN(4) == 0})
		s.work()
		s.deliver(s.rnd.IntN(len(s.arrived) + 1))
		if s.rnd.IntN(30) == 0 {
			s.replace()
		}
	}
	s.deliver(len(s.arrived))
	if sum := s.m.Effort().curves(); sum > uint64(len(s.ran)*GroupCurves) {
		s.t.Errorf("%d curves count, %d groups were run", sum, len(s.ran))
	}
	for _, l := range s.m.Effort() {
		most := uint64(0)
		for _, b1 := range s.ran {
			if b1 == l.B1 {
				most += GroupCurves
			}
		}
		if l.Curves > most {
			s.t.Errorf("%d curves of B1=%d count, %d were run", l.Curves, l.B1, most)
		}
	}
	if s.lost == 0 && s.takeOver == 0 && len(s.refuted) == 0 && s.m.Effort().curves() != uint64(len(s.ran)*GroupCurves) {
		s.t.Errorf("%d curves count of %d groups, of which nothing was lost", s.m.Effort().curves(), len(s.ran))
	}
}

// work has workers run some of the tasks. Yields are lost, come twice or damaged.
func (s *curveShuffle) work() {
	for _, task := range s.issued {
		worker := fmt.Sprint("w", s.rnd.IntN(3))
		at := task.First
		for s.rnd.IntN(3) > 0 && at < task.First+task.Size {
			y := groups(worker, at, min(at+1+s.rnd.Uint64N(5), task.First+task.Size)).with(func(y *Yield) { y.B1 = task.B1 })
			at = y.End
			for g := y.First; g < y.End; g++ {
				s.ran[g] = y.B1
			}
			switch s.rnd.IntN(8) {
			case 0:
				s.lost++
				continue
			case 1:
				s.arrived = append(s.arrived, y)
			}
			s.arrived = append(s.arrived, y)
			if s.rnd.IntN(3) == 0 {
				s.arrived = append(s.arrived, s.damage(y, task))
			}
		}
	}
	s.issued = nil
	s.rnd.Shuffle(len(s.arrived), func(i, j int) { s.arrived[i], s.arrived[j] = s.arrived[j], s.arrived[i] })
}

// damage returns a yield that a hostile worker makes of y, which belongs to task: nothing in it counts, or an audit may
// show that it is false.
func (s *curveShuffle) damage(y Yield, task Issue) Yield {
	return y.with(func(y *Yield) {
		y.Worker = "h"
		switch s.rnd.IntN(6) {
		case 0:
			y.B1++
		case 1:
			y.Data = y.Data[:len(y.Data)-1]
		case 2:
			y.First, y.End = y.First+1<<29, y.End+1<<29
		case 3:
			y.First, y.End = task.First, task.First+task.Size+1
		case 4:
			y.End = y.First
		case 5: // never run, but issued
			y.First, y.End = task.First+task.Size-1, task.First+task.Size
			y.Data = make([]byte, GroupCurves*EvidenceBytes)
		}
	})
}

// deliver has the first n yields arrive.
func (s *curveShuffle) deliver(n int) {
	for _, y := range s.arrived[:n] {
		s.step(y)
	}
	s.arrived = s.arrived[n:]
}

// replace has another supervisor take over, with the effort that is stored.
func (s *curveShuffle) replace() {
	s.takeOver++
	var effort Effort
	if s.rnd.IntN(2) == 0 {
		effort = s.m.Effort()
	}
	next := s.m.reserved
	s.m = newCurvesTest(func(c *CurveConfig) { c.Next, c.Effort, c.Seed = next, effort, s.rnd.Uint64() })
	s.step(Replayed{})
}

func (s *curveShuffle) step(in Input) {
	for _, o := range s.m.Step(in, s.now) {
		switch o := o.(type) {
		case Reserve:
			s.step(Reserved(o))
		case Issue:
			for range o.Tasks {
				s.issued = append(s.issued, o)
				o.First += o.Size
			}
		case Audit:
			missing := 0
			if at := (o.Number - o.Yield.First) * GroupCurves * EvidenceBytes; o.Yield.Data[at] != 1 {
				missing = GroupCurves
				s.refuted[o.Yield.Worker] = true
			}
			s.step(Audited{Audit: o, Missing: missing})
		case Refuse:
			if o.Yield.Worker != "h" {
				s.t.Errorf("%s is refused: %s", o.Yield.Worker, o.Why)
			}
		}
	}
}

// TestCurveOrder: the effort does not depend on the order in which yields arrive.
func TestCurveOrder(t *testing.T) {
	want := uint64(0)
	for seed := range uint64(20) {
		m := newCurvesTest(nil)
		now := time.Unix(1e9, 0)
		for _, l := range curvesStarted {
			m.Step(l.in, now)
		}
		m.Step(groups("a", 639, 640), now)
		m.Step(checkedIn("a"), now)
		rnd := rand.New(rand.NewPCG(1, 1))
		list := make(map[int]Yield)
		for i := range 50 {
			first := 160*rnd.Uint64N(4) + rnd.Uint64N(100)
			list[i] = groups("a", first, first+1+rnd.Uint64N(40))
		}
		order := slices.Sorted(maps.Keys(list))
		rand.New(rand.NewPCG(seed, 2)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			m.Step(list[i], now)
		}
		if got := m.Effort().curves(); want != 0 && got != want {
			t.Fatalf("%d curves count, in another order %d", got, want)
		} else {
			want = got
		}
	}
}
