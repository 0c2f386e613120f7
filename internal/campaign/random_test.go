package campaign

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// TestRecordedYields: whatever becomes of the yields of a real number on their way, the machine ends, finds
// a prime divisor if enough arrive, and has no relation that the sieve does not give.
func TestRecordedYields(t *testing.T) {
	var found, missed, refused int
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 70))
		r := record(t, rnd, 70)
		s := &shuffled{t: t, rnd: rnd, r: r, set: r.newSet(t), reference: r.newSet(t)}
		s.run()
		found += s.found
		missed += 1 - s.found
		refused += s.refused
	}
	if found < 10 || missed < 3 || refused < 100 {
		t.Errorf("%d numbers are split, %d not, %d yields refused: the test has lost its force", found, missed, refused)
	}
}

// shuffled is a run of TestRecordedYields.
type shuffled struct {
	t              *testing.T
	rnd            *rand.Rand
	r              *recording
	m              *Machine
	set, reference *siqsFold
	found, refused int
}

// An arrival is a yield on its way. honest says that it is as the worker has sent it.
type arrival struct {
	y      Yield
	honest bool
}

func (s *shuffled) run() {
	count := s.r.params.Coefficients()
	s.m = New(Config{Number: s.r.n, Coefficients: count, Fold: s.set, Next: count, Seed: s.rnd.Uint64()})
	s.m.Begin()
	if s.rnd.IntN(2) == 0 {
		s.step(Replayed{}, false)
	}
	for _, a := range s.arrivals(count, math.Sqrt(s.rnd.Float64())) {
		switch s.rnd.IntN(8) {
		case 0:
			s.step(Fleet{Slots: s.rnd.IntN(4), Running: s.rnd.IntN(3), Others: s.rnd.IntN(2) == 0}, false)
		case 1:
			s.step(Replayed{}, false)
		case 2:
			s.step(Reserved{s.rnd.Uint64N(count)}, false)
		}
		if a.honest && s.m.Active() && len(a.y.Data) > 0 {
			if _, err := s.reference.Fold(a.y.First, a.y.End, a.y.Data); err != nil {
				s.t.Fatal(err)
			}
		}
		s.step(a.y, a.honest)
		if s.m.Phase() == Solving && s.rnd.IntN(4) == 0 {
			s.solve()
		}
	}
	for s.m.Phase() == Solving {
		s.solve()
	}
	s.end()
}

// arrivals returns yields of all coefficients, in any order. Some are lost, some come twice, and some have
// a damaged copy.
func (s *shuffled) arrivals(count uint64, loss float64) (list []arrival) {
	for first := uint64(0); first < count; {
		end := min(first+1+s.rnd.Uint64N(4), count)
		y := Yield{Worker: "honest", First: first, End: end, Data: s.r.yield(s.t, first, end)}
		first = end
		for s.rnd.Float64() >= loss {
			list = append(list, arrival{y, true})
			if s.rnd.IntN(4) > 0 {
				break
			}
		}
		for s.rnd.IntN(2) == 0 {
			list = append(list, arrival{s.damage(y), false})
		}
	}
	s.rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// damage returns a yield that a hostile worker makes of y.
func (s *shuffled) damage(y Yield) Yield {
	y.Worker = "hostile"
	y.Data = append([]byte{}, y.Data...)
	switch at := s.rnd.IntN(len(y.Data) + 1); s.rnd.IntN(4) {
	case 0:
		y.Data = y.Data[:at]
	case 1:
		y.Data = append(y.Data, byte(s.rnd.IntN(256)))
	case 2:
		y.First, y.End = y.First+1, y.End+1
	default:
		if at < len(y.Data) {
			y.Data[at] ^= 1 << s.rnd.IntN(8)
		}
	}
	return y
}

// step takes one step and checks its outputs.
func (s *shuffled) step(in Input, honest bool) {
	for _, o := range s.m.Step(in, time.Unix(1e9, 0)) {
		switch o := o.(type) {
		case Refuse:
			if s.refused++; o.Yield.Worker != "hostile" {
				s.t.Errorf("%s is refused: %s", o.Yield.Worker, o.Why)
			}
		case Drop:
			if honest {
				s.t.Errorf("a yield of %s is dropped: %s", o.Yield.Worker, o.Why)
			}
		case Solve:
			s.set.solving = true
		case Split:
			if s.found++; !o.Divisor.ProbablyPrime(10) || new(big.Int).Rem(s.r.n, o.Divisor).Sign() != 0 {
				s.t.Errorf("%v is no prime divisor of %v", o.Divisor, s.r.n)
			}
		case Abandon:
			s.t.Errorf("abandoned: %s", o.Why)
		case Issue:
			s.t.Errorf("%+v, although all numbers are used", o)
		case Audit:
			if o.Number < o.Yield.First || o.Number >= o.Yield.End {
				s.t.Errorf("%+v", o)
			}
			s.step(Audited{Audit: o}, false)
		}
	}
}

// solve solves for real, or finds nothing by chance.
func (s *shuffled) solve() {
	var in Solved
	if s.rnd.IntN(3) > 0 {
		d, err := s.set.Solve(alive)
		in = Solved{d, err}
	}
	s.set.solving = false
	s.step(in, false)
}

// end checks the state when all has arrived, and that the machine ends.
func (s *shuffled) end() {
	enough := s.reference.Have() >= s.reference.Need()
	if phase := s.m.Phase(); enough && s.found != 1 || s.found > 1 || phase != Finished && phase != Sieving {
		s.t.Errorf("%d of %d cycles: %v, %d divisors", s.reference.Have(), s.reference.Need(), phase, s.found)
	}
	if s.found == 0 && s.set.Len() < s.reference.Len() {
		s.t.Errorf("the set has %d relations, those of the honest yields are %d", s.set.Len(), s.reference.Len())
	}
	all := s.r.newSet(s.t)
	for first := range s.r.params.Coefficients() {
		for _, f := range []*siqsFold{s.set, all} {
			if _, err := f.Fold(first, first+1, s.r.yield(s.t, first, first+1)); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if s.set.Len() != all.Len() {
		s.t.Errorf("the set has %d relations of the number and %d others", all.Len(), s.set.Len()-all.Len())
	}
	if got := show(s.m.Step(ParentCovered{}, time.Time{})); got != "end" && got != "stop, end" || s.m.Phase() != Over {
		s.t.Errorf("at the end: %q, %v", got, s.m.Phase())
	}
	if outs := s.m.Step(Solved{Err: errors.New("late")}, time.Time{}); outs != nil {
		s.t.Errorf("after the end: %q", show(outs))
	}
}
