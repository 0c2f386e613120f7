package siqs

import "math/bits"

// A remainder is what is left of |Q(x)| while it is divided by primes of the base.
type remainder struct {
	v      wide
	words  int       // v is v[:words], at least one; v < 2^215 has at most four
	primes *[]uint32 // indices of the primes divided out so far
}

// trim sets words to the length of v.
func (r *remainder) trim() {
	for r.words = wideWords; r.words > 1 && r.v[r.words-1] == 0; r.words-- {
	}
}

// divide divides by the odd prime[i] as often as possible, appends i to primes each
// time, and returns the exponent.
//
// A word v is a multiple of p exactly if v/p modulo 2^64 is at most (2^64-1)/p:
// multiplication by 1/p permutes the words, and it takes the multiples p*q to the words
// q <= (2^64-1)/p.
func (r *remainder) divide(f *factorBase, i int) (times int) {
	p, recip := uint64(f.prime[i]), f.recip[i]
	inverse := uint64(f.inverse[i])
	inverse *= 2 - p*inverse // from 2^32 to 2^64: a Newton step doubles the bits that are right
	for ; r.words > 1; times++ {
		q, ok := r.v.quoExact(r.words, p, inverse)
		if !ok {
			return times
		}
		r.v = q
		for r.words > 1 && q[r.words-1] == 0 {
			r.words--
		}
		*r.primes = append(*r.primes, uint32(i))
	}
	for ; ; times++ {
		q := r.v[0] * inverse
		if q > recip {
			return times
		}
		r.v[0] = q
		*r.primes = append(*r.primes, uint32(i))
	}
}

// candidate divides the value at the position by the factor base, and emits a relation
// if the cofactor is 1 or a large prime. If the cofactor may be the product of two
// large primes, the relation waits in cofactors. sum is the sum of the logarithms of
// the sieved primes. It returns false if emit did.
//
// The order saves work: the sign and the power of 2; the primes below Small, which were
// not sieved; then a comparison with Smooth, which most candidates do not reach; then
// all other primes. The logarithm so far is
//
//	log = sum + exponent of 2 + sum of exponent*log2(p) for p below Small.
//
// A p that does not divide A divides Q(x) exactly if the position is one of its roots
// (match), so that only true divisors are divided out. The primes of A have one root,
// which is not computed: all of them are tried. As X^2-kN = A*Q(x), each is in
// rel.Primes once more.
func (s *Sieve) candidate(position uint32, sum uint8) bool {
	s.Stats.Candidates++
	x := int32(position) - s.half
	rel := &s.rel
	rel.Primes = rel.Primes[:0]
	r := remainder{v: s.poly.value(x), primes: &rel.Primes}
	if r.v.negative() {
		r.v.negate()
		rel.Primes = append(rel.Primes, 0)
	}
	size := r.v.bitLen()
	for r.v[0] == 0 { // no value is 0: kN is no square
		r.v = wide{r.v[1], r.v[2], r.v[3], 0}
		rel.Primes = append(rel.Primes, twos64[:]...)
	}
	twos := bits.TrailingZeros64(r.v[0])
	r.v.shiftRight(uint(twos))
	r.trim()
	rel.Primes = append(rel.Primes, twos64[:twos]...)
	small := int(s.params.Small)
	log := int(sum) + twos + s.divideAt(&r, position, 2, small)
	if log < int(s.params.Smooth) || s.isUselessCofactor(size-log) {
		return true
	}
	s.Stats.Divided++
	for _, i := range s.poly.factors {
		rel.Primes = append(rel.Primes, uint32(i)) // of A
		r.divide(&s.base, i)
	}
	s.divideAt(&r, position, small, s.buckets.first)
	s.buckets.divide(&r, &s.base, s.poly.number, position)
	if r.words > 1 {
		return true
	}
	return s.finish(x, r.v[0])
}

// finish emits the relation of x if the cofactor rest is 1 or a large prime, and adds
// it to cofactors if rest may be the product of two large primes. It returns false if
// emit did.
//
// With P the largest prime of the base, all prime factors of rest are above P. So rest
// < L < P^2 is 1 or a prime; L <= rest < P^2 is a prime that is too large; P^2 < rest <
// Double is a prime or a product of two primes, as Double < P^3.
func (s *Sieve) finish(x int32, rest uint64) bool {
	rel, least := &s.rel, uint64(s.base.largest())
	double := rest >= uint64(s.params.Large)
	if double && (rest >= s.params.Double || rest <= least*least) {
		return true
	}
	rel.Poly, rel.X = s.poly.number, x
	rel.value = s.poly.linear(x)
	if double {
		s.cofactors.add(rel, rest)
		return true
	}
	rel.Large = [2]uint32{1, uint32(rest)}
	if rest == 1 {
		s.Stats.Full++
	} else {
		s.Stats.Partial++
	}
	return s.emit(rel)
}

// isUselessCofactor reports whether a cofactor of about so many bits is not worth the
// division: it is most likely a prime between L and P^2, or above Double.
func (s *Sieve) isUselessCofactor(left int) bool {
	return s.params.Double > 0 && (left > s.uselessSizes[0] && left < s.uselessSizes[1] || left > s.uselessSizes[2])
}

// setUselessSizes sets the sizes in bits for isUselessCofactor:
//
//	uselessSizes[0] < size < uselessSizes[1]   between L and P^2
//	uselessSizes[2] < size                     above Double
//
// Each bound has a margin of one bit, the standard deviation of the logarithms of a
// dozen primes. At 232 bits this spares more than a quarter of the divisions and loses
// one relation in forty.
func (s *Sieve) setUselessSizes() {
	s.uselessSizes[0] = bits.Len32(s.params.Large) + 1
	s.uselessSizes[1] = 2*bits.Len32(s.base.largest()) - 1
	s.uselessSizes[2] = bits.Len64(s.params.Double) + 1
}

// twos64 are the indices of the prime 2, 64 times.
var twos64 = func() (t [64]uint32) {
	for i := range t {
		t[i] = 1
	}
	return t
}()

// divideAt divides r by those primes from index low to high-1 that have the position as
// a root. It returns the sum of their logarithms, each as often as its exponent.
func (s *Sieve) divideAt(r *remainder, position uint32, low, high int) (log int) {
	if low == high {
		return 0
	}
	f := &s.base
	for _, i := range s.match(position, low, high) {
		log += r.divide(f, int(i)) * int(f.logp[i])
	}
	return log
}

// match returns the indices i, low <= i < high, for which the position is root1[i] or
// root2[i] modulo prime[i]. The result is valid until the next call. Requires 1 < low <
// high.
//
// Kernels test root = position mod p without a division: p divides position-root
// exactly if (position-root)/p modulo 2^32 is at most maxQuotient.
func (s *Sieve) match(position uint32, low, high int) []uint32 {
	f := &s.base
	if hasKernels() {
		n := matchLanes(&f.prime[low], &s.root1[low], &s.root2[low], &f.inverse[low], &f.maxQuotient[low], high-low, int(position), low, &s.matched[0])
		return s.matched[:n]
	}
	return match(s.matched[:0], f.prime[:high], f.recip, s.root1, s.root2, position, low)
}

// match works like Sieve.match for the indices from low to len(prime)-1, without
// kernels, and appends to dst.
func match(dst, prime []uint32, recip []uint64, root1, root2 []uint32, position uint32, low int) []uint32 {
	x := uint64(position)
	recip, root1, root2 = recip[:len(prime)], root1[:len(prime)], root2[:len(prime)]
	for i := low; i < len(prime); i++ {
		at := uint32(reduce(x, uint64(prime[i]), recip[i]))
		if at == root1[i] || at == root2[i] {
			dst = append(dst, uint32(i))
		}
	}
	return dst
}
