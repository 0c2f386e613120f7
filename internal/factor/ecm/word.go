package ecm

import (
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// SplitWord works like Split for one number of one word, without lanes. It returns 0
// for a number that it gives up. It runs the same curves in the same order as Split. If
// n has more than two prime factors, it may return another divisor.
func (b *Batch) SplitWord(n, seed uint64, check func() error) (d uint64, method string, err error) {
	if !splittable(Number{n}) {
		return 0, "", nil
	}
	c := classOf(bits.Len64(n))
	if b.word == nil {
		b.word = newWord()
	}
	w := b.word
	w.SetModulus(0, Number{n})
	// The curves are numbered over all rounds, as in classRun.runClass.
	i := 0
	for _, r := range classes[c].rounds {
		p := programs[r.class]()
		if d, err := p.curves(w, n, seed, i, i+r.curves, check); d != 0 || err != nil {
			return d, p.name, err
		}
		i += r.curves
	}
	return 0, "", nil
}

// curves runs the curves begin to end-1 on n, the modulus of w, until one finds a
// proper divisor. It returns that, or 0.
func (p *program) curves(w *mont.WordMachine, n, seed uint64, begin, end int, check func() error) (uint64, error) {
	for i := begin; i < end; i++ {
		if err := check(); err != nil {
			return 0, err
		}
		num, den := sigma(seed, i)
		w.Set(slotSigma, 0, Number{num})
		w.Set(slotSigmaDen, 0, Number{den})
		if d := p.runWord(w, n); d != 0 {
			return d, nil
		}
	}
	return 0, nil
}

// newWord returns a machine for the programs, with one lane of one word.
func newWord() *mont.WordMachine {
	w := mont.NewWordMachine()
	for i, small := range smallNumbers {
		w.Set(slotThree+i, 0, Number{small})
	}
	return w
}

// runWord runs the curve whose parameter w has, and returns a proper divisor of n or 0.
// It computes a gcd after stage 1 already: many curves find their divisor there, and
// stage 2 is saved.
func (p *program) runWord(w *mont.WordMachine, n uint64) uint64 {
	w.Run(p.stages[0])
	d := mont.GCD(w.Value(p.q+1, 0)[0], n)
	if d == 1 {
		w.Run(p.stages[1])
		d = mont.GCD(w.Value(slotResult, 0)[0], n)
		// Stage 2 has found all prime factors at once. One of its three partial
		// products may have found some of them only.
		for i := 0; d == n && i < 3; i++ {
			if part := mont.GCD(w.Value(mont.SlotProduct+i, 0)[0], n); part != 1 {
				d = part
			}
		}
	}
	if d == 1 || d == n {
		return 0
	}
	return d
}
