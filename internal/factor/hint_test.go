package factor

import (
	"context"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/nat"
)

func alwaysNil() error { return nil }

// TestHintDivisors: an engine that knows some divisors of a number, and some numbers
// that are none, answers as one that knows nothing.
func TestHintDivisors(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, rand.Uint64()))
	primes := []*big.Int{randomPrime(rnd, 34), randomPrime(rnd, 40), randomPrime(rnd, 45), randomPrime(rnd, 50)}
	numbers := []*big.Int{product(primes...), product(primes[0], primes[1], primes[1], primes[2]), product(primes[1], primes[1], primes[2], primes[2])}
	wrong := []*big.Int{nil, new(big.Int), big.NewInt(-7), big.NewInt(1), randomPrime(rnd, 40), new(big.Int).Neg(primes[1])}
	for _, n := range numbers {
		want, _, err := New(Options{}).Append(t.Context(), nil, nat.FromBig(n))
		if err != nil {
			t.Fatal(err)
		}
		for subset := range 1 << len(primes) {
			known := slices.Clone(wrong)
			d := big.NewInt(1)
			for i, p := range primes {
				if subset>>i&1 == 1 {
					d = product(d, p)
					known = append(known, d, p)
				}
			}
			rnd.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
			hint := &Hint{Divisors: known}
			e := New(Options{Hint: func(*big.Int) *Hint { return hint }})
			got, method, err := e.Append(t.Context(), nil, nat.FromBig(n))
			if err != nil || !slices.EqualFunc(got, want, sameFactor) {
				t.Errorf("%v with %v: %v, %s, %v; want %v", n, known, got, method, err, want)
			}
		}
	}
}

func sameFactor(a, b Factor) bool {
	return a.P.Big().Cmp(b.P.Big()) == 0 && a.Exp == b.Exp && a.Status == b.Status
}

// splitFrom splits n by e, with curves from that level on.
func splitFrom(t *testing.T, e *Engine, n *big.Int, level int) (*search, error) {
	e.stop.ctx = t.Context()
	e.stop.meter.Begin()
	defer e.stop.meter.End()
	e.stop.start(0)
	s := &search{e: e, whole: n}
	return s, s.split(piece{n: n, exp: 1, done: pieceProgress{formTried: true, ratioTried: true, level: level, own: ranUpTo(level)}})
}

// ranUpTo returns the curves of all levels before the level.
func ranUpTo(level int) (c curveCounts) {
	for i := range min(level, len(c)) {
		c[i] = uint32(levelAt(i).curves)
	}
	return c
}

// splitBySieve splits n by the sieve.
func splitBySieve(t *testing.T, e *Engine, n *big.Int) (*search, error) {
	return splitFrom(t, e, n, len(bounds))
}

// TestHintWhile gives the divisor while a method runs that would take hours, on one core
// and with helpers. The parts do not inherit that the sieve has ended without a divisor.
func TestHintWhile(t *testing.T) {
	rnd := rand.New(rand.NewPCG(22, rand.Uint64()))
	for _, test := range []struct {
		method string
		bits   int
		level  int    // of the curves, to begin with
		named  string // the method in the answer
	}{
		{methodPM1, 240, 0, "ecm"}, {methodECM, 240, 0, "ecm"}, {methodSIQS, 155, len(bounds), "siqs"},
	} {
		for cores := range 3 {
			p, q := randomPrime(rnd, test.bits), randomPrime(rnd, test.bits)
			n := product(p, q)
			var running string
			var hint *Hint
			e := New(Options{Pool: lending(cores),
				Progress: func(at EngineProgress) {
					running = at.Method
					if at.Composite == nil || at.Composite.Cmp(n) != 0 {
						t.Errorf("progress of %v, want %v", at.Composite, n)
					}
				},
				Hint: func(c *big.Int) *Hint {
					if c.Cmp(n) != 0 {
						t.Errorf("a hint for %v is wanted, want %v", c, n)
					}
					if running == test.method && hint == nil {
						hint = &Hint{Divisors: []*big.Int{p}}
					}
					return hint
				}})
			s, err := splitFrom(t, e, n, test.level)
			if err != nil || s.method != test.named || len(s.untested) != 2 || s.value().Cmp(n) != 0 {
				t.Fatalf("%s on %d cores: %v, %s, %v", running, 1+cores, s.untested, s.method, err)
			}
			for _, part := range s.untested {
				if part.done.sieveFailed {
					t.Errorf("%s on %d cores: the parts are not sieved", running, 1+cores)
				}
			}
		}
	}
}

// TestHintShare collects the relations of an engine's sieve by their bytes. Now and then
// the receiver is busy. The coefficients are those from First on once that is known; with
// a backlog there are others, from before the hint.
func TestHintShare(t *testing.T) {
	for _, test := range []struct {
		cores, bits int // bits of each prime
		backlog     int
		late        bool // the hint comes when the sieve runs
	}{
		{2, 99, 190, true}, {0, 99, backlogBits, true}, {0, 90, backlogBits, false},
	} {
		rnd := rand.New(rand.NewPCG(23, rand.Uint64()))
		n := product(randomPrime(rnd, test.bits), randomPrime(rnd, test.bits))
		params, err := siqs.NewParams(alwaysNil, n)
		if err != nil {
			t.Fatal(err)
		}
		var set siqs.Set
		if err := set.Reset(alwaysNil, params); err != nil {
			t.Fatal(err)
		}
		first := params.OwnStart() + 123
		covered := map[uint64]bool{}
		offers, early, sieved := 0, 0, !test.late
		hint := &Hint{Params: &params, First: first}
		hint.Share = func(from, to uint64, relations []byte) bool {
			if offers++; offers%3 == 0 {
				return false
			}
			if from < first {
				early++
			}
			for i := from; i < to; i++ {
				if covered[i] {
					t.Errorf("coefficient %d is shared twice", i)
				}
				covered[i] = true
			}
			if _, err := set.AddYield(relations, from, to); err != nil {
				t.Errorf("[%d, %d): %v", from, to, err)
			}
			return true
		}
		e := New(Options{Pool: lending(test.cores),
			Progress: func(at EngineProgress) { sieved = sieved || at.Method == methodSIQS },
			Hint: func(*big.Int) *Hint {
				if !sieved {
					return nil
				}
				return hint
			}})
		e.hints.backlog = test.backlog
		if s, err := splitBySieve(t, e, n); err != nil || s.method != "siqs" || len(s.untested) != 2 {
			t.Fatalf("%s, %v, %v", s.method, s.untested, err)
		}
		kept := test.late && test.backlog < backlogBits
		if set.Len() < params.ExpectedRelations()/4 || (early > 0) != kept || early == offers {
			t.Errorf("%+v: %d relations of about %d, %d yields of %d from before the hint",
				test, set.Len(), params.ExpectedRelations(), early, offers)
		}
	}
}

// TestHintOtherParams: nothing is shared with a receiver that has other parameters.
func TestHintOtherParams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(24, rand.Uint64()))
	n := product(randomPrime(rnd, 85), randomPrime(rnd, 85))
	params, err := siqs.NewParams(alwaysNil, n)
	if err != nil {
		t.Fatal(err)
	}
	params.Smooth--
	asked := 0
	hint := &Hint{Params: &params, Share: func(uint64, uint64, []byte) bool {
		t.Error("a yield is shared")
		return true
	}}
	e := New(Options{Hint: func(*big.Int) *Hint { asked++; return hint }})
	if s, err := splitBySieve(t, e, n); err != nil || len(s.untested) != 2 || asked < 2 {
		t.Errorf("%v, %s, %v; the hint is asked for %d times", s.untested, s.method, err, asked)
	}
}

// TestHintWhileSolving gives a divisor when the linear algebra has begun. Without the
// hint the sieve would find this product of four primes in one of 127 runs.
func TestHintWhileSolving(t *testing.T) {
	rnd := rand.New(rand.NewPCG(25, rand.Uint64()))
	var primes []*big.Int
	for range 8 {
		primes = append(primes, randomPrime(rnd, 20))
	}
	n, d := product(primes...), product(primes[:4]...)
	solving := false
	var e *Engine
	e = New(Options{
		Progress: func(at EngineProgress) {
			if solving = at.Method == methodSolve; solving {
				e.hints.asked = time.Time{} // the next hint is due
			}
		},
		Hint: func(*big.Int) *Hint {
			if !solving {
				return nil
			}
			return &Hint{Divisors: []*big.Int{d}}
		}})
	s, err := splitBySieve(t, e, n)
	if err != nil || !solving || e.hints.divisor == nil || s.method != "siqs" || len(s.untested) != 2 {
		t.Fatalf("%v, %s, %v; solving %v, divisor %v", s.untested, s.method, err, solving, e.hints.divisor)
	}
	for _, part := range s.untested {
		if part.n.Cmp(d) != 0 && part.n.Cmp(new(big.Int).Quo(n, d)) != 0 {
			t.Errorf("%v is a part, want %v", part.n, d)
		}
	}
}

// TestHintAfterBudget: an engine whose budget is spent while other machines sieve waits for their
// divisor. It gives up when they stop, or after the time of its budget.
func TestHintAfterBudget(t *testing.T) {
	rnd := rand.New(rand.NewPCG(24, rand.Uint64()))
	p, q := randomPrime(rnd, 110), randomPrime(rnd, 110)
	n := product(p, q)
	params, err := siqs.NewParams(alwaysNil, n)
	if err != nil {
		t.Fatal(err)
	}
	sieved := &Hint{Params: &params}
	for _, test := range []struct {
		name  string
		later *Hint // from the first look on after the budget was spent
		want  error
	}{
		{"a divisor", &Hint{Divisors: []*big.Int{p}}, nil},
		{"the others have failed", &Hint{}, errBudget},
		{"nothing", sieved, errBudget},
	} {
		var e *Engine
		looks := 0 // since then
		e = New(Options{Budget: 100 * time.Millisecond, Hint: func(*big.Int) *Hint {
			if e.stop.meter.Exceeded() {
				looks++
			}
			if looks == 0 {
				return sieved
			}
			return test.later
		}})
		e.stop.ctx = t.Context()
		e.stop.meter.Begin()
		e.stop.start(e.o.Budget)
		s := &search{e: e, whole: n}
		err := s.split(piece{n: n, exp: 1, done: pieceProgress{formTried: true, ratioTried: true}})
		e.stop.meter.End()
		if err != test.want || s.value().Cmp(n) != 0 || looks == 0 {
			t.Errorf("%s: %v, %v after %d looks", test.name, err, s.untested, looks)
		}
		if test.want == nil && len(s.untested) != 2 {
			t.Errorf("%s: not split", test.name)
		}
	}
}

// TestHintAtFinish: a number that is to end early does not wait for the divisor of other machines.
func TestHintAtFinish(t *testing.T) {
	rnd := rand.New(rand.NewPCG(25, rand.Uint64()))
	n := product(randomPrime(rnd, 110), randomPrime(rnd, 110))
	params, err := siqs.NewParams(alwaysNil, n)
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Budget: time.Hour, Finish: func() bool { return true }, Hint: func(*big.Int) *Hint { return &Hint{Params: &params} }})
	var end context.CancelFunc
	e.stop.ctx, end = context.WithTimeout(t.Context(), time.Minute)
	defer end()
	e.stop.meter.Begin()
	defer e.stop.meter.End()
	e.stop.start(e.o.Budget)
	if err := e.hints.look(n); err != nil || e.hints.shared.Load() != n {
		t.Fatalf("%v, not shared", err)
	}
	if err := e.awaitDivisor(n); err != errBudget {
		t.Errorf("%v, want %v", err, errBudget)
	}
}
