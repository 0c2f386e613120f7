package siqs

import "math/bits"

// A product of many factors modulo n. Each multiplication by w words divides by W^w, W =
// 2^64, see modulus.mulWords: the steps are those of a product in Montgomery form, but
// short factors take few of them, and none is converted before. montgomery makes up for
// all divisions at once.
//
// Invariant: rest * W^words is the product of the factors so far, in Montgomery form.
// Those in word are not among them.
type product struct {
	m     *modulus
	rest  huge
	words uint64
	word  uint64 // product of the last factors, so that one step does for three primes
}

// reset makes p the empty product, 1.
func (p *product) reset(m *modulus) { *p = product{m: m, rest: m.one, word: 1} }

// mul multiplies by f > 0.
func (p *product) mul(f uint32) {
	hi, lo := bits.Mul64(p.word, uint64(f))
	if hi != 0 {
		p.flush()
		lo = uint64(f)
	}
	p.word = lo
}

// flush multiplies by word.
func (p *product) flush() {
	p.mulWords([]uint64{p.word})
	p.word = 1
}

// mulWide multiplies by f >= 0.
func (p *product) mulWide(f *wide) {
	words := wideWords
	for words > 1 && f[words-1] == 0 {
		words--
	}
	p.mulWords(f[:words])
}

// mulWords multiplies by the number with these words.
func (p *product) mulWords(f []uint64) {
	p.m.mulWords(&p.rest, &p.rest, f)
	p.words += uint64(len(f))
}

// montgomery returns the product in Montgomery form.
func (p *product) montgomery() (z huge) {
	p.flush()
	w := p.m.one // becomes W in Montgomery form
	for range 64 {
		p.m.double(&w)
	}
	z = p.rest
	for e := p.words; e > 0; e >>= 1 {
		if e&1 == 1 {
			p.m.mul(&z, &z, &w)
		}
		p.m.mul(&w, &w, &w)
	}
	return z
}

// powers returns the product of base[i]^exponent(i) in Montgomery form, for i from first
// on. It takes one bit of all exponents at a time, the highest first:
//
//	z = z^2 * product of the base[i] whose exponent has the bit.
//
// The exponents of small primes are in the ten thousands, so that to multiply each prime
// so many times would take several times as long as all else of a dependency.
func (m *modulus) powers(base []uint32, first int, exponent func(i int) uint32) huge {
	all := uint32(0)
	for i := first; i < len(base); i++ {
		all |= exponent(i)
	}
	z := m.one
	var p product
	for bit := bits.Len32(all) - 1; bit >= 0; bit-- {
		p.reset(m)
		for i := first; i < len(base); i++ {
			if exponent(i)>>bit&1 == 1 {
				p.mul(base[i])
			}
		}
		m.mul(&z, &z, &z)
		factor := p.montgomery()
		m.mul(&z, &z, &factor)
	}
	return z
}
