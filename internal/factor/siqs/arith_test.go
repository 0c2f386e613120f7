package siqs

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// TestSqrtMod compares with all squares for small primes, and squares random roots for large ones.
func TestSqrtMod(t *testing.T) {
	for _, p := range prime.Small()[1:200] {
		p, recip := uint64(p), reciprocal(p)
		square := make([]bool, p)
		for r := range p {
			square[r*r%p] = true
		}
		for a := range p {
			r, ok := sqrtMod(a, p, recip)
			if ok != square[a] || ok && (r >= p || r*r%p != a) {
				t.Errorf("sqrtMod(%d, %d) = %d, %v", a, p, r, ok)
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	// 2^k+1 parts of p-1: the last three have 16, 20 and 23 factors 2.
	for _, p := range []uint64{65521, 65537, 1000003, 7340033, 998244353} {
		recip := reciprocal(uint32(p))
		for range 100 {
			a := rnd.Uint64N(p)
			a = a * a % p
			if r, ok := sqrtMod(a, p, recip); !ok || r*r%p != a {
				t.Errorf("sqrtMod(%d, %d) = %d, %v", a, p, r, ok)
			}
		}
	}
}

func TestInverse(t *testing.T) {
	for _, p := range []uint32{2, 3, 5, 101, 65537, 1<<31 - 1} {
		for a := uint32(1); a < min(p, 2000); a++ {
			for _, a := range []uint32{a, p - a} {
				if inv := inverse(a, p); inv >= p || uint64(a)*uint64(inv)%uint64(p) != 1 {
					t.Fatalf("inverse(%d, %d) = %d", a, p, inv)
				}
			}
		}
	}
}

func FuzzReduce(f *testing.F) {
	f.Add(^uint64(0), uint32(3))
	f.Add(uint64(1<<63), ^uint32(0))
	f.Fuzz(func(t *testing.T, x uint64, p uint32) {
		p = max(p, 2)
		for _, x := range []uint64{x, x / uint64(p) * uint64(p), x/uint64(p)*uint64(p) - 1} {
			if got := reduce(x, uint64(p), reciprocal(p)); got != x%uint64(p) {
				t.Errorf("reduce(%d, %d) = %d", x, p, got)
			}
		}
	})
}

// TestPolynomial checks of all polynomials of a coefficient, with math/big, that A
// divides (Ax+B)^2-kN, the values, and that next and seek agree.
func TestPolynomial(t *testing.T) {
	for _, bits := range []int{60, 128, 220, 350} {
		var s Sieve
		if err := s.Reset(always, mustParams(t, semiprime(rand.New(rand.NewPCG(8, uint64(bits))), bits))); err != nil {
			t.Fatal(err)
		}
		kn := new(big.Int).Mul(s.params.N, big.NewInt(int64(s.params.Multiplier)))
		ok := false
		for i := uint64(0); !ok; i++ {
			s.poly.factors, ok = s.pools.factors(nil, i, &s.base)
		}
		s.poly.set(&s.base)
		for range 1 << (len(s.poly.factors) - 1) {
			at := s.poly
			at.seek(s.poly.number)
			if at.b != s.poly.b {
				t.Fatalf("%d bits: polynomial %d has B = %v, by seek %v", bits, s.poly.number, s.poly.b, at.b)
			}
			for _, x := range []int32{0, 1, -1, s.half - 1, -s.half} {
				checkValue(t, &s.poly, x, kn)
			}
			if s.poly.number < s.poly.last() {
				s.poly.next()
			}
		}
	}
}

// checkValue checks A*Q(x) = (Dx+B)^2 - kN, and that 8 divides it where X is to be odd.
func checkValue(t *testing.T, p *polynomial, x int32, kn *big.Int) {
	t.Helper()
	v := p.value(x)
	negative := v.negative()
	if negative {
		v.negate()
	}
	left := v.big(new(big.Int))
	left.Mul(left, p.a.big(new(big.Int)))
	if negative {
		left.Neg(left)
	}
	linear := p.linear(x)
	right := linear.big(new(big.Int))
	right.Mul(right, right).Sub(right, kn)
	if left.Cmp(right) != 0 {
		t.Fatalf("polynomial %d: A*Q(%d) = %v, want %v", p.number, x, left, right)
	}
	if p.shift == 1 && (v[0]%8 != 0 || linear[0]%2 != 1) {
		t.Fatalf("polynomial %d: Q(%d) = %v with X = %v, want a multiple of 8 and an odd X", p.number, x, v, linear)
	}
}

// TestRoots checks of some polynomials that each prime divides the values at its roots, and
// that for small primes there are no other such positions.
func TestRoots(t *testing.T) {
	for _, bits := range []int{60, 128, 200} {
		var s Sieve
		if err := s.Reset(always, mustParams(t, semiprime(rand.New(rand.NewPCG(8, uint64(bits))), bits))); err != nil {
			t.Fatal(err)
		}
		ok := false
		for i := uint64(0); !ok; i++ {
			s.poly.factors, ok = s.pools.factors(s.poly.factors[:0], i, &s.base)
		}
		s.startCoefficient()
		for number := range uint32(20) {
			for i := 2; i < len(s.base.prime); i++ {
				checkRoots(t, &s, i)
			}
			if number == s.poly.last() {
				break
			}
			s.nextPoly()
		}
	}
}

func checkRoots(t *testing.T, s *Sieve, i int) {
	t.Helper()
	p := s.base.prime[i]
	if s.poly.isFactor(i) {
		if s.root1[i] < noRoot/2 || s.root2[i] < noRoot/2 {
			t.Fatalf("polynomial %d: factor %d has the roots %d, %d", s.poly.number, p, s.root1[i], s.root2[i])
		}
		return
	}
	divides := func(position uint32) bool {
		v := s.poly.value(int32(position) - s.half)
		if v.negative() {
			v.negate()
		}
		_, r := v.quoWord(uint64(p))
		return r == 0
	}
	if s.root1[i] >= p || s.root2[i] >= p || !divides(s.root1[i]) || !divides(s.root2[i]) {
		t.Fatalf("polynomial %d: prime %d does not divide at its roots %d, %d", s.poly.number, p, s.root1[i], s.root2[i])
	}
	for x := range min(p, 50) {
		if divides(x) != (x == s.root1[i] || x == s.root2[i]) {
			t.Fatalf("polynomial %d: prime %d, roots %d and %d, position %d", s.poly.number, p, s.root1[i], s.root2[i], x)
		}
	}
}

func (p *polynomial) isFactor(i int) bool {
	for _, at := range p.factors {
		if at == i {
			return true
		}
	}
	return false
}

// TestSieveBlock compares the sieve of successive polynomials, by blocks and with buckets, with
// adding up the logarithms position by position.
func TestSieveBlock(t *testing.T) {
	for _, bits := range []int{70, 200, 225} {
		var s Sieve
		if err := s.Reset(always, mustParams(t, semiprime(rand.New(rand.NewPCG(8, uint64(bits))), bits))); err != nil {
			t.Fatal(err)
		}
		ok := false
		for i := uint64(0); !ok; i++ {
			ok = s.setFactors(i)
		}
		s.startCoefficient()
		for s.poly.number < min(2*polysPerFill, s.poly.last()) {
			s.checkBlocks(t, s.logarithms())
			s.nextPoly()
		}
	}
}

// logarithms returns for each position of the polynomial the sum of the logarithms of the primes
// that divide its value, less those of the coefficient and those that are not sieved with.
func (s *Sieve) logarithms() []uint8 {
	sums := make([]uint8, s.params.Interval)
	b := s.poly.b.big(new(big.Int))
	if s.poly.b.negative() {
		abs := s.poly.b
		abs.negate()
		b.Neg(abs.big(b))
	}
	a, p, root, x := s.poly.a.big(new(big.Int)), new(big.Int), new(big.Int), new(big.Int)
	a.Lsh(a, s.poly.shift) // D
	for i := int(s.params.Small); i < len(s.base.prime); i++ {
		if s.poly.isFactor(i) {
			continue
		}
		p.SetUint64(uint64(s.base.prime[i]))
		inv := new(big.Int).ModInverse(a, p)
		root.SetUint64(uint64(s.base.root[i]))
		for range 2 {
			x.Sub(root.Neg(root), b) // (+-root - B)/D
			x.Add(x.Mul(x, inv), big.NewInt(int64(s.half)))
			for at := x.Mod(x, p).Uint64(); at < uint64(s.params.Interval); at += p.Uint64() {
				sums[at] += s.base.logp[i]
			}
		}
	}
	return sums
}

// checkBlocks expects the sums in the blocks of the polynomial.
func (s *Sieve) checkBlocks(t *testing.T, sums []uint8) {
	t.Helper()
	s.startWork()
	for start := uint32(0); start < s.params.Interval; start += blockSize {
		block := s.sieveBlockAt(start)
		for i, sum := range block {
			if want := sums[start+uint32(i)]; sum-s.blank[0] != want {
				t.Fatalf("%v, polynomial %d: position %d has %d, want %d", s.params.N, s.poly.number, start+uint32(i), sum-s.blank[0], want)
			}
		}
	}
}

// TestCofactorBatch splits products of two primes, with primes among them, at each level.
func TestCofactorBatch(t *testing.T) { kernelstest.Each(t, testCofactorBatch) }

func testCofactorBatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 1))
	var w cofactorBatch
	var want [][2]uint64
	for i := range 600 {
		p, q := randomPrime(rnd, 17+rnd.IntN(10)).Uint64(), randomPrime(rnd, 17+rnd.IntN(10)).Uint64()
		want = append(want, [2]uint64{min(p, q), max(p, q)})
		w.add(&Relation{X: int32(i), Primes: []uint32{uint32(i), 2}}, p*q)
		w.add(&Relation{X: -1}, p)
	}
	if err := w.split(always); err != nil {
		t.Fatal(err)
	}
	if len(w.rels) != len(want) || len(w.primes) != 2*len(want) {
		t.Fatalf("%d relations with %d primes, want %d and twice as many", len(w.rels), len(w.primes), len(want))
	}
	for i, d := range w.divisors {
		if got := [2]uint64{min(d, w.products[i][0]/max(d, 1)), max(d, w.products[i][0]/max(d, 1))}; got != want[i] {
			t.Errorf("%v: divisor %d", want[i], d)
		}
		if at := w.ends[i]; w.rels[i].X != int32(i) || w.primes[at-2] != uint32(i) {
			t.Errorf("relation %d is %+v, primes %d", i, w.rels[i], w.primes[at-2:at])
		}
	}
}

// big sets z = x and returns z. Requires x >= 0.
func (x *wide) big(z *big.Int) *big.Int {
	var h huge
	copy(h[:], x[:])
	return z.Set(h.big())
}

// FuzzModulus compares with math/big, for moduli of all sizes.
func FuzzModulus(f *testing.F) {
	f.Add([]byte{3}, []byte{1}, []byte{2})
	ones := make([]byte, 48)
	for i := range ones {
		ones[i] = 0xff
	}
	for _, size := range []int{8, 9, 16, 17, 24, 40, 48} {
		f.Add(ones[:size], ones[:size], ones[1:size])
		f.Add(append([]byte{0x80}, make([]byte, size-1)...), ones[:size], []byte{1})
	}
	f.Fuzz(func(t *testing.T, nb, xb, yb []byte) {
		if len(nb) > 48 || len(xb) > 48 || len(yb) > 48 {
			return
		}
		n, x, y := new(big.Int).SetBytes(nb), new(big.Int).SetBytes(xb), new(big.Int).SetBytes(yb)
		if n.SetBit(n, 0, 1); n.Cmp(one) == 0 {
			return
		}
		x.Mod(x, n)
		y.Mod(y, n)
		var hn, hx, hy, z huge
		hn.setBig(n)
		hx.setBig(x)
		hy.setBig(y)
		var m modulus
		m.set(&hn)
		want := new(big.Int).Mul(x, y)
		want.Mod(want, n)
		m.mul(&z, &hx, &hy)
		m.mul(&z, &z, &m.r2)
		if z.big().Cmp(want) != 0 {
			t.Errorf("%v*%v mod %v = %v, want %v", x, y, n, z.big(), want)
		}
		m.sub(&z, &hx, &hy)
		want.Mod(want.Sub(x, y), n)
		if z.big().Cmp(want) != 0 {
			t.Errorf("%v-%v mod %v = %v, want %v", x, y, n, z.big(), want)
		}
		d := gcdOdd(hx, hn)
		if want.GCD(nil, nil, x, n); d.big().Cmp(want) != 0 {
			t.Errorf("gcd(%v, %v) = %v, want %v", x, n, d.big(), want)
		}
	})
}

// FuzzQuoExact compares exact division with division, of multiples and of their neighbours.
func FuzzQuoExact(f *testing.F) {
	ones := ^uint64(0)
	f.Add(uint64(0), uint64(0), uint64(0), uint64(1), uint32(3))
	f.Add(ones, ones, ones, ones>>1, uint32(3))
	f.Add(ones, uint64(0), ones, uint64(0), ^uint32(0))
	f.Add(uint64(1), uint64(0), uint64(0), uint64(0), uint32(8191))
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, p uint32) {
		p |= 1
		x := wide{a, b, c, d &^ (1 << 63)}
		multiple, _ := x.quoWord(uint64(p))
		multiple.mulWord(&multiple, uint64(p))
		for words := 1; words <= wideWords; words++ {
			for _, v := range []wide{x, multiple} {
				clear(v[words:])
				for range 3 {
					want, rest := v.quoWord(uint64(p))
					got, ok := v.quoExact(words, uint64(p), mont.Inverse(uint64(p)))
					if ok != (rest == 0) || ok && got != want {
						t.Fatalf("%x / %d in %d words = %x, %v, want %x, rest %d", v, p, words, got, ok, want, rest)
					}
					v[0]++
					if v[0] == 0 {
						break
					}
				}
			}
		}
	})
}
