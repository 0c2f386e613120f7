package factor

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
)

// TestKnownDivisors: divisors that are known spare the engine the search for them, prime or not; wrong ones change nothing.
func TestKnownDivisors(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 8))
	p, q, s := randomPrime(r, 300), randomPrime(r, 310), randomPrime(r, 320) // nothing but these hints factors their product
	list := func(divisors ...*big.Int) []*big.Int { return divisors }
	times := func(factors ...*big.Int) *big.Int {
		n := new(big.Int).SetInt64(1)
		for _, x := range factors {
			n.Mul(n, x)
		}
		return n
	}
	three := new(big.Int).SetInt64(3)
	for _, test := range []struct {
		what   string
		n      *big.Int
		known  []*big.Int
		counts string // exponents of the factors, ascending
	}{
		{"two primes, one known", times(p, q), list(p), "1 1"},
		{"three primes, two known", times(p, q, s), list(q, p), "1 1 1"},
		{"a composite divisor and one of its primes", times(p, q, s), list(times(p, q), q), "1 1 1"},
		{"two composite divisors with a common prime", times(p, q, s), list(times(p, q), times(q, s)), "1 1 1"},
		{"a square", times(p, p, q), list(p), "2 1"},
		{"a composite divisor that shares a prime with the rest", times(p, p, q), list(times(p, q)), "2 1"},
		{"a multiple of a divisor", times(p, q), list(times(p, s)), "1 1"},
		{"the number, 1, 0 and a negative one, too", times(p, q), list(times(p, q), one, new(big.Int), new(big.Int).Neg(p), q), "1 1"},
		{"with a small prime", times(p, q, three), list(q), "1 1 1"},
	} {
		e := New(Options{Budget: time.Second})
		e.SetKnown(test.known)
		fs, method, err := e.Append(t.Context(), nil, nat.FromBig(test.n))
		var counts []string
		for _, f := range fs {
			if f.Status != PRP && f.Status != Prime {
				t.Errorf("%s: %v is %v", test.what, f.P, f.Status)
			}
			counts = append(counts, string('0'+rune(f.Exp)))
		}
		if err != nil || strings.Join(counts, " ") != test.counts || method != methodKnown && method != "power" {
			t.Errorf("%s: %s by %q, %v", test.what, format(fs), method, err)
		}
		e.SetKnown(nil)
		if fs, _, err := e.Append(t.Context(), nil, nat.New(6)); err != nil || len(fs) != 2 {
			t.Errorf("the next number: %v, %v", fs, err)
		}
	}
}

// TestOne: with SetOne a number ends with its first factor, wherever that comes from; what is left is Composite only if it is
// composite. A number without a known factor goes on.
func TestOne(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 9))
	hard, tiny, p := semiprime(r, 400), randomPrime(r, 14), randomPrime(r, 300)
	medium := randomPrime(r, 40) // curves find it
	for _, test := range []struct {
		what     string
		n, known *big.Int
		factors  int
		finished bool
	}{
		{"trial division", product(tiny, hard), nil, 2, false},
		{"curves", product(medium, hard), nil, 2, false},
		{"a known divisor", product(p, hard), p, 2, false},
		{"a prime is left", product(tiny, p), nil, 2, true},
		{"a power", product(hard, hard), nil, 1, false},
	} {
		e := New(Options{Budget: 10 * time.Minute})
		e.SetOne(true)
		if test.known != nil {
			e.SetKnown([]*big.Int{test.known})
		}
		fs, method, err := e.Append(t.Context(), nil, nat.FromBig(test.n))
		last := fs[len(fs)-1].Status
		if err != nil || len(fs) != test.factors || last != Composite != test.finished {
			t.Errorf("%s: %s by %q, %v", test.what, format(fs), method, err)
		}
		if !test.finished && !strings.HasSuffix(method, "; a first factor is enough") {
			t.Errorf("%s: method %q", test.what, method)
		}
	}
	e := New(Options{Budget: 300 * time.Millisecond})
	e.SetOne(true)
	fs, method, err := e.Append(t.Context(), nil, nat.FromBig(hard))
	if cpu, _ := e.Spent(); err != nil || len(fs) != 1 || cpu < 300*time.Millisecond || strings.Contains(method, "enough") {
		t.Errorf("a number without a small factor: %s by %q after %v, %v", format(fs), method, cpu, err)
	}
}

// TestEffortOfUnfinished: the effort is that of the curves of the answer, and none if nothing is unfinished. An effort before
// counts.
func TestEffortOfUnfinished(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 10))
	hard := nat.FromBig(semiprime(r, 700))
	e := New(Options{})
	for budget := 100 * time.Millisecond; e.Effort() == 0 && budget < 10*time.Minute; budget *= 2 { // until the first curves count
		e.SetBudget(budget)
		if _, _, err := e.Append(t.Context(), nil, hard); err != nil {
			t.Fatal(err)
		}
	}
	if e.Effort() <= 0 || e.Effort() > 40 {
		t.Errorf("t%g", e.Effort())
	}
	e.SetWork(35)
	e.SetBudget(time.Millisecond)
	if _, method, err := e.Append(t.Context(), nil, hard); err != nil || e.Effort() < 34.9 {
		t.Errorf("after t35: t%g by %q, %v", e.Effort(), method, err)
	}
	if _, _, err := e.Append(t.Context(), nil, nat.FromBig(product(randomPrime(r, 14), randomPrime(r, 90)))); err != nil || e.Effort() != 0 {
		t.Errorf("of a finished number: t%g, %v", e.Effort(), err)
	}
}

// TestReach: more time reaches more, and half of an effort is less.
func TestReach(t *testing.T) {
	last := 0.0
	for d := time.Second; d < 1000*time.Hour; d *= 10 {
		got := Reach(600, d, 0)
		if got < last || got > maxDigits-1 {
			t.Errorf("t%g after %v, t%g before", got, d, last)
		}
		last = got
		if half := HalfOf(got); got > 0 && (half >= got || half < got-6) {
			t.Errorf("half of t%g is t%g", got, half)
		}
	}
	if got := Reach(600, 0, 30); got < 29.9 || got > 30.1 {
		t.Errorf("t30 and no time: t%g", got)
	}
	if last < 30 {
		t.Errorf("t%g after %v", last, 1000*time.Hour)
	}
}
