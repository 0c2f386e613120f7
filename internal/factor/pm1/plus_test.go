package pm1

import (
	"math/big"
	"testing"

	"factorfleet/internal/factor/prime"
)

// TestFindPlus: of all primes p of an interval with which bounds and starts they are found is predicted from
// the factors of p+1 and p-1: never without, and always if the prime powers of p+1 are within the
// bounds and h^2-4 is no square.
func TestFindPlus(t *testing.T) {
	rough := big10("170141183460469231731687303715884105727") // 2^127-1
	const b1, b2 = 40, 1000
	discriminants := [len(Starts)]int64{-3, -1, 5}
	found, twice := [len(Starts)]int{}, 0
	it := prime.Primes(1e6, 1e6+20000)
	for p := it.Next(); p != 0; p = it.Next() {
		n := new(big.Int).SetUint64(p)
		n.Mul(n, rough)
		count := 0
		for i, start := range Starts {
			d, err := FindPlus(n, b1, b2, start, always)
			if err != nil || d != nil && d.Uint64() != p {
				t.Fatalf("%d, %s: %v, %v", p, start.Name, d, err)
			}
			order := p - 1
			if big.Jacobi(big.NewInt(discriminants[i]), new(big.Int).SetUint64(p)) == -1 {
				order = p + 1
			}
			if want := smooth(order, b1, b2); want && d == nil {
				t.Errorf("%d, %s: not found, its order divides %d", p, start.Name, order)
			} else if want && order == p+1 {
				found[i]++
				count++
			}
		}
		if count > 1 {
			twice++
		}
	}
	t.Logf("found by p+1 with %v; %d with several", found, twice)
	for i, count := range found {
		if count < 10 {
			t.Errorf("only %d primes for %s: the test is blind", count, Starts[i].Name)
		}
	}
}

// smooth reports whether the prime powers of n are at most b1, but for one prime at most b2.
func smooth(n, b1, b2 uint64) bool {
	product := uint64(1)
	it := prime.Primes(2, b1)
	for p := it.Next(); p != 0; p = it.Next() {
		for q := p; q <= b1 && n%p == 0; q *= p {
			n /= p
			product *= p
		}
	}
	return n == 1 || n > b1 && n <= b2 && prime.IsPrime(n)
}

// TestFindPlusAll has products of primes that are found at once.
func TestFindPlusAll(t *testing.T) {
	// p+1 is 360, 420, 840 and 1260, p = 2 mod 3.
	for _, n := range []int64{359 * 419, 359 * 419 * 839, 839 * 1259, 359 * 359 * 419, 359 * 359} {
		m := big.NewInt(n)
		for _, b := range [][2]uint64{{20, 40}, {3, 200}, {100, 200}} {
			for _, start := range Starts {
				d, err := FindPlus(m, b[0], b[1], start, always)
				if err != nil || d != nil && (d.Cmp(one) <= 0 || d.Cmp(m) >= 0 || new(big.Int).Mod(m, d).Sign() != 0) {
					t.Errorf("%v, %v: %v, %v", m, b, d, err)
				}
			}
		}
	}
}

// TestV compares lucas with the recurrence V(k+1) = h V(k) - V(k-1).
func TestV(t *testing.T) {
	n := big10("340282366920938463463374607431768211507")
	s := newSearch(n, always)
	h, z := s.w.New(), s.w.New()
	s.w.SetWord(h, 123456789)
	before, at := big.NewInt(2), big.NewInt(123456789)
	for k := uint64(1); k < 300; k++ {
		if s.lucas(z, h, k); s.w.Value(new(big.Int), z).Cmp(at) != 0 {
			t.Fatalf("V(%d) = %v, want %v", k, s.w.Value(new(big.Int), z), at)
		}
		next := new(big.Int).Mul(at, big.NewInt(123456789))
		before, at = at, next.Sub(next, before).Mod(next, n)
	}
}

// FuzzFindPlus checks that whatever is found divides n, for small n.
func FuzzFindPlus(f *testing.F) {
	f.Add(uint64(11*13), uint16(10), uint16(100), uint8(0))
	f.Add(uint64(1<<32+15), uint16(0), uint16(1), uint8(2))
	f.Fuzz(func(t *testing.T, n uint64, b1, b2 uint16, start uint8) {
		if n |= 1; n < 11 || n%3 == 0 || n%5 == 0 || n%7 == 0 {
			return
		}
		b1 %= 1000
		m := new(big.Int).SetUint64(n)
		d, err := FindPlus(m, uint64(b1), uint64(b1)+uint64(b2%5000), Starts[int(start)%len(Starts)], always)
		if err != nil || d != nil && (d.Cmp(one) <= 0 || d.Cmp(m) >= 0 || n%d.Uint64() != 0) {
			t.Errorf("FindPlus(%d, %d, %d) = %v, %v", n, b1, b2, d, err)
		}
	})
}

func BenchmarkFindPlus(b *testing.B) {
	n := new(big.Int).Lsh(one, 128)
	n.Sub(n, big.NewInt(159)) // a prime: nothing is found
	b.ReportAllocs()
	for b.Loop() {
		FindPlus(n, 3000, 100e3, Starts[0], always)
	}
}
