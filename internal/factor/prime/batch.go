package prime

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A Batch tests many numbers at once, in the lanes that the level of kernels has
// (mont.PowerKinds). The answers are those of IsPrime and IsProbablePrime, whatever the
// other numbers are. Its memory is reused from call to call. It is not for concurrent
// use.
//
// Each block of up to batchBlock numbers goes through these steps:
//
//	even and small numbers, trial division  ->  candidates
//	candidates sorted by length             ->  pipe of the shortest kind that holds them
//	pipe: strong test to base 2 in lanes    ->  those that pass
//	      extra strong Lucas test in lanes  ->  out
type Batch struct {
	vectors bool // trial divides in vectors; else divides does it one by one for words
	trial   *mont.Trial
	divs    []uint64         // for each number, what trial has found: 0 if no prime divides it
	found   []candidate      // numbers that are left to test
	sorted  []candidate      // the same by length
	kinds   []mont.PowerKind // kinds of lanes, by ascending length
	pipes   []*pipe          // one for each kind, made when it is first needed
}

// A candidate is an odd number n[0] + n[1]*2^64 >= minCandidate and its index.
type candidate struct {
	n [2]uint64
	i int
}

const (
	// minCandidate is the least number that goes into lanes. It is more than residues,
	// and more than P+2 for each P that lucasP returns for such a number.
	minCandidate = 1 << 16
	// batchBlock is the number of numbers that are sorted by length together.
	batchBlock = 1024
)

// trialPrimes is the number of odd primes, 3 to 313, by which the numbers are divided
// first. At level plain words are divided by wordPrimes of them only, as IsPrime does.
const trialPrimes = 64

// NewBatch returns a Batch for the active level of kernels.
func NewBatch() *Batch {
	kinds := mont.PowerKinds()
	return &Batch{
		vectors: kernels.Active() >= kernels.AVX2,
		trial:   mont.NewTrial(small[1 : 1+trialPrimes]),
		divs:    make([]uint64, batchBlock),
		found:   make([]candidate, 0, batchBlock),
		sorted:  make([]candidate, batchBlock),
		kinds:   kinds,
		pipes:   make([]*pipe, len(kinds)),
	}
}

// IsPrime sets out[i] to whether ns[i] is prime, with proof. Requires len(out) >=
// len(ns).
func (b *Batch) IsPrime(ns []uint64, out []bool) {
	for ; len(ns) > batchBlock; ns, out = ns[batchBlock:], out[batchBlock:] {
		b.isPrime(ns[:batchBlock], out, true)
	}
	b.isPrime(ns, out, true)
}

// IsPrimeRough is IsPrime for numbers without prime factors below 41, without the
// divisions.
func (b *Batch) IsPrimeRough(ns []uint64, out []bool) {
	for ; len(ns) > batchBlock; ns, out = ns[batchBlock:], out[batchBlock:] {
		b.isPrime(ns[:batchBlock], out, false)
	}
	b.isPrime(ns, out, false)
}

// isPrime is IsPrime for at most batchBlock numbers; divide says whether to divide
// first.
func (b *Batch) isPrime(ns []uint64, out []bool, divide bool) {
	if divide && b.vectors {
		b.trial.Divide(b.divs, ns)
	}
	for i, n := range ns {
		switch {
		case n < minCandidate:
			out[i] = IsPrime(n)
		case n&1 == 0 || divide && b.divides(i, n):
			out[i] = false
		default:
			b.found = append(b.found, candidate{[2]uint64{n, 0}, i})
		}
	}
	b.test(out)
}

// divides reports whether a small prime divides number i, n >= minCandidate.
func (b *Batch) divides(i int, n uint64) bool {
	if b.vectors {
		return b.divs[i] != 0
	}
	for j := range table[:wordPrimes] {
		if n*table[j].inv <= table[j].max {
			return true
		}
	}
	return false
}

// IsProbablePrime sets out[i] to whether ns[i][0] + ns[i][1]*2^64 passes the
// Baillie-PSW test, which below 2^64 is a proof. Requires len(out) >= len(ns).
func (b *Batch) IsProbablePrime(ns [][2]uint64, out []bool) {
	for ; len(ns) > batchBlock; ns, out = ns[batchBlock:], out[batchBlock:] {
		b.isProbablePrime(ns[:batchBlock], out)
	}
	b.isProbablePrime(ns, out)
}

// isProbablePrime is IsProbablePrime for at most batchBlock numbers.
func (b *Batch) isProbablePrime(ns [][2]uint64, out []bool) {
	b.trial.DivideWide(b.divs, ns)
	for i, n := range ns {
		switch {
		case n[1] == 0 && n[0] < minCandidate:
			out[i] = IsPrime(n[0])
		case n[0]&1 == 0 || b.divs[i] != 0:
			out[i] = false
		default:
			b.found = append(b.found, candidate{n, i})
		}
	}
	b.test(out)
}

// test sets out for the candidates found, and removes them.
//
// It sorts them by length (a counting sort) and gives them to the pipes in this order,
// since a call of a kernel takes as long as its longest lane.
func (b *Batch) test(out []bool) {
	var start [130]int // of each length in sorted
	for i := range b.found {
		start[b.found[i].length()+1]++
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	for i := range b.found {
		l := b.found[i].length()
		b.sorted[start[l]] = b.found[i]
		start[l]++
	}
	at := 0
	for i := range b.sorted[:len(b.found)] {
		c := &b.sorted[i]
		if size := c.length(); size > b.kinds[at].Bits {
			b.flush(at, out)
			for size > b.kinds[at].Bits {
				at++
			}
		}
		b.pipe(at).add(c, out)
	}
	b.flush(at, out)
	b.found = b.found[:0]
}

// length returns the bits of the number, 17 to 128.
func (c *candidate) length() int {
	if c.n[1] != 0 {
		return 64 + bits.Len64(c.n[1])
	}
	return bits.Len64(c.n[0])
}

// pipe returns pipe i, and makes it if it is new.
func (b *Batch) pipe(i int) *pipe {
	if b.pipes[i] == nil {
		b.pipes[i] = newPipe(b.kinds[i])
	}
	return b.pipes[i]
}

// flush sets out for all candidates that are in pipe i, if there is such a pipe.
func (b *Batch) flush(i int, out []bool) {
	if i < len(b.pipes) && b.pipes[i] != nil {
		b.pipes[i].flush(out)
	}
}
