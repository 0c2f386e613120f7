package factor

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
)

// keptSieveBits is the size up to which the engine keeps the memory of the sieve for
// the next number: 25 MB for 200 bits, 70 MB for 235 (siqs.Params.Memory).
const keptSieveBits = 235

// sieveIsNext reports whether the sieve is the next step for n, which has the progress
// at.
//
// Let T be the predicted time of the sieve, t that of the next group of curves, and q
// the probability that the group splits n. To sieve at once takes T; to run the group
// before takes t + (1-q) T on average. So the group is worth its time exactly if
//
//	t <= q T.
//
// p-1 and p+1 of a level are run with its first group. Predicted times are used, not
// measured ones, so that all machines of one level of kernels run the same steps.
// Exceptions are numbers for which the budget or the memory does not suffice.
//
// If the budget does not suffice and other machines sieve for n, the sieve is next at
// once. They have begun because their time and the rest of the budget suffice together
// (campaign.Mode.Begins), so that further curves would take from the sieve.
func (e *Engine) sieveIsNext(at *pieceProgress, n *big.Int) bool {
	bits := n.BitLen()
	if at.sieveFailed || bits > measured.SieveBits || !e.o.Pool.Fits(at.sieveNeed) {
		return false
	}
	if !e.budgetAllowsSieve(bits) {
		return e.hints.shared.Load() == n
	}
	l := levelAt(at.level)
	return float64(l.groupTime(n)) > l.groupChance(at, n)*float64(e.times.Sieve(bits))
}

// budgetAllowsSieve reports whether the budget suffices to sieve a number of so many
// bits, at most measured.SieveBits, without other machines.
func (e *Engine) budgetAllowsSieve(bits int) bool {
	return e.o.Budget == 0 || e.times.Sieve(bits) <= e.o.Budget
}

// findBySieve sieves p. It returns nil without an error if the sieve fails, or if the
// pool refuses the memory; p.done then says so, and whyNotSieved in the second case.
func (s *search) findBySieve(p *piece) (*big.Int, string, error) {
	s.whyNotSieved = ""
	d, err := s.e.sieve(p.n, s.e.checkSieve(p.n, s.e.checkBudget))
	var small *siqs.MemoryError
	switch {
	case errors.As(err, &small):
		p.done.sieveNeed = small.Need
		s.whyNotSieved = fmt.Sprintf("; the sieve needs %d MB of memory, the limit is %d", small.Need>>20, s.e.o.Pool.Memory()>>20)
		return nil, "", nil
	case err == errBudget:
		s.effort = "siqs"
		err = s.e.awaitDivisor(p.n)
	}
	p.done.sieveFailed = d == nil && err != errHint
	return d, "siqs", err
}

// awaitDivisor waits for a hint with a divisor of n, which is errHint, while other
// machines sieve for n, at most as long as the budget. It needs no CPU time, which is what
// the budget limits. So the work of the others is not lost if some of them have left, or
// while the linear algebra takes its time. A number that is to end early does not wait. The
// error is errBudget if there is no divisor, or the cause of the end of the context.
func (e *Engine) awaitDivisor(n *big.Int) error {
	end := time.Now().Add(e.o.Budget)
	for e.hints.shared.Load() == n && time.Now().Before(end) && !e.stop.finished() {
		time.Sleep(hintEvery)
		if err := e.checkContext(); err != nil {
			return err
		}
		if err := e.hints.look(n); err != nil {
			return err
		}
	}
	return errBudget
}

// sieve returns a divisor d of n, 1 < d < n. It returns nil if the sieve fails, which
// practically never happens for a composite that is no power. Requires n odd and above
// 2^siqs.MinBits. An error is one of check, or a *siqs.MemoryError.
func (e *Engine) sieve(n *big.Int, check func() error) (*big.Int, error) {
	if e.siqs == nil {
		e.siqs = siqs.NewSearcher()
		e.siqs.Pool, e.siqs.Meter = e.o.Pool, e.stop.meter
		e.siqs.Borrow, e.siqs.Helper = e.stop.mayBorrow, e.stop.checkHelper
	}
	bits := n.BitLen()
	if e.report.to != nil {
		e.report.pace = pace{}
		digits := digitsOf(n)
		e.siqs.Progress = func(p siqs.SearchProgress) { e.report.sieve(e, n, digits, p) }
	}
	e.siqs.KeepYields = e.hints.ask != nil && bits >= e.hints.backlog
	d, err := e.siqs.Factor(check, n)
	if bits > keptSieveBits {
		e.siqs = nil
	}
	for _, failure := range [...]error{siqs.ErrFailed, siqs.ErrExhausted, siqs.ErrParams} {
		if errors.Is(err, failure) {
			return nil, nil
		}
	}
	return d, err
}
