package siqs

import "math/bits"

// A polynomial is Q(x) = (X^2 - kN)/A with X = Dx+B, D = A or 2A, see factorBase.shift.
// With C = (B^2-kN)/A it is
//
//	Q(x) = (D/A)x(Dx+2B) + C.
//
// A is the product of the s primes q[j]. B is the sum of +-terms[j], where
//
//	terms[j] = (A/q[j])*gamma[j],  gamma[j] = +-r(q[j])*(A/q[j])^-1 mod q[j].
//
// So terms[j]^2 = kN mod q[j], and terms[j] = 0 modulo the other primes: all 2^s
// choices of signs make B^2 = kN mod A. The last sign stays, since -B gives the same
// values as B. The others are the bits of the Gray code number^(number>>1), 1 for
// minus, so that the next polynomial differs in one term.
//
// For D = 2A all X must be odd, hence B. The signs do not change the parity of B. If
// the sum of the terms is even, the last term T is replaced by A-T, which is also a
// root: A is odd, so that the parity changes.
//
// Bounds: gamma[j] < q[j]/2, but gamma[s-1] < q[s-1]. So
//
//	|B| < (s-1)*A/2 + A = (s+1)*A/2.
//
// For A = t*sqrt(2kN)/M this gives B^2 < kN, hence C < 0, if (s+1)^2*t^2 < 2M^2: true
// for t < 1.3, s <= 16 and M >= 16. All words of a, b, c and values are two's
// complement modulo 2^256: sums may wrap on the way, but |Q(x)|, |C| < 2^215 and |X| <
// 2^190 do not.
type polynomial struct {
	factors []int // indices of the primes of A in the factor base
	q       [maxFactors]uint32
	gamma   [maxFactors]uint32
	terms   [maxFactors]wide
	a, b, c wide   // a > 0, b and c signed
	number  uint32 // 0 .. 2^(s-1)-1
	shift   uint   // log2(D/A)
}

// last returns the number of the last polynomial with this A.
func (p *polynomial) last() uint32 { return 1<<(len(p.factors)-1) - 1 }

// set makes polynomial number 0, with all signs plus, for the primes that p.factors
// lists.
func (p *polynomial) set(f *factorBase) {
	p.number = 0
	p.shift = f.shift()
	p.a, p.b = wide{1}, wide{}
	for j, i := range p.factors {
		p.q[j] = f.prime[i]
		p.a.mulWord(&p.a, uint64(p.q[j]))
	}
	for j, i := range p.factors {
		p.setTerm(j, uint64(f.root[i]), f.recip[i])
		p.b.add(&p.b, &p.terms[j])
	}
	if p.shift == 1 && p.b[0]%2 == 0 {
		p.complementLast()
	}
	p.setC(&f.kn)
}

// complementLast replaces the last term T by A-T, and b by the sum of the new terms.
func (p *polynomial) complementLast() {
	j := len(p.factors) - 1
	t := &p.terms[j]
	p.gamma[j] = p.q[j] - p.gamma[j]
	p.b.sub(&p.b, t)
	t.sub(&p.a, t)
	p.b.add(&p.b, t)
}

// setTerm sets gamma[j] = +-root/(A/q[j]) mod q[j], the smaller of the two, and
// terms[j]. The smaller one keeps |B| small. root and recip are those of q[j] in the
// factor base.
func (p *polynomial) setTerm(j int, root, recip uint64) {
	q := uint64(p.q[j])
	rest, cofactor := uint64(1), wide{1}
	for i := range p.factors {
		if i != j {
			rest = reduce(rest*uint64(p.q[i]), q, recip)
			cofactor.mulWord(&cofactor, uint64(p.q[i]))
		}
	}
	g := reduce(root*uint64(inverse(uint32(rest), uint32(q))), q, recip)
	g = min(g, q-g)
	p.gamma[j] = uint32(g)
	p.terms[j].mulWord(&cofactor, g)
}

// setC sets c = (b^2-kN)/a: it divides kN-b^2 > 0 by one prime of A after the other,
// all without remainder.
func (p *polynomial) setC(kn *huge) {
	abs := p.b
	if abs.negative() {
		abs.negate()
	}
	var square, d huge
	square.square(&abs)
	d.sub(kn, &square)
	for j := range p.factors {
		d.quoWord(uint64(p.q[j]))
	}
	copy(p.c[:], d[:wideWords])
	p.c.negate()
}

// next makes the next polynomial with the same A. It returns which term has changed its
// sign, and whether to minus. Requires number < last().
//
// With B' = B +- 2T, T = terms[j] = (A/q)*gamma:
//
//	C' - C = (B'^2 - B^2)/A = +-4T(B+-T)/A = +-4*gamma*(B+-T)/q.
//
// The division is exact: in B+-T term j cancels, and q divides all others.
func (p *polynomial) next() (j int, minus bool) {
	p.number++
	j, minus = change(p.number)
	t := &p.terms[j]
	if minus {
		p.b.sub(&p.b, t)
	} else {
		p.b.add(&p.b, t)
	}
	d := p.b
	negative := d.negative()
	if negative {
		d.negate()
	}
	d, _ = d.quoWord(uint64(p.q[j]))
	d.mulWord(&d, 4*uint64(p.gamma[j]))
	if negative != minus {
		p.c.sub(&p.c, &d)
	} else {
		p.c.add(&p.c, &d)
	}
	if minus {
		p.b.sub(&p.b, t)
	} else {
		p.b.add(&p.b, t)
	}
	return j, minus
}

// change returns which term j has another sign in polynomial number n > 0 than in
// number n-1, and whether it is minus in n. j is the number of trailing zeros of n, and
// the sign is bit j of the Gray code of n.
func change(n uint32) (j int, minus bool) {
	j = bits.TrailingZeros32(n)
	return j, (n^n>>1)>>j&1 == 1
}

// seek makes the polynomial with that number for the same A, but leaves c undefined:
// linear does not need it. Requires number <= last().
func (p *polynomial) seek(number uint32) {
	p.number = number
	code := number ^ number>>1
	p.b = wide{}
	for j := range p.factors {
		if code>>j&1 == 1 {
			p.b.sub(&p.b, &p.terms[j])
		} else {
			p.b.add(&p.b, &p.terms[j])
		}
	}
}

// value returns Q(x) = x'(Ax' + 2B) + C with x' = (D/A)x. Requires |x| <= 2^19.
// Products are below 2^215 in absolute value.
func (p *polynomial) value(x int32) (v wide) {
	x <<= p.shift
	v.mulInt(&p.a, x)
	v.add(&v, &p.b)
	v.add(&v, &p.b)
	v.mulInt(&v, x)
	v.add(&v, &p.c)
	return v
}

// linear returns |X| = |Dx+B|.
func (p *polynomial) linear(x int32) (v wide) {
	v.mulInt(&p.a, x<<p.shift)
	v.add(&v, &p.b)
	if v.negative() {
		v.negate()
	}
	return v
}
