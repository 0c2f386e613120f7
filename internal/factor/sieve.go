package factor

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
)

// keptSieve is the size up to which the memory of the sieve is kept: 25 MB for 200 bits, 70
// for this. siqs.Params.Memory says so.
const keptSieve = 235

// sieves reports whether the sieve is what comes next for n, after at: a group of curves is worth
// its time as long as that is less than what the sieve would take times the
// probability that the group makes it needless. p-1 goes with the first group of its level.
//
// Times are predicted, so that the same is done on every machine of a level, but for numbers for
// which the budget or the memory will not do.
func (e *Engine) sieves(at *progress, n *big.Int) bool {
	bits := n.BitLen()
	if at.sieved || bits > measured.SieveBits || !e.affords(bits) || !e.o.Pool.Fits(at.need) {
		return false
	}
	l := levelAt(at.level)
	return float64(l.cost(n)) > l.promise(at, n)*float64(e.times.Sieve(bits))
}

// affords reports whether the budget is enough to sieve a number of so many bits, at most
// measured.SieveBits, with all cores that can be had.
func (e *Engine) affords(bits int) bool {
	return e.o.Budget == 0 || e.sieveTime(bits)/time.Duration(1+e.o.Pool.Lendable()) <= e.o.Budget
}

// sieveTime predicts the time to sieve such a number on one core of this machine.
func (e *Engine) sieveTime(bits int) time.Duration {
	return e.times.Sieve(bits)
}

// findBySieve sieves p. It returns nil if that fails, or cannot be for want of memory.
func (s *search) findBySieve(p *piece) (*big.Int, string, error) {
	s.lack = ""
	d, err := s.e.sieve(p.n, s.e.inBudget)
	var small *siqs.MemoryError
	switch {
	case errors.As(err, &small):
		p.done.need = small.Need
		s.lack = fmt.Sprintf("; the sieve needs %d MB of memory, the limit is %d", small.Need>>20, s.e.o.Pool.Memory()>>20)
		return nil, "", nil
	case err == errBudget:
		s.effort = "siqs"
	}
	p.done.sieved = d == nil
	return d, "siqs", err
}

// sieve returns a divisor d of n, 1 < d < n, or nil if the sieve fails, which for composites
// that are no powers it does about never. Requires n odd, above 2^siqs.MinBits.
func (e *Engine) sieve(n *big.Int, alive func() error) (*big.Int, error) {
	if e.siqs == nil {
		e.siqs = siqs.NewSearcher()
		e.siqs.Pool, e.siqs.Borrow, e.siqs.Helper = e.o.Pool, e.pulse.isLong, e.pulse.helper
	}
	bits := n.BitLen()
	if e.report.to != nil {
		e.report.pace = pace{}
		e.siqs.Progress = func(p siqs.SearchProgress) { e.report.sieve(bits, p) }
	}
	d, err := e.siqs.Factor(alive, n)
	e.helped += e.siqs.TakeSpent()
	if bits > keptSieve {
		e.siqs = nil
	}
	for _, failure := range [...]error{siqs.ErrFailed, siqs.ErrExhausted, siqs.ErrParams} {
		if errors.Is(err, failure) {
			return nil, nil
		}
	}
	return d, err
}
