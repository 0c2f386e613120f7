package siqs

import (
	"flag"
	"math/big"
	"math/rand/v2"
	"testing"
)

var largeBits = flag.Int("large", 165, "TestLargeBase factors a semiprime of so many `bits`")

// TestLargeBase factors a number through bytes alone, with a base of more than 2^17 primes: from the
// sieve over the code of relations to the matrix and the square root, there are indices that no number
// of up to 100 digits has. The number has far too few bits for such a base, so that relations come
// fast.
func TestLargeBase(t *testing.T) {
	n := semiprime(rand.New(rand.NewPCG(31, rand.Uint64())), *largeBits)
	tune := tuningFor(*largeBits)
	tune.primes, tune.interval, tune.large, tune.double, tune.small, tune.slack = 1<<17+20000, 131072, 4, 0, 400, 22
	var s Sieve
	if err := s.start(always, n, tune); err != nil {
		t.Fatal(err)
	}
	p, err := DecodeParams(s.params.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	set := newSet(t, p)
	for first := uint64(0); ; first += 2 {
		err := s.Yield(always, first, first+2, func() (flush, stop bool) { return true, false },
			func(from, to uint64, data []byte) {
				if _, err := set.AddYield(data, from, to); err != nil {
					t.Fatalf("%v: coefficients %d to %d: %v", n, from, to, err)
				}
			})
		if err != nil {
			t.Fatal(err)
		}
		if set.Have() < set.Need() {
			continue
		}
		d, err := set.Solve(always)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			if d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Rem(n, d).Sign() != 0 {
				t.Fatalf("Solve = %v", d)
			}
			break
		}
	}
	beyond, columns := 0, make(map[uint32]bool)
	for e := range uint32(set.Len()) {
		for _, i := range set.appendEntry(nil, e) {
			if i > 1<<17 {
				beyond++
				columns[i] = true
			}
		}
	}
	if beyond < 10000 || len(columns) < 10000 {
		t.Errorf("the relations have %d indices above 2^17, %d different ones", beyond, len(columns))
	}
}
