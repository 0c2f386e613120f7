package factor

import (
	"context"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// A batch is the work on many numbers below 2^128 together. Each step is done with all
// numbers before the next step, so that all lanes of the machine are in use:
//
//	numbers --begin: trial division--> found, untested
//	untested --classify: Baillie-PSW--> found, composite
//	composite --splitAll: root, rho, curves, sieve--> two untested parts
//
// The last two steps repeat until nothing is untested. Invariant, before and after each
// step, for each number i that the batch has not given up:
//
//	number i = product of answers[i].found * product of its parts in untested and composite
//
// A number that withstands all methods of a batch is factored by Append afterwards. The
// memory of a batch serves one list after the other. The goroutine of Engine.Batch owns
// all fields.
type batch struct {
	divisors []prime.Divisor
	trial    *mont.Trial // divides by divisors in lanes; nil at the plain level
	below    uint64      // square of the last prime of divisors: a smaller cofactor is prime
	divs     []uint64    // results of trial: bitsets over divisors
	primes   *prime.Batch

	answers   []answer // of the numbers, by their place in the list
	untested  []part   // odd, without the primes of trial division; not yet classified
	composite []part

	words []uint64 // arguments and results of a step: scratch
	wides []ecm.Number
	yes   []bool
}

// A part is what is left of the number at a place.
type part struct {
	n  ecm.Number
	at int32
}

// The most numbers of a batch: enough to fill the lanes for each size, and few enough
// to stay in the second cache and to end soon.
const (
	batchMost = 2048
	wideMost  = 128 // of 65 to 128 bits
)

// batchTrial is the number of odd primes, 3 to 8167, that numbers are divided by in
// lanes, at 57 ns a word. At level avx2 random numbers of 63 bits took 2150 ns with 384
// primes, 2080 with 512, 2010 with 768 and 1990 with 1024, the most that mont.Trial
// takes. Numbers of 40 bits took 430 ns with each.
const batchTrial = 1024

// plainLeast is the least size in bits of numbers that are computed together at the
// plain level. Trial division finishes nearly all smaller ones, which is quicker one by
// one.
const plainLeast = 32

// leastBudget is the least budget for which numbers above 2^64 may be computed
// together: the budget is not checked in a batch.
const leastBudget = 10 * time.Second

// canBatch reports whether Batch computes numbers of this size together, rather than
// one by one.
func (e *Engine) canBatch(bits int) bool {
	return bits >= e.minTogether && bits <= e.maxTogether && (bits <= 64 || e.o.Budget == 0 || e.o.Budget >= leastBudget)
}

// BatchLen returns how many of ns, from the first one, Batch would compute together: at
// least 1 if ns is not empty.
func (e *Engine) BatchLen(ns []nat.Nat) int {
	if len(ns) == 0 {
		return 0
	}
	most, size := batchMost, ns[0].BitLen()
	if !e.canBatch(size) {
		return 1
	}
	if size > 64 {
		most = wideMost
	}
	for i, n := range ns[:min(len(ns), most)] {
		if b := n.BitLen(); !e.canBatch(b) || b > 64 != (size > 64) {
			return i
		}
	}
	return min(len(ns), most)
}

// Batch factors all numbers and calls got once for each, in order, with the factors and
// the method of Append. got may not keep the factors: their memory is reused.
//
// The factors do not depend on the other numbers in ns. The method may name other
// parameters than Append does. The error is the cause of the end of ctx; the numbers
// for which got was not called are then not factored.
func (e *Engine) Batch(ctx context.Context, ns []nat.Nat, got func(factors []Factor, method string)) error {
	for len(ns) > 0 {
		count := e.BatchLen(ns)
		if count == 1 || !e.canBatch(ns[0].BitLen()) {
			fs, method, err := e.Append(ctx, e.factors[:0], ns[0])
			if err != nil {
				return err
			}
			e.factors = fs
			got(fs, method)
			ns = ns[1:]
			continue
		}
		if err := e.factorTogether(ctx, ns[:count], got); err != nil {
			return err
		}
		ns = ns[count:]
	}
	return nil
}

// factorTogether factors ns, for all of which canBatch holds, and calls got for each.
func (e *Engine) factorTogether(ctx context.Context, ns []nat.Nat, got func([]Factor, string)) error {
	e.stop.ctx = ctx
	e.stop.start(0)
	if err := e.checkContext(); err != nil {
		return err
	}
	if e.batch == nil {
		e.batch = newBatch()
	}
	b := e.batch
	b.begin(ns)
	for len(b.untested) > 0 {
		b.classify()
		if err := e.checkContext(); err != nil {
			return err
		}
		if err := e.splitAll(b); err != nil {
			return err
		}
	}
	for i, n := range ns {
		a := &b.answers[i]
		if a.byAppend {
			fs, method, err := e.Append(ctx, e.factors[:0], n)
			if err != nil {
				return err
			}
			e.factors = fs
			got(fs, method)
			continue
		}
		e.factors = a.appendFactors(e.factors[:0])
		got(e.factors, a.name())
	}
	return nil
}

// newBatch returns a batch for the level of kernels in force.
func newBatch() *batch {
	b := &batch{primes: prime.NewBatch(), divisors: prime.Divisors()[:batchTrial]}
	if kernels.Active() == kernels.Plain {
		b.divisors = b.divisors[:trialCount]
	} else {
		b.trial = mont.NewTrial(prime.Small()[1 : batchTrial+1])
		b.divs = make([]uint64, divideAtOnce*b.trial.Words())
	}
	last := b.divisors[len(b.divisors)-1].P
	b.below = last * last
	return b
}
