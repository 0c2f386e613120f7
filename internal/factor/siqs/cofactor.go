package siqs

import (
	"math/bits"
	"sync"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// cofactorPlan finds a factor of most products of two primes below 2^28 with a few curves,
// see BenchmarkFactor in the package factor.
var cofactorPlan = sync.OnceValue(func() *ecm.WordPlan { return ecm.NewWordPlan(60, 1500) })

// cofactorCurves is how many curves are tried. What they do not split is lost.
const cofactorCurves = 12

// splitCofactor returns the prime factors p <= q of n if there are two. It may
// fail: it returns 0 then. Requires n odd, n > 2^16, without prime factors below the
// fourth root of n.
func splitCofactor(n uint64) (p, q uint64) {
	m := mont.New(n)
	if fermat(&m) {
		return 0, 0
	}
	if r := prime.Sqrt(n); r*r == n {
		return r, r
	}
	for i := range uint64(cofactorCurves) {
		if p = ecm.FindWord(n, cofactorPlan(), ecm.MinSigma+i); p != 0 {
			q = n / p
			return min(p, q), max(p, q)
		}
	}
	return 0, 0
}

// fermat reports whether 2^(n-1) = 1 mod n, as for all primes n and few others.
func fermat(m *mont.Modulus) bool {
	e, x := m.N()-1, m.One()
	for i := bits.Len64(e) - 1; i >= 0; i-- {
		x = m.Mul(x, x)
		if e>>i&1 == 1 {
			x = m.Add(x, x)
		}
	}
	return x == m.One()
}
