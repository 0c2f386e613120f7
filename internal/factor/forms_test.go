package factor

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// primeNear returns the least prime p >= n.
func primeNear(n *big.Int) *big.Int {
	p := new(big.Int).Set(n)
	for !p.ProbablyPrime(0) {
		p.Add(p, one)
	}
	return p
}

// TestCloseRatio has products of two primes with a close ratio. Other methods would take hours.
func TestCloseRatio(t *testing.T) {
	e := New(Options{Budget: 20 * time.Second})
	p := primeNear(pow(10, 75))
	near := func(a, b int64, off int64) *big.Int {
		q := new(big.Int).Mul(p, big.NewInt(a))
		q.Quo(q, big.NewInt(b))
		return primeNear(q.Add(q, big.NewInt(off)))
	}
	for _, test := range []struct {
		n    *big.Int
		want string
	}{
		{product(p, near(1, 1, 1e12)), "fermat"},
		{product(p, near(1, 1, 1e18)), "fermat"},
		{product(p, near(2, 1, 1)), "lehman(k=2)"},
		{product(p, near(3, 7, 1e15)), "lehman(k=21)"},
		{product(p, near(10, 11, 1)), "lehman(k=110)"},
		{product(big.NewInt(2*2*3*65521), p, near(1, 1, 1e12)), "fermat"},
		{product(pow(65537, 2), pow(3, 3), p, near(1, 1, 1e12)), "fermat"},
		{product(p, p, near(1, 1, 1e12), near(1, 1, 1e12)), "fermat"}, // after the square root
		{product(p, near(1, 1, 1e12), near(1, 1, 2e12), near(1, 1, 3e12)), "fermat"},
	} {
		fs, method, err := e.Append(t.Context(), nil, nat.FromBig(test.n))
		checkFactors(t, test.n, fs)
		if method != test.want || err != nil {
			t.Errorf("%v = %s by %s, %v, want %s", test.n, format(fs), method, err, test.want)
		}
	}
}

// powPlus returns a^e+d.
func powPlus(a, e, d int64) *big.Int { return new(big.Int).Add(pow(a, e), big.NewInt(d)) }

// TestAlgebraic has numbers that split by their form. Those with an algebraic method would take
// days without it.
func TestAlgebraic(t *testing.T) {
	e := New(Options{Budget: 20 * time.Second})
	// The values at 5 of the cyclotomic polynomials of 47 and 141, primes of 107 and 213 bits.
	small := new(big.Int).Quo(powPlus(5, 47, -1), big.NewInt(4))
	large := new(big.Int).Quo(powPlus(5, 141, -1), product(small, powPlus(5, 3, -1)))
	sophie := germain(pow(10, 35))
	const slow = "10^120+1, of which 55 digits are sieved"
	for _, test := range []struct {
		why    string
		n      *big.Int
		parts  int // distinct primes
		method string
	}{
		{slow, powPlus(10, 120, 1), 8, ""},
		{"an even one", powPlus(3, 300, -1), 29, "algebraic(3^300-1)"},
		{"two factors of Aurifeuille", powPlus(2, 300, -1), 25, "algebraic(2^300-1)"},
		{"a repunit", new(big.Int).Quo(powPlus(10, 96, -1), big.NewInt(9)), 22, ""},
		{"2, 31 and two large primes", powPlus(5, 141, -1), 4, "algebraic(5^141-1)"},
		{"these two alone", product(small, large), 2, "algebraic(5^141-1)"},
		{"with small factors beside", product(big.NewInt(4*9*7), small, large), 5, "algebraic(5^141-1)"},
		{"with factors that are found later", product(big.NewInt(1000003*1000033), pow(4294967311, 2), small, large), 5, "algebraic(5^141-1)"},
		{"a power", product(small, large, small, large, small, large), 2, "algebraic(5^141-1)"},
		{"4t^4+1", sophie, 2, "algebraic(a^2+1)"},
	} {
		if testing.Short() && test.why == slow {
			continue
		}
		fs, method := complete(t, e, test.n)
		if len(fs) != test.parts || test.method != "" && method != test.method {
			t.Errorf("%s: %d primes, %s by %s, want %d by %s", test.why, len(fs), format(fs), method, test.parts, test.method)
		}
	}
}

// germain returns a 4t^4+1 with t >= from that is the product of two primes, 2t^2-2t+1 and 2t^2+2t+1.
func germain(from *big.Int) *big.Int {
	for t := new(big.Int).Set(from); ; t.Add(t, one) {
		a := new(big.Int).Mul(t, t)
		a.Lsh(a.Sub(a, t), 1).Add(a, one)
		b := new(big.Int).Add(a, new(big.Int).Lsh(t, 2))
		if a.ProbablyPrime(0) && b.ProbablyPrime(0) {
			return a.Mul(a, b)
		}
	}
}

// smoothMinusOne returns a prime p = 2 mod 3 of some 100 bits for which p+1 has no prime factor above most, and
// p-1 has one above 10^9.
func smoothMinusOne(most int) *big.Int {
	rnd := rand.New(rand.NewPCG(1, uint64(most)))
	count := slices.IndexFunc(prime.Small(), func(p uint32) bool { return int(p) > most })
	for {
		p := big.NewInt(6)
		for p.BitLen() < 100 {
			p.Mul(p, big.NewInt(int64(prime.Small()[count-1-rnd.IntN(count/2)])))
		}
		if p.Sub(p, one); !p.ProbablyPrime(0) {
			continue
		}
		rough := new(big.Int).Sub(p, one)
		for it := prime.Primes(2, 1e6); ; {
			q := it.Next()
			if q == 0 {
				break
			}
			rough, _ = prime.TakeOut(rough, new(big.Int).SetUint64(q))
		}
		if rough.BitLen() > 40 {
			return p
		}
	}
}

// TestPlusOne: p+1 finds the primes p for which p+1 is smooth.
func TestPlusOne(t *testing.T) {
	e := New(Options{Budget: 20 * time.Second})
	large := primeNear(pow(10, 120)) // too large for the sieve
	for _, test := range []struct {
		most int
		want string
	}{
		{3900, "p+1(B1=4000,B2=40000,x0=2/7)"},
	} {
		n := product(smoothMinusOne(test.most), large)
		if fs, method := complete(t, e, n); method != test.want || len(fs) != 2 {
			t.Errorf("%v by %s, want %s", n, method, test.want)
		}
	}
}

// TestNoForm: the neighbours of a form are factored by other methods.
func TestNoForm(t *testing.T) {
	e := New(Options{})
	for _, a := range []int64{2, 3, 6, 7, 10} {
		for exp := int64(20); exp < 40; exp += 3 {
			for _, d := range []int64{-3, -1, 0, 1, 3} {
				complete(t, e, powPlus(a, exp, d))
			}
		}
	}
}

// TestRatios: the limits grow with the size, and their predicted time is about a hundredth of
// that of the sieve at most. The smallest numbers have one ratio.
func TestRatios(t *testing.T) {
	for _, level := range kernels.Levels {
		times := measured.Of(level)
		for bits := 65; bits <= 16384; bits = bits*9/8 + 1 {
			do := limitsForRatios(bits, times)
			took := time.Duration(do.steps)/2 + time.Duration(do.ratios)*(time.Microsecond+time.Duration(6*bits))
			if share := float64(took) / float64(times.Sieve(min(bits, measured.SieveBits))); share > 0.015 {
				t.Errorf("%v, %d bits: %+v takes %.3f of the time of the sieve", level, bits, do, share)
			}
			if bits >= 200 && (do.steps != mostSteps || do.ratios != mostRatios) {
				t.Errorf("%v, %d bits: %+v", level, bits, do)
			}
		}
	}
}
