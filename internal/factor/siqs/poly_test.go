package siqs

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

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

// checkValue checks A*Q(x) = (Dx+B)^2 - kN, and that 8 divides it if X must be odd.
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
