package mont

import "math/bits"

// A Trial divides many numbers by the same odd primes at once and leaves for each
// number a bitset of the primes that divide it. It is immutable.
//
// In lanes eight primes are in a vector. A number is cut into pieces of 32 bits,
// n = n0 + n1*2^32 + n2*2^64 + n3*2^96, and
//
//	t = n0 + n1*c1 + n2*c2 + n3*c3 = n mod p,  ci = 2^(32i) mod p,
//
// is below 2^32 + 3*2^32*2^16 < 2^50. Then p divides n exactly if t*inv mod 2^52,
// inv = p^-1 mod 2^52, is at most floor((2^52-1)/p): multiplication by inv permutes
// the numbers below 2^52 and takes the multiples p*q to q. If n < 2^52, t = n will do.
type Trial struct {
	primes []trialPrime // textbook
	groups []trialGroup // lanes
	words  int
	lanes  bool // there are kernels
}

// A trialPrime is p with p^-1 mod 2^64 and floor((2^64-1)/p).
type trialPrime struct{ p, inv, max uint64 }

// A trialGroup is eight primes for the lanes. The kernels know this layout.
type trialGroup struct{ inv, max, c1, c2, c3 [8]uint64 }

// maxTrialPrime bounds the primes of a Trial, for t.
const maxTrialPrime = 1 << 16

// NewTrial returns a Trial of odd primes below 2^16.
func NewTrial(primes []uint32) *Trial {
	t := &Trial{words: (len(primes) + 63) / 64, lanes: Fast()}
	t.groups = make([]trialGroup, 8*t.words)
	for i := range t.groups {
		// Without a prime: t = n0 + n1 + n2 + n3 > 0 = max.
		for j := range 8 {
			t.groups[i].set(j, 1, 0, 1, 1, 1)
		}
	}
	for i, p32 := range primes {
		p := uint64(p32)
		if p&1 == 0 || p >= maxTrialPrime {
			panic("mont: internal error: trial division by an even or too large number")
		}
		inv := Inverse(p)
		c1 := uint64(1<<32) % p
		t.primes = append(t.primes, trialPrime{p, inv, ^uint64(0) / p})
		t.groups[i/8].set(i%8, inv&(1<<52-1), (1<<52-1)/p, c1, c1*c1%p, c1*c1%p*c1%p)
	}
	return t
}

func (g *trialGroup) set(i int, inv, max, c1, c2, c3 uint64) {
	g.inv[i], g.max[i], g.c1[i], g.c2[i], g.c3[i] = inv, max, c1, c2, c3
}

// Words returns the number of words of the bitset of one number.
func (t *Trial) Words() int { return t.words }

// Divide sets bit j of the bitset divs[i*Words():][:Words()], bit j%64 of its word j/64, if
// prime j divides ns[i], and clears all others. Requires ns[i] > 0 and
// len(divs) >= len(ns)*Words().
func (t *Trial) Divide(divs, ns []uint64) {
	divs = divs[:len(ns)*t.words]
	for t.inLanes(len(ns), 8) {
		count := min(len(ns)/8*8, t.perCall())
		trialWords(&divs[0], &ns[0], count, &t.groups[0], len(t.groups))
		divs, ns = divs[count*t.words:], ns[count:]
	}
	for i, n := range ns {
		t.divide(divs[i*t.words:][:t.words], n, 0)
	}
}

// DivideWide is Divide for the numbers ns[i][0] + ns[i][1]*2^64 > 0.
func (t *Trial) DivideWide(divs []uint64, ns [][2]uint64) {
	divs = divs[:len(ns)*t.words]
	for t.inLanes(len(ns), 4) {
		count := min(len(ns)/4*4, t.perCall())
		trialWide(&divs[0], &ns[0], count, &t.groups[0], len(t.groups))
		divs, ns = divs[count*t.words:], ns[count:]
	}
	for i, n := range ns {
		t.divide(divs[i*t.words:][:t.words], n[0], n[1])
	}
}

// inLanes reports whether count numbers go to the kernel that takes atOnce.
func (t *Trial) inLanes(count, atOnce int) bool {
	return t.lanes && count >= atOnce && t.words > 0
}

// perCall returns how many numbers, a multiple of 8, a kernel may take in one
// call, which cannot be interrupted: 2^16 vectors of a nanosecond each.
func (t *Trial) perCall() int { return max(1<<16/len(t.groups)/8*8, 8) }

// divide is the textbook: it sets divs for the number lo + hi*2^64. A word is
// divisible if its product with inv is at most max, as above.
func (t *Trial) divide(divs []uint64, lo, hi uint64) {
	if hi != 0 {
		t.divideWide(divs, lo, hi)
		return
	}
	clear(divs)
	for j := range t.primes {
		if p := &t.primes[j]; lo*p.inv <= p.max {
			divs[j/64] |= 1 << (j % 64)
		}
	}
}

// divideWide is divide for two words.
//
// With q = lo*inv mod 2^64 the product q*p has the low word lo, so that
// n = (hi - h)*2^64 + q*p, h its high word, which is below p. As 2^64 is no multiple of
// p, p divides n exactly if it divides hi - h or h - hi.
func (t *Trial) divideWide(divs []uint64, lo, hi uint64) {
	clear(divs)
	for j := range t.primes {
		p := &t.primes[j]
		h, _ := bits.Mul64(lo*p.inv, p.p)
		d := hi - h
		if hi < h {
			d = h - hi
		}
		if d*p.inv <= p.max {
			divs[j/64] |= 1 << (j % 64)
		}
	}
}
