package verify

import (
	"context"
	"math/bits"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// allTrue reports whether all answers of kind factor for numbers are true. It tests the
// primes of several answers together, which is faster than one by one. If it returns
// false, Answer finds the wrong answer and the reason.
func allTrue(ctx context.Context, numbers []nat.Nat, answers []task.Factorization) bool {
	b := primeBatch{table: table()}
	for i, n := range numbers {
		a := &answers[i]
		if a.Certificates == nil && productInWords(n, a.Factors) {
			for j := range a.Factors {
				p, _ := a.Factors[j].P.Word()
				b.add(p)
			}
		} else if Answer(ctx, task.KindFactor, n, a) != nil {
			return false
		}
	}
	return b.finish()
}

// trueInWords reports whether factors are a true answer for n, provided that n and all
// factors are below 2^64 and Prime, the usual case. Otherwise it returns false, and
// factorAnswer decides.
func trueInWords(n nat.Nat, factors []task.Factor) bool {
	if !productInWords(n, factors) {
		return false
	}
	for i := range factors {
		if p, _ := factors[i].P.Word(); !provedPrime(p) {
			return false
		}
	}
	return true
}

// productInWords reports whether factors, if they are prime, are a true answer for n, and n
// and all factors are below 2^64.
//
// It needs no division and no memory: it is called for every number of a job.
func productInWords(n nat.Nat, factors []task.Factor) bool {
	w, ok := n.Word()
	product, last := uint64(1), uint64(1)
	for i := range factors {
		f := &factors[i]
		p, word := f.P.Word()
		ok = ok && word && p > last && f.Exp != 0 && f.Status == task.Prime
		// At most 64 iterations, whatever f.Exp: as p >= 2, product then exceeds 2^64.
		for e := f.Exp; ok && e > 0; e-- {
			var high uint64
			high, product = bits.Mul64(product, p)
			ok = high == 0
		}
		if !ok {
			return false
		}
		last = p
	}
	return ok && product == w && w > 1
}

// A primeBatch tests numbers for primality, several at a time. Its answer is for all of them together: the primes
// of a true result are all prime, and a false one is checked again, one by one. The cost by size:
//
//	below 2^20   a bit of a table
//	below 2^32   one power by allPrime32, one multiplication a bit, four numbers at a time
//	below 2^60   two powers by bothPrime, three multiplications a bit, two numbers at a time
//	below 2^64   the same by provedPrime, one number at a time, with complete reductions
//
// It holds the numbers that
// wait until there are enough of their size: four below strongBound, two below lazyBound.
type primeBatch struct {
	table     *[tableSize / 128]uint64
	composite bool      // one of the tested numbers was composite
	small     [4]uint64 // [:smalls] wait: odd, tableSize <= n < strongBound
	large     [2]uint64 // [:larges] wait: odd, strongBound <= n < lazyBound
	smalls    int
	larges    int
}

// add adds n to the batch, and tests the numbers that are enough now.
func (b *primeBatch) add(n uint64) {
	switch {
	case n < tableSize:
		if n != 2 && (n&1 == 0 || b.table[n>>7]>>(n>>1&63)&1 == 0) {
			b.composite = true
		}
	case n&1 == 0:
		b.composite = true
	case n < strongBound:
		b.small[b.smalls] = n
		if b.smalls++; b.smalls == len(b.small) {
			b.smalls = 0
			b.composite = !allPrime32(&b.small) || b.composite
		}
	case n < lazyBound:
		b.large[b.larges] = n
		if b.larges++; b.larges == len(b.large) {
			b.larges = 0
			b.composite = !bothPrime(&b.large) || b.composite
		}
	default:
		b.composite = !provedPrime(n) || b.composite
	}
}

// finish tests the numbers that still wait, and reports whether all numbers added were
// prime.
func (b *primeBatch) finish() bool {
	for _, n := range b.small[:b.smalls] {
		b.composite = !provedPrime(n) || b.composite
	}
	for _, n := range b.large[:b.larges] {
		b.composite = !provedPrime(n) || b.composite
	}
	return !b.composite
}
