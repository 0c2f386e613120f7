package factor

import (
	"math/bits"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// divideAtOnce is the number of numbers that are divided before their bitsets, 128
// bytes each, are read. The bitsets then are in the first cache.
const divideAtOnce = 64

// begin divides ns by 2 and by the primes of divisors. The cofactors become untested
// parts, or found if they are prime for being below b.below.
func (b *batch) begin(ns []nat.Nat) {
	// answers grows to the longest list and keeps its memory.
	for len(b.answers) < len(ns) {
		b.answers = append(b.answers, answer{})
	}
	b.untested, b.composite = b.untested[:0], b.composite[:0]
	b.wides = b.wides[:0]
	for i, n := range ns {
		a := &b.answers[i]
		*a = answer{found: a.found[:0]}
		w := number(n)
		if w == (ecm.Number{}) {
			w[0] = 1 // like 1, 0 has no factors
		}
		if twos := trailingZeros(w); twos > 0 {
			a.found = append(a.found, power{ecm.Number{2}, uint32(twos)})
			w = shiftRight(w, twos)
		}
		b.wides = append(b.wides, w)
	}
	if b.trial == nil {
		b.divideOneByOne()
	} else {
		b.divide()
	}
	for i, w := range b.wides {
		switch {
		case w[1] == 0 && w[0] <= 1:
		case w[1] == 0 && w[0] < b.below:
			b.answers[i].found = append(b.answers[i].found, power{w, 1})
		default:
			b.untested = append(b.untested, part{w, int32(i)})
		}
	}
}

// divide divides b.wides by the primes of trial division, in lanes. The primes move to
// the answers.
func (b *batch) divide() {
	// The kernel for words takes their low words; wide says that some number has two.
	b.words = b.words[:0]
	wide := false
	for _, w := range b.wides {
		wide = wide || w[1] > 0
		b.words = append(b.words, w[0])
	}
	for at := 0; at < len(b.wides); at += divideAtOnce {
		end := min(at+divideAtOnce, len(b.wides))
		if wide {
			b.trial.DivideWide(b.divs, b.wides[at:end])
		} else {
			b.trial.Divide(b.divs, b.words[at:end])
		}
		b.takeAll(at, end)
	}
}

// takeAll divides the numbers at to end-1 by the primes whose bits are set in
// b.divs.
func (b *batch) takeAll(at, end int) {
	words := b.trial.Words()
	// Bit j of word k stands for the prime 64k+j.
	for i := at; i < end; i++ {
		for k, set := range b.divs[(i-at)*words:][:words] {
			for ; set != 0; set &= set - 1 {
				b.take(i, &b.divisors[64*k+bits.TrailingZeros64(set)])
			}
		}
	}
}

// divideOneByOne works like divide without lanes. For a number of one word it stops at
// the square root.
func (b *batch) divideOneByOne() {
	for i := range b.wides {
		w, k := &b.wides[i], 0
		// Two words: each prime in turn, until the cofactor is a word.
		for ; w[1] > 0 && k < len(b.divisors); k++ {
			if _, ok := quotient(*w, &b.divisors[k]); ok {
				b.take(i, &b.divisors[k])
			}
		}
		for k = nextDivisor(b.divisors, k, w[0]); k < len(b.divisors); k = nextDivisor(b.divisors, k+1, w[0]) {
			b.take(i, &b.divisors[k])
		}
	}
}

// take divides number i by the prime of d as often as possible, and adds the power to
// its answer.
func (b *batch) take(i int, d *prime.Divisor) {
	w, exp := b.wides[i], uint32(0)
	for {
		q, ok := quotient(w, d)
		if !ok {
			break
		}
		w = q
		exp++
	}
	b.wides[i] = w
	b.answers[i].found = append(b.answers[i].found, power{ecm.Number{d.P}, exp})
}
