package ecm

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestWordCurve compares the arithmetic of words with that of field after each
// step: curve, stage 1, babies.
func TestWordCurve(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		n := randomPrime(rnd, 3+rnd.IntN(62))
		if n < 1000 {
			continue
		}
		plan := newPlan(105, 2000)
		sigma := MinSigma + uint64(rnd.Uint32())
		c := newWordCurve(n)
		s := NewSearch(new(big.Int).SetUint64(n), always)
		q, d := c.suyama(sigma)
		if s.f.suyama(s.q, sigma) != nil {
			if d != n {
				t.Errorf("n=%d, sigma=%d: no curve, gcd %d", n, sigma, d)
			}
			continue
		}
		same := func(what string, w wordPoint, p point) {
			t.Helper()
			if w.x != p.x[0] || w.z != p.z[0] {
				t.Errorf("n=%d, sigma=%d: %s differs", n, sigma, what)
			}
		}
		if d != 1 || c.a24 != s.f.a24[0] {
			t.Errorf("n=%d, sigma=%d: the curve differs", n, sigma)
		}
		same("start", q, s.q)
		q = c.stage1(q, plan)
		s.stage1(plan, false)
		same("stage 1", q, s.q)
		var chain [maxBabies]wordPoint
		c.makeBabies(chain[:], q)
		s.stage2Mem.resize(&s.f, plan)
		s.stage2Mem.makeBabies(s)
		for i := range chain {
			same("baby", chain[i], s.stage2Mem.chain[i])
		}
	}
}

// TestFindWord has the curves of TestFind that fit a WordPlan.
func TestFindWord(t *testing.T) {
	for _, test := range findTests {
		if test.b1 >= 1155 || test.b1 < minB1 || test.b2 > 1e5 {
			continue
		}
		p := big10(test.p).Uint64()
		const rough = 16776607 // a prime for which the orders have factors above 10^5
		d := FindWord(p*rough, NewWordPlan(test.b1, test.b2), test.sigma)
		if (d != 0) != test.found || d != 0 && d != p {
			t.Errorf("%s, B1=%d, B2=%d: %d: %s", test.p, test.b1, test.b2, d, test.why)
		}
	}
}

func FuzzFindWord(f *testing.F) {
	plans := []*WordPlan{NewWordPlan(15, 15), NewWordPlan(27, 400), NewWordPlan(104, 105), NewWordPlan(105, 3000), NewWordPlan(1154, 9000)}
	f.Add(uint64(25), uint64(0), uint8(0))
	f.Add(uint64(1<<32-5)*(1<<32-5), uint64(1), uint8(3))
	f.Add(uint64(1<<64-59), uint64(2), uint8(4))
	f.Fuzz(func(t *testing.T, n, sigma uint64, plan uint8) {
		if n |= 1; n < 5 || n%3 == 0 {
			return
		}
		d := FindWord(n, plans[int(plan)%len(plans)], MinSigma+sigma>>2)
		if d != 0 && (d == 1 || d >= n || n%d != 0) {
			t.Errorf("FindWord(%d), sigma=%d: %d", n, sigma, d)
		}
	})
}

func FuzzInvert(f *testing.F) {
	f.Add(uint64(0), uint64(3))
	f.Add(^uint64(0)-1, ^uint64(0))
	f.Add(uint64(1), ^uint64(0))
	f.Add(uint64(1<<63), ^uint64(0))
	f.Fuzz(func(t *testing.T, a, n uint64) {
		if n |= 1; n == 1 {
			return
		}
		a %= n
		ba, bn := new(big.Int).SetUint64(a), new(big.Int).SetUint64(n)
		inv, d := invert(a, n)
		if want := new(big.Int).GCD(nil, nil, ba, bn); d != want.Uint64() {
			t.Errorf("gcd(%d, %d) = %d", a, n, d)
		}
		if want := new(big.Int).ModInverse(ba, bn); want != nil && inv != want.Uint64() {
			t.Errorf("1/%d mod %d = %d, want %v", a, n, inv, want)
		}
	})
}

func BenchmarkFindWord(b *testing.B) {
	plan := NewWordPlan(230, 8000)
	b.ReportAllocs()
	sigma := uint64(MinSigma)
	for b.Loop() {
		FindWord(1<<64-59, plan, sigma)
		sigma++
	}
}
