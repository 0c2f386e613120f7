package mont

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
)

// A Trial divides many numbers by the same odd primes. Its result is a bitset for each
// number: the primes that divide it. It is immutable.
//
// From level avx2 on, a vector holds eight primes: see trialGroup. AVX-512 IFMA with
// eight words of 52 bits would take 1.2 to 1.6 times as long.
type Trial struct {
	primes []trialPrime // for divide
	groups []trialGroup // for the kernels; nil without lanes
	words  int          // of the bitset of a number
}

// A trialPrime is p with p^-1 mod 2^64 and floor((2^64-1)/p).
type trialPrime struct{ p, inv, max uint64 }

// NewTrial returns a Trial of odd primes below 2^13, for the active level of kernels.
func NewTrial(primes []uint32) *Trial {
	t := &Trial{words: (len(primes) + 63) / 64}
	for _, p32 := range primes {
		p := uint64(p32)
		if p&1 == 0 || p >= maxTrialPrime {
			panic("mont: internal error: trial division by an even or too large number")
		}
		t.primes = append(t.primes, trialPrime{p, Inverse(p), ^uint64(0) / p})
	}
	if t.words > 0 && kernels.Active() >= kernels.AVX2 {
		t.groups = makeTrialGroups(primes, 8*t.words)
	}
	return t
}

// Words returns the number of words of the bitset of one number.
func (t *Trial) Words() int { return t.words }

// Numbers that the kernels divide at once.
const (
	trialWordsAtOnce = 4
	trialWideAtOnce  = 2
)

// Divide sets bit j of the bitset divs[i*Words():][:Words()], bit j%64 of its word
// j/64, if prime j divides ns[i], and clears all others. Requires ns[i] > 0 and
// len(divs) >= len(ns)*Words().
func (t *Trial) Divide(divs, ns []uint64) {
	if t.groups == nil || len(ns) < trialWordsAtOnce {
		for i, n := range ns {
			t.divide(divs[i*t.words:][:t.words], n, 0)
		}
		return
	}
	for at := 0; at < len(ns); {
		at = min(at, len(ns)-trialWordsAtOnce) // the last call may divide some numbers a second time
		count := min((len(ns)-at)/trialWordsAtOnce*trialWordsAtOnce, t.perCall())
		to := divs[at*t.words:][:count*t.words]
		trialWords(&to[0], &ns[at], count, &t.groups[0], len(t.groups))
		at += count
	}
}

// DivideWide is Divide for the numbers ns[i][0] + ns[i][1]*2^64 > 0.
func (t *Trial) DivideWide(divs []uint64, ns [][2]uint64) {
	if t.groups == nil || len(ns) < trialWideAtOnce {
		for i, n := range ns {
			t.divide(divs[i*t.words:][:t.words], n[0], n[1])
		}
		return
	}
	for at := 0; at < len(ns); {
		at = min(at, len(ns)-trialWideAtOnce)
		count := min((len(ns)-at)/trialWideAtOnce*trialWideAtOnce, t.perCall())
		to := divs[at*t.words:][:count*t.words]
		trialWide(&to[0], &ns[at], count, &t.groups[0], len(t.groups))
		at += count
	}
}

// perCall returns how many numbers, a multiple of 4, a kernel may take in one call,
// which cannot be interrupted: 2^16 vectors of a nanosecond each.
func (t *Trial) perCall() int { return max(1<<16/len(t.groups)/4*4, 4) }

// divide sets divs for the number lo + hi*2^64, without lanes. p divides a word lo
// exactly if lo*inv mod 2^64 <= max: multiplication by inv permutes the words, and
// takes the multiples q*p to q <= max.
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
// With q = lo*inv mod 2^64 the product q*p has the low word lo, so that n = (hi -
// h)*2^64 + q*p, h its high word, which is below p. As 2^64 is no multiple of p, p
// divides n exactly if it divides hi - h or h - hi.
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
