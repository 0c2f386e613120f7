package verify

import (
	"context"
	"math/big"
	"testing"
)

// TestConclude checks the conclusions for all odd n below a bound, with all F1 dividing n-1 and F2
// dividing n+1 that the prime factors of n allow: no composite is called prime, and a prime is if F1
// and F2 are large enough.
func TestConclude(t *testing.T) {
	const bound = 3000
	calls, composites := 0, [3]int{}
	for n := int64(3); n < bound; n += 2 {
		primes := primeFactors(n)
		isPrime := len(primes) == 1 && primes[0] == n
		for f1 := int64(1); f1 < n; f1++ {
			if (n-1)%f1 != 0 || !all(primes, func(p int64) bool { return (p-1)%f1 == 0 }) {
				continue
			}
			for f2 := int64(1); f2 <= n+1; f2++ {
				if (n+1)%f2 != 0 || !all(primes, func(p int64) bool { return (p-1)%f2 == 0 || (p+1)%f2 == 0 }) {
					continue
				}
				calls++
				err := conclude(big.NewInt(n), big.NewInt(f1), big.NewInt(f2))
				switch {
				case err == nil && !isPrime:
					t.Fatalf("%d = %v is called prime, F1 = %d, F2 = %d", n, primes, f1, f2)
				case isPrime && err != nil && err != errShort:
					t.Fatalf("%d is prime, F1 = %d, F2 = %d: %v", n, f1, f2, err)
				case err == errShort && (f1*f1*f1 > n || (f2-1)*(f2-1)*(f2-1) > n):
					t.Fatalf("%d, F1 = %d, F2 = %d: %v", n, f1, f2, err)
				case err == errSplits && f1*f1*f1 > n:
					composites[0]++
				case err == errSplits:
					composites[1]++
				case err == errResidue:
					composites[2]++
				}
			}
		}
	}
	t.Logf("%d cases; composites found by the three conclusions: %v", calls, composites)
	if composites[0] == 0 || composites[1] == 0 || composites[2] == 0 {
		t.Error("one of the conclusions never met a composite")
	}
}

func primeFactors(n int64) (primes []int64) {
	for p := int64(2); n > 1; p++ {
		for ; n%p == 0; n /= p {
			primes = append(primes, p)
		}
	}
	return primes
}

func all(list []int64, ok func(int64) bool) bool {
	for _, p := range list {
		if !ok(p) {
			return false
		}
	}
	return true
}

// TestMinusTheorem checks Minus for all odd composites below a bound: whatever the witnesses, p = 1
// modulo F1 for all prime factors p.
func TestMinusTheorem(t *testing.T) {
	found := 0
	for n := int64(9); n < 2000; n += 2 {
		primes := primeFactors(n)
		if len(primes) == 1 {
			continue
		}
		for _, q := range primeFactors(n - 1) {
			power := q
			for (n-1)%(power*q) == 0 {
				power *= q
			}
			for a := uint64(1); a < 50; a++ {
				if minusWitness(context.Background(), big.NewInt(n), big.NewInt(n-1), big.NewInt(q), a) != nil {
					continue
				}
				found++
				for _, p := range primes {
					if (p-1)%power != 0 {
						t.Fatalf("%d: %d has the witness %d, and p = %d", n, q, a, p)
					}
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d composites with a witness", found)
	}
}

// TestPlusTheorem checks Plus for all odd composites below a bound: whatever the witnesses, p = (D/p)
// modulo F2 for all prime factors p.
func TestPlusTheorem(t *testing.T) {
	found := 0
	for n := int64(9); n < 2000; n += 2 {
		primes := primeFactors(n)
		d, err := nonResidue(big.NewInt(n))
		if len(primes) == 1 || err != nil {
			continue
		}
		for _, q := range primeFactors(n + 1) {
			power := q
			for (n+1)%(power*q) == 0 {
				power *= q
			}
			for a := uint64(0); a < 20; a++ {
				if plusWitness(context.Background(), &ring{big.NewInt(n), d}, big.NewInt(n+1), big.NewInt(q), a) != nil {
					continue
				}
				found++
				for _, p := range primes {
					if symbol := int64(big.Jacobi(d, big.NewInt(p))); (p-symbol)%power != 0 {
						t.Fatalf("%d: %d has the witness %d, and p = %d", n, q, a, p)
					}
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d composites with a witness", found)
	}
}
