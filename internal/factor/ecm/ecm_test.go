package ecm

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/mont"
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

func newPlan(b1, b2 uint64) *Plan {
	p, _ := NewPlan(b1, b2, always)
	return p
}

// TestPlan checks the definition: each prime of stage 2 is m*D+j or m*D-j for a
// pair (m, j), and no pair is there twice or for nothing.
func TestPlan(t *testing.T) {
	for _, b := range [][2]uint64{{15, 15}, {15, 16}, {15, 17}, {15, 1000}, {104, 105}, {105, 20000},
		{1154, 2000}, {1155, 1e5}, {15015, 15016}, {15015, 2e7}} {
		p := newPlan(b[0], b[1])
		isPrime, covered := make([]bool, b[1]+2*p.d), make([]bool, b[1]+2*p.d)
		for it, q := prime.Primes(2, b[1]+p.d), uint64(1); q != 0; q = it.Next() {
			isPrime[q] = q > 1
		}
		at := uint32(0)
		for i, end := range p.end {
			m := p.first + uint64(i)
			for _, j := range p.pairs[at:end] {
				up, down := m*p.d+uint64(p.babies[j]), m*p.d-uint64(p.babies[j])
				if covered[up] || covered[down] {
					t.Errorf("B1=%d, B2=%d: pair of %d and %d twice", b[0], b[1], up, down)
				}
				covered[up], covered[down] = true, true
				if !isPrime[up] && !isPrime[down] {
					t.Errorf("B1=%d, B2=%d: pair of %d and %d for nothing", b[0], b[1], up, down)
				}
			}
			at = end
		}
		if int(at) != len(p.pairs) {
			t.Errorf("B1=%d, B2=%d: %d pairs, %d used", b[0], b[1], len(p.pairs), at)
		}
		for q := b[0] + 1; q <= b[1]; q++ {
			if isPrime[q] && !covered[q] {
				t.Errorf("B1=%d, B2=%d: %d is not covered", b[0], b[1], q)
			}
		}
		count := 0
		for q := uint64(2); q <= b[0]; q++ {
			if isPrime[q] {
				count++
			}
		}
		if count != len(p.primes) {
			t.Errorf("B1=%d: %d primes in stage 1, want %d", b[0], len(p.primes), count)
		}
	}
}

// twin is the curve over math/big, straight from the formulas. Points are added by x alone.
type twin struct{ n, a24 *big.Int }

func (c twin) mod(x *big.Int) *big.Int { return x.Mod(x, c.n) }

// multiply returns the x of k*P as X, Z by the definition of the ladder, each
// multiple from the two before it.
func (c twin) multiply(x, z *big.Int, k int) (*big.Int, *big.Int) {
	type pt struct{ x, z *big.Int }
	mul := func(a, b *big.Int) *big.Int { return c.mod(new(big.Int).Mul(a, b)) }
	add := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	sub := func(a, b *big.Int) *big.Int { return c.mod(new(big.Int).Sub(a, b)) }
	s, d := mul(add(x, z), add(x, z)), mul(sub(x, z), sub(x, z))
	e := sub(s, d)
	ps := []pt{{}, {x, z}, {mul(s, d), mul(e, add(d, mul(c.a24, e)))}}
	for len(ps) <= k {
		p, diff := ps[len(ps)-1], ps[len(ps)-2]
		u, v := mul(sub(p.x, p.z), add(x, z)), mul(add(p.x, p.z), sub(x, z))
		u, v = add(u, v), sub(u, v)
		ps = append(ps, pt{mul(diff.z, mul(u, u)), mul(diff.x, mul(v, v))})
	}
	return ps[k].x, ps[k].z
}

// TestLadder compares the ladder with the twin and with itself.
func TestLadder(t *testing.T) {
	n := big10("340282366920938463463374607431768211507")
	s := NewSearch(n, always)
	f := &s.f
	if d := f.suyama(s.q, 7); d != nil {
		t.Fatal(d)
	}
	value := func(x mont.Element) *big.Int { return f.w.Value(new(big.Int), x) }
	c := twin{n, value(f.a24)}
	x, z := value(s.q.x), value(s.q.z)
	same := func(name string, p point, k int) {
		t.Helper()
		wx, wz := c.multiply(x, z, k)
		// X/Z = wx/wz
		l, r := value(p.x), value(p.z)
		if l.Mul(l, wz).Mod(l, n).Cmp(r.Mul(r, wx).Mod(r, n)) != 0 {
			t.Errorf("%s is not %d*q", name, k)
		}
	}
	for k := 1; k < 300; k++ {
		f.ladder(s.r, s.s, s.q, uint64(k))
		same(fmt.Sprintf("ladder(%d)", k), s.r, k)
		same(fmt.Sprintf("ladder(%d)+1", k), s.s, k+1)
	}
	p := newPlan(1155, 1e4)
	s.stage2Mem.resize(f, p)
	s.stage2Mem.makeBabies(s)
	for i, j := range p.babies {
		same(fmt.Sprintf("baby %d", j), s.stage2Mem.babies[i], int(j))
	}
	m := &s.stage2Mem
	if d, ok := f.affine(m.babyX, m.babies); !ok {
		t.Fatal(d)
	}
	for i, j := range p.babies {
		same(fmt.Sprintf("x of baby %d", j), point{m.babyX[i], f.w.One()}, int(j))
	}
}

// TestSuyamaOrder counts the points of the curve and checks what sigma promises:
// 12 divides the order modulo every prime.
func TestSuyamaOrder(t *testing.T) {
	for _, p := range []int64{101, 103, 499, 1009} {
		n := big.NewInt(p)
		for sigma := uint64(MinSigma); sigma < 40; sigma++ {
			s := NewSearch(n, always)
			if s.f.suyama(s.q, sigma) != nil {
				continue
			}
			a := s.f.w.Value(new(big.Int), s.f.a24).Int64()
			A := (4*a - 2 + 4*p) % p
			x := s.f.w.Value(new(big.Int), s.q.x).Int64()
			z := s.f.w.Value(new(big.Int), s.q.z).Int64()
			x = x * new(big.Int).ModInverse(big.NewInt(z), n).Int64() % p
			// b such that (x, 1) is on the curve.
			g := func(x int64) int64 { return ((x*x%p*x+A*(x*x%p)+x)%p + p) % p }
			order := int64(1)
			for t := range p {
				order += 1 + int64(big.Jacobi(big.NewInt(g(t)*g(x)), n))
			}
			if g(x) == 0 || (A*A-4)%p == 0 {
				continue // degenerate
			}
			if order%12 != 0 {
				t.Errorf("p=%d, sigma=%d: order %d", p, sigma, order)
			}
		}
	}
}

// findTests are curves for which PARI/GP's ellorder gives the order of the point
// modulo p:
//
//	p = 10^12+303, sigma =  7: 2 * 3 * 17 * 37 * 41 * 113 * 2383
//	p = 10^12+189, sigma = 10: 3^2 * 5 * 449 * 619 * 2221
var findTests = []struct {
	p             string
	sigma, b1, b2 uint64
	found         bool
	why           string
}{
	{"1000000000303", 7, 113, 2383, true, "just enough"},
	{"1000000000303", 7, 112, 2383, false, "113 is beyond B1"},
	{"1000000000303", 7, 113, 2382, true, "2383 = 11*210+73 comes with 2237 = 11*210-73"},
	{"1000000000303", 7, 113, 2236, false, "2237 and 2383 are beyond B2"},
	{"1000000000303", 7, 2382, 2383, true, "2383 alone in stage 2"},
	{"1000000000303", 7, 2383, 2384, true, "all in stage 1"},
	{"1000000000303", 7, 1155, 25e6, true, "large D"},
	{"1000000000303", 7, 15015, 2e7, true, "largest D, stage 1"},
	{"1000000000189", 10, 619, 2221, true, "just enough"},
	{"1000000000189", 10, 618, 2221, false, "619 is beyond B1"},
	{"1000000000189", 10, 619, 2220, false, "2221 is beyond B2"},
	{"1000000000189", 11, 619, 2221, false, "another curve"},
}

func TestFind(t *testing.T) {
	for _, test := range findTests {
		p, rough := big10(test.p), new(big.Int).Sub(new(big.Int).Lsh(one, 127), one)
		n := new(big.Int).Mul(p, rough)
		d, err := Find(n, Curve{test.b1, test.b2, test.sigma}, always)
		if err != nil || (d != nil) != test.found || d != nil && d.Cmp(p) != 0 {
			t.Errorf("%s, %v: %v, %v: %s", test.p, Curve{test.b1, test.b2, test.sigma}, d, err, test.why)
		}
	}
}

// FuzzFind checks that every divisor found divides n, for small n, where a gcd often is n.
func FuzzFind(f *testing.F) {
	plans := []*Plan{newPlan(15, 15), newPlan(15, 100), newPlan(110, 3000), newPlan(1200, 20000)}
	f.Add(uint64(25), uint32(0), uint8(0))
	f.Add(uint64(1<<32-5)*(1<<32-5), uint32(1), uint8(1))
	f.Add(uint64(1009*1013), uint32(2), uint8(2))
	f.Add(uint64(10007*10009), uint32(3), uint8(3))
	f.Fuzz(func(t *testing.T, n uint64, sigma uint32, plan uint8) {
		if n |= 1; n < 5 || n%3 == 0 {
			return
		}
		m := new(big.Int).SetUint64(n)
		d, err := NewSearch(m, always).Run(plans[int(plan)%len(plans)], MinSigma+uint64(sigma))
		if err != nil || d != nil && (d.Cmp(one) <= 0 || d.Cmp(m) >= 0 || n%d.Uint64() != 0) {
			t.Errorf("n=%d, sigma=%d: %v, %v", n, sigma, d, err)
		}
	})
}

// TestSmallSemiprimes runs curves that meet both primes at once much of the time,
// in stage 1 or in stage 2: the careful repetition must separate them often enough.
func TestSmallSemiprimes(t *testing.T) {
	for _, plan := range []*Plan{newPlan(300, 20000), newPlan(15, 1000)} {
		rnd := rand.New(rand.NewPCG(6, 6))
		const total, curves = 200, 2
		found := 0
		for range total {
			p, q := randomPrime(rnd, 12), randomPrime(rnd, 13)
			n := new(big.Int).SetUint64(p * q)
			s := NewSearch(n, always)
			for sigma := uint64(MinSigma); sigma < MinSigma+curves; sigma++ {
				d, _ := s.Run(plan, sigma)
				if d == nil {
					continue
				}
				if d.Cmp(n) >= 0 || d.Cmp(one) <= 0 || new(big.Int).Mod(n, d).Sign() != 0 {
					t.Errorf("%v, sigma=%d: %v", n, sigma, d)
				}
				found++
				break
			}
		}
		t.Logf("%v: %d of %d split within %d curves", plan, found, total, curves)
		if found < total*98/100 {
			t.Errorf("%v: %d of %d split within %d curves", plan, found, total, curves)
		}
	}
}

func randomPrime(rnd *rand.Rand, bits int) uint64 {
	for {
		if p := rnd.Uint64()>>(64-bits) | 1<<(bits-1) | 1; prime.IsPrime(p) {
			return p
		}
	}
}

// TestRepeatable runs curves in two orders on one search and on new ones.
func TestRepeatable(t *testing.T) {
	n := big10("1000000000000000000000000000057")
	n.Mul(n, big10("1000000000039"))
	plans := []*Plan{newPlan(100, 1000), newPlan(2000, 50000)}
	reused := NewSearch(n, always)
	for sigma := uint64(20); sigma > MinSigma; sigma-- {
		for _, p := range plans {
			a, _ := reused.Run(p, sigma)
			b, _ := Find(n, Curve{p.B1, p.B2, sigma}, always)
			if (a == nil) != (b == nil) || a != nil && a.Cmp(b) != 0 {
				t.Errorf("%v sigma=%d: %v and %v", p, sigma, a, b)
			}
		}
	}
}

func TestNewPlanStops(t *testing.T) {
	stop := errors.New("stop")
	for _, b := range [][2]uint64{{1e6, 1e6}, {1e3, 1e6}} {
		if p, err := NewPlan(b[0], b[1], func() error { return stop }); p != nil || err != stop {
			t.Errorf("NewPlan(%d, %d) = %v, %v", b[0], b[1], p, err)
		}
	}
}

func TestRunStops(t *testing.T) {
	stop := errors.New("stop")
	n := new(big.Int).Lsh(one, 1277)
	n.Sub(n, one)
	plan := newPlan(200, 5000)
	calls := 0
	if d, err := NewSearch(n, func() error { calls++; return nil }).Run(plan, 11); d != nil || err != nil {
		t.Fatalf("Run = %v, %v", d, err)
	}
	for _, at := range []int{1, calls / 2, calls * 3 / 4, calls} {
		i := 0
		s := NewSearch(n, func() error {
			if i++; i >= at {
				return stop
			}
			return nil
		})
		if _, err := s.Run(plan, 11); err != stop || i != at {
			t.Errorf("stopped at call %d of %d: error %v after %d calls", at, calls, err, i)
		}
	}
}

// BenchmarkCurve measures one curve that finds nothing.
func BenchmarkCurve(b *testing.B) {
	for _, c := range []struct {
		bits   uint
		sub    int64
		b1, b2 uint64
	}{
		{96, 17, 800, 80e3}, {96, 17, 2000, 200e3}, {128, 159, 2000, 200e3}, {128, 159, 11e3, 1100e3},
		{160, 47, 50e3, 5e6}, {256, 189, 50e3, 5e6}, {333, 3, 50e3, 5e6}, {256, 189, 250e3, 25e6},
	} {
		b.Run(fmt.Sprintf("%d/B1=%d", c.bits, c.b1), func(b *testing.B) {
			n := new(big.Int).Lsh(one, c.bits)
			n.Sub(n, big.NewInt(c.sub))
			plan, s := newPlan(c.b1, c.b2), NewSearch(n, always)
			sigma := uint64(MinSigma)
			b.ReportAllocs()
			for b.Loop() {
				s.Run(plan, sigma)
				sigma++
			}
		})
	}
}
