package prime

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/mont"
)

// naive is the sieve that everything below limit is compared with, written
// without a thought for speed.
func naive(limit int) []bool {
	is := make([]bool, limit)
	for i := 2; i < limit; i++ {
		is[i] = true
	}
	for i := range is {
		for j := 2 * i; i > 1 && j < limit; j += i {
			is[j] = false
		}
	}
	return is
}

const limit = 1 << 20

func TestIsPrimeExhaustive(t *testing.T) {
	for n, want := range naive(limit) {
		if got := IsPrime(uint64(n)); got != want {
			t.Errorf("IsPrime(%d) = %v", n, got)
		}
	}
}

func TestSmall(t *testing.T) {
	var want []uint32
	for n, is := range naive(Bound) {
		if is {
			want = append(want, uint32(n))
		}
	}
	if !slices.Equal(Small(), want) {
		t.Errorf("Small has %d primes, want %d", len(Small()), len(want))
	}
	if len(Divisors()) != len(want)-1 || Divisors()[0].P != 3 {
		t.Errorf("Divisors has %d primes and begins with %d", len(Divisors()), Divisors()[0].P)
	}
}

func TestPrimes(t *testing.T) {
	is := naive(limit)
	for _, low := range []uint64{0, 2, 3, 4, 9, 25, 2*segment + 1, 12345} {
		for _, bound := range []uint64{0, 1, 2, 3, 4, 9, 2*segment - 1, 2 * segment, 2*segment + 1, 4 * segment, limit - 1} {
			it := Primes(low, bound)
			for n := low; n <= bound; n++ {
				if is[n] {
					if p := it.Next(); p != n {
						t.Fatalf("Primes(%d, %d): %d, want %d", low, bound, p, n)
					}
				}
			}
			for range 2 {
				if p := it.Next(); p != 0 {
					t.Errorf("Primes(%d, %d): %d at the end", low, bound, p)
				}
			}
		}
	}
}

// TestPrimesBeyondTable sieves where primes above Bound are needed.
func TestPrimesBeyondTable(t *testing.T) {
	const low, high = 65537*65537 - 1<<16, 65537*65537 + 1<<17
	it := Primes(low, high)
	for n := uint64(low); n <= high; n++ {
		if IsPrime(n) {
			if p := it.Next(); p != n {
				t.Fatalf("%d, want %d", p, n)
			}
		}
	}
	if p := it.Next(); p != 0 {
		t.Errorf("%d at the end", p)
	}
}

// TestWordHalves looks at each half of Baillie-PSW by itself: the composites
// that pass it are known (OEIS A001262, A217719), and none passes both.
func TestWordHalves(t *testing.T) {
	var strong, lucas []uint64
	is := naive(limit)
	for n := uint64(5); n < 60000; n += 2 {
		m := mont.New(n)
		s, l := strongBase2(&m), extraStrongLucas(&m)
		if ls, ll := lazyStrongBase2(n), lazyExtraStrongLucas(n); ls != s || ll != l && lucasP(n) < n-2 {
			t.Errorf("%d: strong %v, lazily %v; Lucas %v, lazily %v", n, s, ls, l, ll)
		}
		if is[n] && !(s && l) {
			t.Errorf("prime %d: strong %v, Lucas %v", n, s, l)
		}
		if !is[n] && s {
			strong = append(strong, n)
		}
		if !is[n] && l {
			lucas = append(lucas, n)
		}
	}
	if want := []uint64{2047, 3277, 4033, 4681, 8321, 15841, 29341, 42799, 49141, 52633}; !slices.Equal(strong, want) {
		t.Errorf("strong pseudoprimes to base 2: %d, want %d", strong, want)
	}
	if want := []uint64{989, 3239, 5777, 10877, 27971, 29681, 30739, 31631, 39059}; !slices.Equal(lucas, want) {
		t.Errorf("extra strong Lucas pseudoprimes: %d, want %d", lucas, want)
	}
}

// wordTests are numbers that some other test takes for something else.
var wordTests = []struct {
	n    uint64
	want bool
	why  string
}{
	{3215031751, false, "strong to 2, 3, 5, 7"},
	{341550071728321, false, "strong to the first 7 primes"},
	{3825123056546413051, false, "strong to the first 9 primes"},
	{1093 * 1093, false, "Wieferich: strong to base 2, no P with symbol -1"},
	{3511 * 3511, false, "Wieferich"},
	{18446744030759878681, false, "(2^32-5)^2, the largest square of a prime"},
	{561, false, "Carmichael"},
	{1729, false, "Carmichael"},
	{9746347772161, false, "Carmichael, 7*11*13*17*19*31*37*41"},
	{1<<64 - 1, false, "n+1 is no word"},
	{1<<64 - 59, true, "the largest"},
	{1<<64 - 83, true, "the one before"},
	{1<<61 - 1, true, "Mersenne: n+1 a power of 2"},
	{1<<32 + 15, true, "first above 2^32"},
	{1<<32 - 5, true, "last below 2^32"},
	{4611686018427387847, true, "last below 2^62"},
	{41 * 43, false, "smallest without the divisors of IsPrime"},
	{41 * 41, false, "its lower bound"},
}

func TestIsPrimeTable(t *testing.T) {
	for _, test := range wordTests {
		if got := IsPrime(test.n); got != test.want {
			t.Errorf("IsPrime(%d) = %v: %s", test.n, got, test.why)
		}
		if got := IsProbablePrime(new(big.Int).SetUint64(test.n)); got != test.want {
			t.Errorf("IsProbablePrime(%d) = %v: %s", test.n, got, test.why)
		}
	}
}

func FuzzIsPrime(f *testing.F) {
	for _, test := range wordTests {
		f.Add(test.n)
	}
	f.Fuzz(func(t *testing.T, n uint64) {
		for ; n > 0; n &= n - 1 { // and its leading bits, for all sizes
			if got, want := IsPrime(n|1), new(big.Int).SetUint64(n|1).ProbablyPrime(8); got != want {
				t.Errorf("IsPrime(%d) = %v", n|1, got)
			}
		}
	})
}

// TestLazy compares the two ways to compute modulo a word, next to lazyBound too.
func TestLazy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 3))
	for i := range 20000 {
		n := rnd.Uint64N(lazyBound)>>rnd.IntN(44) | 1<<14 | 1
		if i < 2000 {
			n = lazyBound - 1 - 2*uint64(i)
		}
		if rnd.IntN(2) == 0 {
			for !IsPrime(n) {
				n -= 2
			}
		}
		m := mont.New(n)
		if got, want := lazyStrongBase2(n), strongBase2(&m); got != want {
			t.Errorf("lazyStrongBase2(%d) = %v", n, got)
		}
		if got, want := lazyExtraStrongLucas(n), extraStrongLucas(&m); got != want {
			t.Errorf("lazyExtraStrongLucas(%d) = %v", n, got)
		}
	}
}

func FuzzDivisor(f *testing.F) {
	f.Add(uint64(0), uint16(0))
	f.Add(^uint64(0), uint16(1))
	f.Add(uint64(65521)*281479271743489, uint16(6540))
	f.Fuzz(func(t *testing.T, n uint64, i uint16) {
		d := Divisors()[int(i)%len(table)]
		for _, n := range []uint64{n, n / d.P * d.P, n/d.P*d.P + 1} {
			q, ok := d.Quotient(n)
			if ok != (n%d.P == 0) || ok && q != n/d.P {
				t.Errorf("%d/%d = %d, %v", n, d.P, q, ok)
			}
		}
	})
}

func TestSqrt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	roots := []uint64{0, 1, 2, 3, 1<<26 - 1, 1 << 26, 94906265, 94906266, 1<<32 - 2, 1<<32 - 1}
	for range 10000 {
		roots = append(roots, uint64(rnd.Uint32()>>rnd.IntN(32)))
	}
	for _, r := range roots {
		for _, n := range []uint64{r * r, r*r + 1, r*r + 2*r} {
			if got := Sqrt(n); n <= r*r+2*r && got != r && !(r == 0 && n == 1) {
				t.Errorf("Sqrt(%d) = %d, want %d", n, got, r)
			}
		}
	}
}

func BenchmarkIsPrime(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		IsPrime(1<<64 - 59)
	}
}
