package siqs

import "math/bits"

// A polynomial is Q(x) = (X^2 - kN)/A with X = Dx+B, D = A or 2A, see factorBase.shift. With C =
// (B^2-kN)/A it is Q(x) = (D/A)x(Dx+2B) + C.
//
// A is the product of the s primes q[j] of the factor base, B the sum of
// +-terms[j], where terms[j]^2 = kN mod q[j] and terms[j] = 0 modulo the other primes:
// all 2^s choices of signs make B^2 = kN mod A. The last sign stays, since -B gives
// the same values as B; the others are the bits of the Gray code of number, 1 for
// minus, so that the next polynomial differs in one term.
//
// For D = 2A all X must be odd, hence B, whose parity the signs do not change: if the sum of the terms is
// even, the last one is replaced by A less it, A being odd.
//
// Bounds: terms[j] = (A/q[j])*gamma[j] with gamma[j] < q[j]/2, but gamma[s-1] < q[s-1]. So |B| <
// (s+1)*A/2, and for D = sqrt(2kN)/M, (s+1)^2 < M, C < 0.
type polynomial struct {
	factors []int // indices of the primes of A in the factor base
	q       [maxFactors]uint32
	gamma   [maxFactors]uint32
	terms   [maxFactors]wide
	a, b, c wide // b and c signed
	number  uint32
	shift   uint // of A in D
}

// last returns the number of the last polynomial with this A.
func (p *polynomial) last() uint32 { return 1<<(len(p.factors)-1) - 1 }

// set makes the polynomial number 0 for the primes that p.factors lists.
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
// terms[j].
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

// setC sets c = (b^2-kN)/a, exactly.
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

// next makes the next polynomial with the same A. It returns which term has
// changed its sign, and whether to minus. Requires number < last().
//
// With B' = B +- 2T, T = terms[j]: C' = C +- 4T(B+-T)/A = C +- 4 gamma (B+-T)/q.
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

// change returns which term has another sign in polynomial number n > 0 than in the one before,
// and whether it is minus.
func change(n uint32) (j int, minus bool) {
	j = bits.TrailingZeros32(n)
	return j, (n^n>>1)>>j&1 == 1
}

// seek makes the polynomial with that number, without c. Requires number <=
// last().
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

// value returns Q(x), signed: |Q(x)| < 2^255.
func (p *polynomial) value(x int32) (v wide) {
	x <<= p.shift
	v.mulInt(&p.a, x)
	v.add(&v, &p.b)
	v.add(&v, &p.b)
	v.mulInt(&v, x)
	v.add(&v, &p.c)
	return v
}

// linear returns |Dx+B|.
func (p *polynomial) linear(x int32) (v wide) {
	v.mulInt(&p.a, x<<p.shift)
	v.add(&v, &p.b)
	if v.negative() {
		v.negate()
	}
	return v
}
