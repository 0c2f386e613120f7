package factor

import (
	"context"
	"math/big"
	"math/bits"
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

// An answer is what is known of the number at its place in the list.
type answer struct {
	found  []power
	method string // the first that split it, which was the hardest
	alone  bool   // not done here: the lanes gave it up
}

// A power is p^exp, p prime.
type power struct {
	p   ecm.Number
	exp uint32
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
	return bits >= e.least && bits <= e.lanes && (bits <= 64 || e.o.Budget == 0 || e.o.Budget >= leastBudget)
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
		if err := e.together(ctx, ns[:count], got); err != nil {
			return err
		}
		ns = ns[count:]
	}
	return nil
}

// together does numbers for which canBatch holds.
func (e *Engine) together(ctx context.Context, ns []nat.Nat, got func([]Factor, string)) error {
	e.pulse.ctx = ctx
	e.pulse.start(0)
	if err := e.alive(); err != nil {
		return err
	}
	if e.batch == nil {
		e.batch = newBatch()
	}
	b := e.batch
	b.begin(ns)
	for len(b.untested) > 0 {
		b.classify()
		if err := e.alive(); err != nil {
			return err
		}
		if err := e.splitAll(b); err != nil {
			return err
		}
	}
	for i, n := range ns {
		a := &b.answers[i]
		if a.alone {
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

// begin divides ns by small primes.
func (b *batch) begin(ns []nat.Nat) {
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
			w[0] = 1 // 0 has no factors either
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

// divideAtOnce is how many numbers are divided before their bitsets, 128 bytes each, are read: they are
// in the first cache then.
const divideAtOnce = 64

// divide takes the primes of trial division out of b.wides.
func (b *batch) divide() {
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

// takeAll takes the primes in b.divs out of the numbers from at to end-1.
func (b *batch) takeAll(at, end int) {
	words := b.trial.Words()
	for i := at; i < end; i++ {
		for k, set := range b.divs[(i-at)*words:][:words] {
			for ; set != 0; set &= set - 1 {
				b.take(i, &b.divisors[64*k+bits.TrailingZeros64(set)])
			}
		}
	}
}

// divideOneByOne is divide without a Trial. For a word it ends at the square root.
func (b *batch) divideOneByOne() {
	for i := range b.wides {
		w, k := &b.wides[i], 0
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

// take moves the prime of d, which divides number i, to its found.
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

// name returns the method as Append returns it.
func (a *answer) name() string {
	switch {
	case a.method != "":
		return a.method
	case len(a.found) == 0:
		return ""
	case len(a.found) == 1 && a.found[0].exp == 1:
		return "prime"
	}
	return "trial"
}

// appendFactors appends the primes found, ascending.
func (a *answer) appendFactors(dst []Factor) []Factor {
	sortPowers(a.found)
	for i, f := range a.found {
		if i > 0 && f.p == a.found[i-1].p {
			dst[len(dst)-1].Exp += f.exp
			continue
		}
		if f.p[1] == 0 {
			dst = append(dst, Factor{nat.New(f.p[0]), f.exp, Prime})
		} else {
			dst = append(dst, Factor{nat.FromBig(bigNumber(f.p)), f.exp, PRP})
		}
	}
	return dst
}

// sortPowers sorts a few powers by their primes.
func sortPowers(list []power) {
	for i := 1; i < len(list); i++ {
		f := list[i]
		j := i
		for ; j > 0 && less(f.p, list[j-1].p); j-- {
			list[j] = list[j-1]
		}
		list[j] = f
	}
}

func less(x, y ecm.Number) bool { return x[1] < y[1] || x[1] == y[1] && x[0] < y[0] }

// number returns n < 2^128 as words.
func number(n nat.Nat) ecm.Number {
	if w, ok := n.Word(); ok {
		return ecm.Number{w}
	}
	words := prime.Words(n.Big())
	return ecm.Number{words[0], words[1]}
}

// bigNumber is the inverse of number.
func bigNumber(n ecm.Number) *big.Int {
	hi := new(big.Int).SetUint64(n[1])
	return hi.Or(hi.Lsh(hi, 64), new(big.Int).SetUint64(n[0]))
}

func trailingZeros(n ecm.Number) int {
	if n[0] == 0 {
		return 64 + bits.TrailingZeros64(n[1])
	}
	return bits.TrailingZeros64(n[0])
}

// shiftRight returns n/2^s, s < 128.
func shiftRight(n ecm.Number, s int) ecm.Number {
	if s >= 64 {
		return ecm.Number{n[1] >> (s - 64)}
	}
	return ecm.Number{n[0]>>s | n[1]<<(64-s), n[1] >> s}
}
