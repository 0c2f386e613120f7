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

// A batch is the work on many numbers below 2^128 together: each step is done with
// all of them before the next, so that the lanes of the machine are full. It is
// memory that is used again and again.
//
// Before and after each step a number is the product of its found primes and of its
// parts, which are in untested and composite.
type batch struct {
	divisors []prime.Divisor
	trial    *mont.Trial // by divisors, nil if they are tried one by one
	below    uint64      // the square of its last prime: what it leaves below that is prime
	divs     []uint64    // bitsets of trial
	primes   *prime.Batch

	answers   []answer
	untested  []part // odd, without the primes of trial division
	composite []part

	words []uint64 // arguments and results of a step
	wides []ecm.Number
	yes   []bool
}

// A part is what is left of the number at a place.
type part struct {
	n  ecm.Number
	at int32
}

// batchMost is how many numbers are worked on together: enough to fill the lanes for
// each size, and few enough to stay in the second cache and to be done soon.
const (
	batchMost = 2048
	wideMost  = 128 // of 65 to 128 bits
)

// batchTrial is the number of odd primes, 3 to 8167, that numbers are divided by. In lanes
// they cost 57 ns a word. At level avx2 random numbers of 63 bits took 2150 ns with 384 primes, 2080
// with 512, 2010 with 768 and 1990 with 1024, the most that mont.Trial takes; of 40 bits 430 with all.
const batchTrial = 1024

// plainLeast is the size from which on numbers are done together at the plain level, where smaller
// ones, which trial division nearly always finishes, are done sooner one by one.
const plainLeast = 32

// leastBudget is the budget from which on numbers above 2^64 may be done together: nobody
// looks at a smaller one while others are worked on.
const leastBudget = 10 * time.Second

// canBatch reports whether Batch does numbers of this size together. If not it does
// them one by one.
func (e *Engine) canBatch(bits int) bool {
	return bits >= e.minTogether && bits <= e.maxTogether && (bits <= 64 || e.o.Budget == 0 || e.o.Budget >= leastBudget)
}

// BatchLen returns how many of ns, from the first on, Batch would do together, at least 1 if
// there are any.
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

// Batch factors all numbers and calls got for each, in order, with what Append would
// return; got may not keep the factors. The answers do not depend on what else is
// in ns, but Method may name another plan than Append. If it returns an error, the cause of
// the end of ctx, the numbers for which got was not called are not done.
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

// factorTogether does numbers for which canBatch holds.
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
