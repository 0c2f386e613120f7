package pm1

import (
	"errors"
	"math/big"
	"testing"

	"factorfleet/internal/factor/prime"
)

func always() error { return nil }

func big10(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

// TestFind has one line for each way that p-1 can end.
func TestFind(t *testing.T) {
	mul := func(xs ...*big.Int) *big.Int {
		n := big.NewInt(1)
		for _, x := range xs {
			n.Mul(n, x)
		}
		return n
	}
	a := big.NewInt(4324321)                                  // a-1 = 2^5 * 3^3 * 5 * 7 * 11 * 13
	b := big.NewInt(12109)                                    // b-1 = 2^2 * 3 * 1009
	rough := big10("170141183460469231731687303715884105727") // 2^127-1
	for _, test := range []struct {
		n      *big.Int
		b1, b2 uint64
		want   string
		why    string
	}{
		{mul(a, rough), 32, 40, "4324321", "stage 1, the largest prime powers of p-1 are 2^5 and 3^3"},
		{mul(a, rough), 10, 40, "", "11 and 13 are beyond B1"},
		{mul(b, rough), 4, 1009, "12109", "stage 2: p-1 = 2^2*3*1009, q = B2"},
		{mul(b, rough), 4, 1008, "", "q is beyond B2"},
		{mul(b, rough), 1008, 1009, "12109", "q is the only prime of stage 2"},
		{mul(b, rough), 1009, 1010, "12109", "no prime in stage 2"},
		{mul(a, b), 32, 2000, "4324321", "one prime in each stage"},
		{mul(a, b), 1100, 2000, "any", "both in stage 1: prime by prime"},
		{mul(b, big.NewInt(607)), 4, 2000, "any", "q = 1009 and 101, both in stage 2: pair by pair"},
		{mul(a, a), 32, 40, "4324321", "a square"},
		{mul(big.NewInt(20639383), big.NewInt(117876683047)), 100, 1000, "", "20!+1: both have large factors"},
	} {
		d, err := Find(test.n, test.b1, test.b2, always)
		switch {
		case err != nil:
			t.Errorf("%s: error %v", test.why, err)
		case d == nil && test.want != "":
			t.Errorf("%s: nothing found, want %s", test.why, test.want)
		case d == nil:
		case d.Cmp(one) <= 0 || d.Cmp(test.n) >= 0 || new(big.Int).Mod(test.n, d).Sign() != 0:
			t.Errorf("%s: %v does not divide %v", test.why, d, test.n)
		case test.want != "any" && d.String() != test.want:
			t.Errorf("%s: %v, want %q", test.why, d, test.want)
		}
	}
}

// TestStage2 checks for every prime q of an interval that a p with p-1 = 2*k*q, k smooth, is found
// exactly if q is within the bounds, for each D.
func TestStage2(t *testing.T) {
	rough := big10("170141183460469231731687303715884105727") // 2^127-1
	for _, b2 := range []uint64{2000, 200e3, 6e6} {
		count := 0
		it := prime.Primes(b2/2, b2)
		for q := it.Next(); q != 0 && count < 20; q = it.Next() {
			for k := uint64(1); k <= 30; k++ {
				p := 2*k*q + 1
				if !prime.IsPrime(p) {
					continue
				}
				count++
				n := new(big.Int).SetUint64(p)
				n.Mul(n, rough)
				if d, _ := Find(n, 30, q, always); d == nil || d.Uint64() != p {
					t.Errorf("p=%d, q=%d: %v", p, q, d)
				}
				break
			}
			if b2 > 1e6 && count >= 2 {
				break
			}
		}
	}
}

// TestLucas checks the table of V and the giant steps.
func TestLucas(t *testing.T) {
	n := big10("340282366920938463463374607431768211507")
	s := newSearch(n, always)
	s.w.SetWord(s.h, 3)
	s.exp(1 << 40)
	h := s.w.Value(new(big.Int), s.h)
	v := func(k uint64) *big.Int {
		a := new(big.Int).Exp(h, new(big.Int).SetUint64(k), n)
		b := new(big.Int).ModInverse(a, n)
		return b.Add(b, a).Mod(b, n)
	}
	for _, m := range []uint64{0, 1, 2, 1000} {
		e := s.newStage2(210, m)
		for i := range e.babies {
			j := uint64(3*i + 1 + i%2)
			if got := s.w.Value(new(big.Int), e.babies[i]); got.Cmp(v(j)) != 0 {
				t.Errorf("V(%d) = %v, want %v", j, got, v(j))
			}
		}
		for i := range uint64(4) {
			if got := s.w.Value(new(big.Int), e.giant); got.Cmp(v((m+i)*210)) != 0 || e.m != m+i {
				t.Errorf("V(%d*D) = %v", m+i, got)
			}
			e.next()
		}
	}
}

func TestFindStops(t *testing.T) {
	stop := errors.New("stop")
	n := new(big.Int).Lsh(one, 1277) // 2^1277-1, no factor known to p-1
	n.Sub(n, one)
	calls := 0
	if d, err := Find(n, 100, 1000, func() error { calls++; return nil }); d != nil || err != nil {
		t.Fatalf("Find = %v, %v", d, err)
	}
	for _, at := range []int{1, calls / 4, calls} {
		i := 0
		_, err := Find(n, 100, 1000, func() error {
			if i++; i >= at {
				return stop
			}
			return nil
		})
		if err != stop || i != at {
			t.Errorf("stopped at call %d of %d: error %v after %d calls", at, calls, err, i)
		}
	}
}

// FuzzFind checks that whatever is found divides n, for small n, where stages
// end with n as often as not.
func FuzzFind(f *testing.F) {
	f.Add(uint64(25), uint16(10), uint16(100))
	f.Add(uint64(1<<32-1), uint16(0), uint16(1))
	f.Fuzz(func(t *testing.T, n uint64, b1, b2 uint16) {
		if n |= 1; n < 5 || n%3 == 0 {
			return
		}
		b1 %= 1000
		m := new(big.Int).SetUint64(n)
		d, err := Find(m, uint64(b1), uint64(b1)+uint64(b2%5000), always)
		if err != nil || d != nil && (d.Cmp(one) <= 0 || d.Cmp(m) >= 0 || n%d.Uint64() != 0) {
			t.Errorf("Find(%d, %d, %d) = %v, %v", n, b1, b2, d, err)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	n := new(big.Int).Lsh(one, 128)
	n.Sub(n, big.NewInt(159)) // a prime: nothing is found
	b.ReportAllocs()
	for b.Loop() {
		Find(n, 3000, 100e3, always)
	}
}
