package factor

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

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

// TestHintWhile gives the divisor while a method runs that would take hours, on one core
// and with helpers. The parts do not inherit that the sieve has ended without a divisor.
func TestHintWhile(t *testing.T) {
	rnd := rand.New(rand.NewPCG(22, rand.Uint64()))
	for _, test := range []struct {
		method string
		bits   int
		level  int // of the curves, to begin with
	}{
		{methodPM1, 220, 0}, {methodECM, 220, 0}, {methodSIQS, 155, len(bounds)},
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
			e.stop.ctx = t.Context()
			e.stop.meter.Begin()
			e.stop.start(0)
			s := &search{e: e, whole: n}
			err := s.split(piece{n: n, exp: 1, done: pieceProgress{formTried: true, ratioTried: true, level: test.level}})
			e.stop.meter.End()
			if err != nil || s.method != "siqs" || len(s.untested) != 2 || s.value().Cmp(n) != 0 {
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
// the receiver is busy. The coefficients are those from First on once that is known.
func TestHintShare(t *testing.T) {
	for _, cores := range []int{0, 2} {
		rnd := rand.New(rand.NewPCG(23, rand.Uint64()))
		n := product(randomPrime(rnd, 99), randomPrime(rnd, 99))
		params, err := siqs.NewParams(alwaysNil, n)
		if err != nil {
			t.Fatal(err)
		}
		var set siqs.Set
		if err := set.Reset(alwaysNil, params); err != nil {
			t.Fatal(err)
		}
		first := params.OwnStart() + 12345
		covered := map[uint64]bool{}
		offers, early, sieved := 0, 0, uint64(0)
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
		e := New(Options{Pool: lending(cores),
			Progress: func(at EngineProgress) {
				if at.Method == methodSIQS {
					sieved = at.Done
				}
			},
			Hint: func(*big.Int) *Hint {
				if sieved == 0 {
					return nil
				}
				return hint
			}})
		if _, method, err := e.Append(t.Context(), nil, nat.FromBig(n)); err != nil || method != "siqs" {
			t.Fatalf("%s, %v", method, err)
		}
		if set.Len() < params.ExpectedRelations()/3 || early == 0 || early == offers {
			t.Errorf("%d cores: %d relations of about %d, %d yields of %d from before the hint",
				1+cores, set.Len(), params.ExpectedRelations(), early, offers)
		}
	}
}

// TestHintOtherParams: nothing is shared with a receiver that has other parameters.
func TestHintOtherParams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(24, rand.Uint64()))
	n := product(randomPrime(rnd, 99), randomPrime(rnd, 99))
	params, err := siqs.NewParams(alwaysNil, n)
	if err != nil {
		t.Fatal(err)
	}
	params.Smooth--
	hint := &Hint{Params: &params, Share: func(uint64, uint64, []byte) bool {
		t.Error("a yield is shared")
		return true
	}}
	e := New(Options{Hint: func(*big.Int) *Hint { return hint }})
	if factors, method, err := e.Append(t.Context(), nil, nat.FromBig(n)); err != nil || len(factors) != 2 {
		t.Errorf("%v, %s, %v", factors, method, err)
	}
}
