package prime

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/mont"
)

func big10(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

// arnault returns the composite of F. Arnault, Constructing Carmichael numbers
// which are strong pseudoprimes to several bases, J. Symb. Comp. 20 (1995): it is
// one to all prime bases below 307.
func arnault() *big.Int {
	p := big10("29674495668685510550154174642905332730771991799853043350995075531276838753171770199594238596428121188033664754218345562493168782883")
	n := new(big.Int).Set(p)
	for _, k := range []int64{313, 353} {
		q := new(big.Int).Sub(p, big.NewInt(1))
		q.Mul(q, big.NewInt(k))
		n.Mul(n, q.Add(q, big.NewInt(1)))
	}
	return n
}

func TestIsProbablePrime(t *testing.T) {
	mersenne := func(e uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), e)
		return n.Sub(n, big.NewInt(1))
	}
	square := func(n *big.Int) *big.Int { return new(big.Int).Mul(n, n) }
	for _, test := range []struct {
		n    *big.Int
		want bool
		why  string
	}{
		{big10("18446744073709551629"), true, "first above 2^64"},
		{big10("318665857834031151167461"), false, "strong to the first 12 primes"},
		{big10("3317044064679887385961981"), false, "strong to the first 13 primes"},
		{arnault(), false, "strong to all primes below 307"},
		{mersenne(67), false, "Cole's"},
		{mersenne(89), true, "n+1 a power of 2"},
		{mersenne(127), true, "n+1 a power of 2, two words"},
		{mersenne(521), true, "n+1 a power of 2, nine words"},
		{mersenne(128), false, "all bits of two words"},
		{square(mersenne(61)), false, "square without small divisor"},
		{square(mersenne(127)), false, "square without small divisor"},
		{new(big.Int).Lsh(big.NewInt(1), 64), false, "even"},
		{new(big.Int), false, "0"},
		{big.NewInt(1), false, "1"},
		{big.NewInt(2), true, "2"},
	} {
		if got := IsProbablePrime(test.n); got != test.want {
			t.Errorf("IsProbablePrime(%v) = %v: %s", test.n, got, test.why)
		}
	}
	if !arnaultStrong() {
		t.Error("Arnault's number does not pass the strong test to base 2: the vector is wrong")
	}
}

// arnaultStrong reports whether the strong half accepts Arnault's number, which
// leaves it to the Lucas half.
func arnaultStrong() bool {
	n := arnault()
	t := &tester{w: mont.NewWide(n), n: n, words: Words(n), check: func() error { return nil }}
	return t.strongBase2()
}

// TestBigHalves runs the tests for big numbers on words, where the other ones
// give the answer.
func TestBigHalves(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for i := range 20000 {
		n := uint64(2*i + 101)
		if i%2 == 1 {
			n = rnd.Uint64()>>rnd.IntN(40) | 1
		}
		b := new(big.Int).SetUint64(n)
		m := mont.New(n)
		tb := &tester{w: mont.NewWide(b), n: b, words: Words(b), check: func() error { return nil }}
		if got, want := tb.strongBase2(), strongBase2(&m); got != want {
			t.Errorf("strong test of %d: %v as a big.Int", n, got)
		}
		if lucasP(n) == n-2 {
			continue // cannot be above 2^64
		}
		if got, want := tb.extraStrongLucas(), extraStrongLucas(&m); got != want {
			t.Errorf("Lucas test of %d: %v as a big.Int", n, got)
		}
	}
}

func FuzzIsProbablePrime(f *testing.F) {
	f.Add(big10("318665857834031151167461").Bytes())
	f.Add(big10("18446744073709551629").Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		n := new(big.Int).SetBytes(b[:min(len(b), 40)])
		for n.SetBit(n, 0, 1); ; n.Add(n, big.NewInt(2)) {
			want := n.ProbablyPrime(0)
			if got := IsProbablePrime(n); got != want {
				t.Errorf("IsProbablePrime(%v) = %v", n, got)
			}
			if want {
				break // both answers have been seen
			}
		}
	})
}

func TestTestStops(t *testing.T) {
	stop := errors.New("stop")
	n := new(big.Int).Lsh(big.NewInt(1), 2203)
	n.Sub(n, big.NewInt(1)) // a prime
	calls := 0
	Test(n, func() error { calls++; return nil })
	for _, at := range []int{1, calls / 2, calls} {
		i := 0
		_, err := Test(n, func() error {
			if i++; i == at {
				return stop
			}
			return nil
		})
		if err != stop || i != at {
			t.Errorf("stopped at call %d of %d: error %v after %d calls", at, calls, err, i)
		}
	}
}

// BenchmarkIsProbablePrime measures a prime of each size, the slowest case.
func BenchmarkIsProbablePrime(b *testing.B) {
	for _, e := range []uint{89, 127, 521, 1279, 4423, 11213} { // Mersenne
		b.Run(big.NewInt(int64(e)).String(), func(b *testing.B) {
			n := new(big.Int).Lsh(big.NewInt(1), e)
			n.Sub(n, big.NewInt(1))
			b.ReportAllocs()
			for b.Loop() {
				IsProbablePrime(n)
			}
		})
	}
}
