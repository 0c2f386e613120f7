package ecm

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// A chainModel has multiples of P as numbers and checks the differences.
type chainModel struct {
	t       *testing.T
	k       uint64
	a, b, c uint64
}

// add returns p+q or p-q, and checks that diff is the other one. The sign of a point is
// not known.
func (m *chainModel) add(p, q, diff uint64) uint64 {
	p, q = max(p, q), min(p, q)
	switch diff {
	case p - q:
		return p + q
	case p + q:
		return p - q
	}
	m.t.Errorf("k=%d: %d is neither the difference nor the sum of %d and %d", m.k, diff, p, q)
	return 0
}

func (m *chainModel) start()  { m.a, m.b, m.c = 2, 1, 1 }
func (m *chainModel) swap()   { m.a, m.b = m.b, m.a }
func (m *chainModel) finish() { m.a = m.add(m.a, m.b, m.c) }

func (m *chainModel) rule(i int) {
	a, b, c := m.a, m.b, m.c
	sum := func() uint64 { return m.add(a, b, c) }
	switch i {
	case 1:
		m.a, m.b = m.add(sum(), a, b), m.add(sum(), b, a)
	case 2:
		m.a, m.b = 2*a, sum()
	case 3:
		m.b, m.c = sum(), b
	case 5:
		m.a, m.c = 2*a, m.add(a, c, b)
	case 6:
		m.a, m.b, m.c = m.add(2*a, a, a), m.add(2*a, sum(), c), b
	case 7:
		m.a, m.b = m.add(2*a, a, a), m.add(sum(), a, b)
	case 8:
		m.a, m.b, m.c = m.add(2*a, a, a), sum(), m.add(a, c, b)
	case 9:
		m.b, m.c = 2*b, m.add(c, b, a)
	}
}

// TestChain checks the chains of all odd k for a few r, and that each k has one.
func TestChain(t *testing.T) {
	rules := make(map[int]int)
	for k := uint64(3); k < 3000; k += 2 {
		r := bestChain(k)
		if prime.IsPrime(k) && r == 0 {
			t.Errorf("no chain for %d", k)
		}
		rs := []uint64{r, k/2 + 1, 2 * k / 3, k - 1, k - k/5}
		for i := range min(k/2, 1000-min(k, 1000)) {
			rs = append(rs, k/2+1+i)
		}
		for _, r := range rs {
			count := ruleCount(rules)
			m := &chainModel{t: t, k: k}
			if r < k && 2*r > k && runChain(k, r, m) {
				runChain(k, r, count)
				if m.a != k {
					t.Errorf("the chain of %d for r=%d makes %d", k, r, m.a)
				}
			}
		}
	}
	for i := range ruleCosts {
		if ruleCosts[i] != 0 && rules[i] == 0 {
			t.Errorf("rule %d is not used", i)
		}
	}
}

// A ruleCount counts the rules that were used.
type ruleCount map[int]int

func (ruleCount) start()       {}
func (ruleCount) swap()        {}
func (ruleCount) finish()      {}
func (c ruleCount) rule(i int) { c[i]++ }

// TestProgram compares programs with FindWord, whose arithmetic and order are others: the
// same curves must find the same factor.
func TestProgram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	both := 0
	for _, c := range []struct{ b1, b2, d uint64 }{{27, 400, 30}, {110, 4000, 210}, {230, 8000, 210}} {
		// FindWord has the giant step of NewPlan; the pairs are the same set of primes.
		plan, p := NewWordPlan(c.b1, c.b2), newProgram(c.b1, c.b2, c.d)
		w := newWord()
		for _, n := range semiprimes(40, 300) {
			sigma := MinSigma + uint64(rnd.Uint32())
			w.SetModulus(0, n)
			w.Set(slotSigma, 0, Number{sigma})
			w.Set(slotSigmaDen, 0, Number{1})
			d, want := p.runWord(w, n[0]), FindWord(n[0], plan, sigma)
			if want == 0 && d != 0 {
				both++ // it tells apart factors that are found at once
			} else if d != want && w.Value(p.q+1, 0) != (Number{}) && w.Value(slotResult, 0) != (Number{}) {
				// 0: both factors are found at once, since a chain or the common denominator
				// meets points that coincide modulo the other.
				t.Errorf("n=%d, sigma=%d, B1=%d: %d, FindWord %d", n[0], sigma, c.b1, d, want)
			}
		}
	}
	if both == 0 || both > 200 {
		t.Errorf("%d times factors found at once were separated", both)
	}
}

// TestCommonDenominator checks it with math/big.
func TestCommonDenominator(t *testing.T) {
	const n = 1<<61 - 1
	rnd := rand.New(rand.NewPCG(2, 9))
	for count := 2; count < 20; count++ {
		c := &compiler{slots: firstFree}
		var points []int
		w := mont.NewWordMachine()
		w.SetModulus(0, Number{n})
		x, z := make([]*big.Int, count), make([]*big.Int, count)
		for i := range count {
			p := c.point()
			points = append(points, p)
			a, b := rnd.Uint64N(n), rnd.Uint64N(n)
			w.Set(p, 0, Number{a})
			w.Set(p+1, 0, Number{b})
			x[i], z[i] = new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		}
		c.commonDenominator(points)
		w.Run(c.code)
		// X/Z stays the same up to a common factor: Xi * Zi is the same multiple of xi, so
		// that Xi' * Zi * xj = Xj' * Zj * xi.
		bn := new(big.Int).SetUint64(n)
		product := func(i, j int) *big.Int {
			v := new(big.Int).SetUint64(w.Value(points[i], 0)[0])
			return v.Mod(v.Mul(v.Mul(v, z[i]), x[j]), bn)
		}
		for i := 1; i < count; i++ {
			if product(0, i).Cmp(product(i, 0)) != 0 {
				t.Errorf("%d points: point %d differs", count, i)
			}
			if w.Value(points[i]+1, 0)[0] != z[i].Uint64() {
				t.Errorf("%d points: Z of point %d has changed", count, i)
			}
		}
	}
}

// TestClasses checks what the machines take for granted of programs.
func TestClasses(t *testing.T) {
	for i, c := range classes {
		if testing.Short() && c.bits > 64 {
			break
		}
		if classes[i].curves == 0 {
			continue
		}
		p := programs[i]()
		if p.slots > mont.MaxSlots || c.bits <= 64 && p.slots > mont.MaxWordSlots {
			t.Errorf("%d bits: %d slots", c.bits, p.slots)
		}
	}
	if last := classes[len(classes)-1].bits; last != MaxBits {
		t.Errorf("classes end at %d bits", last)
	}
}
