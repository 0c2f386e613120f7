package siqs

import "math/bits"

// A remainder is what is left of a value while it is divided.
type remainder struct {
	v      wide
	word   bool // v is v[0]
	primes *[]uint32
}

// divide divides by prime[i] as often as possible, notes it, and returns how often.
func (r *remainder) divide(f *factorBase, i int) (times int) {
	p, recip := uint64(f.prime[i]), f.recip[i]
	for ; !r.word; times++ {
		q, rest := r.v.quoWord(p)
		if rest != 0 {
			return times
		}
		r.v, r.word = q, q.isWord()
		*r.primes = append(*r.primes, uint32(i))
	}
	for ; ; times++ {
		q, _ := bits.Mul64(r.v[0], recip) // the quotient or one less, as in reduce
		switch r.v[0] - q*p {
		case 0:
		case p:
			q++
		default:
			return times
		}
		r.v[0] = q
		*r.primes = append(*r.primes, uint32(i))
	}
}

// candidate divides the value at the position by the factor base. sum is what
// the sieve has of its logarithm. If all that is left are large primes it emits a
// relation. It returns false if emit did.
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
	for r.v[0] == 0 { // no value is 0: kN is no square
		r.v = wide{r.v[1], r.v[2], r.v[3], 0}
		rel.Primes = append(rel.Primes, twos64[:]...)
	}
	twos := bits.TrailingZeros64(r.v[0])
	r.v.shiftRight(uint(twos))
	r.word = r.v.isWord()
	rel.Primes = append(rel.Primes, twos64[:twos]...)
	small := int(s.params.Small)
	log := int(sum) + twos + s.divideAt(&r, position, 2, small)
	if log < int(s.params.Smooth) {
		return true
	}
	s.Stats.Divided++
	for _, i := range s.poly.factors {
		rel.Primes = append(rel.Primes, uint32(i)) // of A
		r.divide(&s.base, i)
	}
	s.divideAt(&r, position, small, s.buckets.first)
	s.buckets.divide(&r, &s.base, position)
	if !r.word || !s.large(r.v[0]) {
		return true
	}
	rel.Poly, rel.X = s.poly.number, x
	rel.value = s.poly.linear(x)
	return s.emit(rel)
}

// twos64 are the indices of the prime 2, 64 times.
var twos64 = func() (t [64]uint32) {
	for i := range t {
		t[i] = 1
	}
	return t
}()

// divideAt divides by those primes from index low to high-1 that have the position
// as a root, and returns the sum of their logarithms.
func (s *Sieve) divideAt(r *remainder, position uint32, low, high int) (log int) {
	f := &s.base
	prime := f.prime[low:high]
	recip, root1, root2 := f.recip[low:][:len(prime)], s.root1[low:][:len(prime)], s.root2[low:][:len(prime)]
	x := uint64(position)
	for i, p := range prime {
		at := uint32(reduce(x, uint64(p), recip[i]))
		if at == root1[i] || at == root2[i] {
			log += r.divide(f, low+i) * int(f.logp[low+i])
		}
	}
	return log
}

// large sets the large primes of the relation to the factors of rest, and reports
// whether they are within the bounds.
func (s *Sieve) large(rest uint64) bool {
	bound, least := uint64(s.params.Large), uint64(s.base.largest())
	switch {
	case rest == 1:
		s.Stats.Full++
		s.rel.Large = [2]uint32{1, 1}
	case rest < bound:
		s.Stats.Partial++
		s.rel.Large = [2]uint32{1, uint32(rest)}
	case rest < s.params.Double && rest > least*least:
		p, q := splitCofactor(rest)
		if p <= least || q >= bound {
			return false
		}
		s.Stats.Double++
		s.rel.Large = [2]uint32{uint32(p), uint32(q)}
	default:
		return false
	}
	return true
}
