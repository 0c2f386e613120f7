package factor

import (
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// value returns the product of the factors and pieces of s, which no step may
// change.
func (s *search) value() *big.Int {
	n := big.NewInt(1)
	for _, f := range s.dst[s.start:] {
		n.Mul(n, new(big.Int).Exp(f.P.Big(), big.NewInt(int64(f.Exp)), nil))
	}
	for _, ps := range [...][]piece{s.untested, s.composite, s.unknown} {
		for _, p := range ps {
			n.Mul(n, new(big.Int).Exp(p.n, big.NewInt(int64(p.exp)), nil))
		}
	}
	return n
}

// The primes of the tests have 41 bits, so that products exceed a word.
var p1, p2 = big.NewInt(1099511627791), big.NewInt(1099511627803)

// TestParts: the product of the parts of a piece is the piece, even if they share a factor and the
// piece has an exponent.
func TestParts(t *testing.T) {
	for _, test := range []struct{ n, d *big.Int }{
		{product(p1, p2), p1},
		{product(p1, p1, p2), p1},
		{product(p1, p1, p2), product(p1, p2)},
		{product(p1, p1, p2, p2), product(p1, p2)},
		{product(p1, p1, p1), p1},
	} {
		s := &search{e: New(Options{})}
		p := piece{n: test.n, exp: 3}
		s.parts(p, test.d)
		if want := new(big.Int).Exp(test.n, big.NewInt(3), nil); s.value().Cmp(want) != 0 {
			t.Errorf("parts of %v by %v: product %v", test.n, test.d, s.value())
		}
	}
}

// TestClassifyPower: a piece that is a power and has an exponent.
func TestClassifyPower(t *testing.T) {
	s := &search{e: New(Options{}), untested: []piece{{n: pow(p1.Int64(), 6), exp: 5}}}
	want := s.value()
	s.e.stop.ctx = t.Context()
	if err := s.classify(); err != nil || s.value().Cmp(want) != 0 || format(s.dst) != p1.String()+"^30" {
		t.Errorf("(p^6)^5 = %s, %v", format(s.dst), err)
	}
}

// TestGiveUp: the primes found in one piece are divided out of the unfinished pieces.
func TestGiveUp(t *testing.T) {
	s := &search{e: New(Options{}), dst: []Factor{{nat.FromBig(p1), 1, Prime}}, method: "trial"}
	s.composite = []piece{{n: product(p1, p1, hard()), exp: 2}}
	s.unknown = []piece{{n: product(p1, p1, p1), exp: 1}}
	s.e.stop.ctx = t.Context()
	want := s.value()
	err := s.giveUp()
	got := format(s.dst)
	if err != nil || s.value().Cmp(want) != 0 || got != p1.String()+"^8 C"+hard().String()+"^2" {
		t.Errorf("giving up leaves %s", got)
	}
	if s.method != "power; unfinished after trial" {
		t.Errorf("method %q", s.method)
	}
}

// TestGiveUpPrimeCofactor: a cofactor that is left of an unfinished piece is not called composite
// if it is prime, a power or a word.
func TestGiveUpPrimeCofactor(t *testing.T) {
	large := new(big.Int).Sub(pow(2, 89), one)
	for _, test := range []struct {
		n            *big.Int
		want, method string
	}{
		{product(p1, large), p1.String() + "^2 " + large.String(), "trial"},
		{product(p1, large, large), p1.String() + "^2 " + large.String() + "^2", "power"},
		{product(p1, p1, p2), p1.String() + "^3 " + p2.String(), "trial"},
	} {
		s := &search{e: New(Options{}), dst: []Factor{{nat.FromBig(p1), 1, Prime}}, method: "trial"}
		s.e.stop.ctx = t.Context()
		s.composite = []piece{{n: test.n, exp: 1}}
		err := s.giveUp()
		if got := format(s.dst); err != nil || got != test.want || s.method != test.method {
			t.Errorf("giving up %v leaves %s, method %q, %v; want %s", test.n, got, s.method, err, test.want)
		}
	}
}

// TestCompositeClaims: whatever the budget, a Composite is composite, no power, at least 2^64 and
// without prime factors below prime.Bound. The check of answers relies on it.
func TestCompositeClaims(t *testing.T) { kernelstest.Each(t, testCompositeClaims) }

func testCompositeClaims(t *testing.T) {
	large := new(big.Int).Sub(pow(2, 2203), one)
	for _, n := range []*big.Int{
		large, pow(2, 100), product(big.NewInt(3), large), product(big.NewInt(65521), large),
		product(large, large), product(big.NewInt(65521*65519), hard()), product(hard(), hard()), product(hard(), large),
		product(p1, p2, large), new(big.Int).Add(pow(2, 128), big.NewInt(51)),
	} {
		for _, budget := range []time.Duration{1, time.Microsecond, 100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond} {
			fs, method, err := New(Options{Budget: budget, Pool: NewPool(1, 1<<20)}).Append(t.Context(), nil, nat.FromBig(n))
			if err != nil {
				t.Fatalf("budget %v: %.40s: %v", budget, n.String(), err)
			}
			checkFactors(t, n, fs)
			for _, f := range fs {
				if f.Status == Composite {
					checkComposite(t, f.P.Big(), method)
				}
			}
		}
	}
}

// TestGiveUpSmooth: whatever the budget, p-1 with a small bound has been run on a Composite, also on
// the parts of a piece that p-1 of a higher bound has found together.
func TestGiveUpSmooth(t *testing.T) {
	smooth := pow(2, 4) // p = k*2^4*3^3*5*7*11*13*... + 1, k < 1000, about 140 bits, p-1 divides the exponent
	for _, p := range []int64{27, 25, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107} {
		smooth.Mul(smooth, big.NewInt(p))
	}
	var primes []*big.Int
	for k := int64(109); len(primes) < 3; k += 2 {
		if n := new(big.Int).Mul(smooth, big.NewInt(k)); big.NewInt(k).ProbablyPrime(0) && n.Add(n, one).ProbablyPrime(0) {
			primes = append(primes, n)
		}
	}
	rough := new(big.Int).Sub(pow(2, 521), one)
	for _, n := range []*big.Int{product(primes[0], rough), product(primes[0], primes[1], primes[2]), product(primes[1], rough, rough)} {
		fs, method, err := New(Options{Budget: 1}).Append(t.Context(), nil, nat.FromBig(n))
		if err != nil || !finished(fs) || method != "p-1(B1=1000,B2=1000)" && method != "power" {
			t.Errorf("%v = %s, method %q, %v", n, format(fs), method, err)
		}
	}
	s := &search{e: New(Options{}), method: "p-1(B1=15000,B2=150000)"}
	s.e.stop.ctx = t.Context()
	s.composite = []piece{{n: product(primes[0], rough), exp: 2, done: pieceProgress{level: 4, pm1Done: true, own: ranUpTo(4)}}}
	if err := s.giveUp(); err != nil || format(s.dst) != primes[0].String()+"^2 "+rough.String()+"^2" {
		t.Errorf("giving up leaves %s, %v", format(s.dst), err)
	}
}

// checkComposite checks what an engine says of a factor with the status Composite.
func checkComposite(t *testing.T, n *big.Int, method string) {
	t.Helper()
	switch {
	case n.IsUint64() || n.ProbablyPrime(0):
		t.Errorf("%.40s is called composite, method %q", n.String(), method)
	case prime.Divide(n, func(uint64, uint32) {}).Cmp(n) != 0 || n.Bit(0) == 0:
		t.Errorf("%.40s is unfinished and has a prime factor below %d, method %q", n.String(), prime.Bound, method)
	}
	if _, k := perfectPower(n); k != 1 {
		t.Errorf("%.40s is unfinished and a power, method %q", n.String(), method)
	}
}
