package prime

import (
	"math/bits"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/mont"
)

// A Batch tests many numbers at once, in the lanes that the level of kernels has (mont.PowerKinds). The
// answers are those of IsPrime and IsProbablePrime. Its memory is reused from call to call. It is not for
// concurrent use.
type Batch struct {
	vectors bool // trial divides in vectors
	trial   *mont.Trial
	divs    []uint64
	found   []candidate // what is left to test
	sorted  []candidate
	kinds   []mont.PowerKind // of the pipes
	pipes   []*pipe          // each made when it is first needed
}

// A candidate is an odd number n[0] + n[1]*2^64 >= minCandidate and its index.
type candidate struct {
	n [2]uint64
	i int
}

const (
	// minCandidate is more than residues, and above 2 + P for all P that such a number
	// has.
	minCandidate = 1 << 16
	// batchBlock is how many numbers are sorted by length together.
	batchBlock = 1024
)

// trialPrimes is the number of odd primes, 3 to 313, by which the numbers are divided first.
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

// IsPrime sets out[i] to whether ns[i] is prime, with proof. Requires len(out) >= len(ns).
func (b *Batch) IsPrime(ns []uint64, out []bool) {
	for ; len(ns) > batchBlock; ns, out = ns[batchBlock:], out[batchBlock:] {
		b.isPrime(ns[:batchBlock], out, true)
	}
	b.isPrime(ns, out, true)
}

// IsPrimeRough is IsPrime for numbers without prime factors below 41, which it does not
// look for.
func (b *Batch) IsPrimeRough(ns []uint64, out []bool) {
	for ; len(ns) > batchBlock; ns, out = ns[batchBlock:], out[batchBlock:] {
		b.isPrime(ns[:batchBlock], out, false)
	}
	b.isPrime(ns, out, false)
}

// isPrime is IsPrime for at most batchBlock numbers; divide says whether to divide first.
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

// IsProbablePrime sets out[i] to whether ns[i][0] + ns[i][1]*2^64 passes the Baillie-PSW test,
// which below 2^64 is a proof. Requires len(out) >= len(ns).
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
// They go through the pipes in order of their lengths, as a call of a kernel takes as
// long as its longest lane.
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

func (c *candidate) length() int {
	if c.n[1] != 0 {
		return 64 + bits.Len64(c.n[1])
	}
	return bits.Len64(c.n[0])
}

// pipe returns pipe i.
func (b *Batch) pipe(i int) *pipe {
	if b.pipes[i] == nil {
		b.pipes[i] = newPipe(b.kinds[i])
	}
	return b.pipes[i]
}

// flush sets out for all candidates that pipe i, if there is one, has taken.
func (b *Batch) flush(i int, out []bool) {
	if i < len(b.pipes) && b.pipes[i] != nil {
		b.pipes[i].flush(out)
	}
}

// A pipe makes the strong test when its lanes are full of candidates, and the Lucas test
// when those of this test are full of numbers that have passed the first.
type pipe struct {
	strong, lucas lanes
	few           int // so many words are tested one by one, rather than in lanes that are mostly empty
}

// lanes are the numbers in the lanes of one test.
type lanes struct {
	p     mont.Powers
	count int
	mods  []mont.PowerModulus
	index []int
}

func newPipe(kind mont.PowerKind) *pipe {
	return &pipe{newLanes(kind), newLanes(kind), kind.Few}
}

func newLanes(kind mont.PowerKind) lanes {
	p := kind.New()
	return lanes{p, 0, make([]mont.PowerModulus, p.Width()), make([]int, p.Width())}
}

// add takes a candidate; sooner or later out is set for it.
func (q *pipe) add(c *candidate, out []bool) {
	l := &q.strong
	m := &l.mods[l.count]
	l.p.Prepare(m, c.n)
	l.p.SetStrong(l.count, m)
	l.index[l.count] = c.i
	if l.count++; l.count == len(l.index) {
		q.testStrong(out)
	}
}

// flush sets out for all candidates taken.
func (q *pipe) flush(out []bool) {
	if !q.strong.alone(q.few, out) {
		q.testStrong(out)
	}
	if !q.lucas.alone(q.few, out) {
		q.testLucas(out)
	}
}

// alone tests the numbers one by one if there are few and they are words.
func (l *lanes) alone(few int, out []bool) bool {
	if l.count > few {
		return false
	}
	for i := range l.count {
		if l.mods[i].N[1] != 0 {
			return false
		}
	}
	for i := range l.count {
		out[l.index[i]] = baillie(l.mods[i].N[0])
	}
	l.count = 0
	return true
}

func (q *pipe) testStrong(out []bool) {
	l := &q.strong
	if l.count == 0 {
		return
	}
	mask := l.p.Strong(l.count)
	for i := range l.count {
		out[l.index[i]] = false
	}
	l.count = 0
	for ; mask != 0; mask &= mask - 1 {
		i := bits.TrailingZeros32(mask)
		q.addLucas(&l.mods[i], l.index[i], out)
	}
}

// addLucas takes a number that has passed the strong test.
func (q *pipe) addLucas(m *mont.PowerModulus, index int, out []bool) {
	var param uint64
	if m.N[1] == 0 {
		param = lucasP(m.N[0])
	} else {
		param = lucasPWide(m.N)
	}
	if param == 0 {
		return
	}
	l := &q.lucas
	l.p.SetLucas(l.count, m, param)
	l.mods[l.count], l.index[l.count] = *m, index
	if l.count++; l.count == len(l.index) {
		q.testLucas(out)
	}
}

func (q *pipe) testLucas(out []bool) {
	l := &q.lucas
	if l.count == 0 {
		return
	}
	mask := l.p.Lucas(l.count)
	for i := range l.count {
		out[l.index[i]] = mask>>i&1 == 1
	}
	l.count = 0
}
