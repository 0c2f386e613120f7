package kind

import (
	"math/big"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// The composites that a worker names in its heartbeats, by their decimal digits. Smaller ones take less than a second,
// larger ones cannot be sieved. Supervisors decide which of them several workers sieve.
const (
	leastNamed = 60
	mostNamed  = 110
)

// nameOf returns the composite at hand in decimal, "" if no other worker could help to sieve it: its size is out of the
// range, or the budget does not permit the sieve. With a bound B1, Left is the time of the sieve that follows.
func nameOf(p *factor.EngineProgress) string {
	if p.Composite == nil || p.Digits < leastNamed || p.Digits > mostNamed || p.B1 > 0 && p.Left == 0 {
		return ""
	}
	return p.Composite.String()
}

// A hinted is a hint of the worker with its translation for the engine.
type hinted struct {
	from *task.Hint
	to   *factor.Hint
}

// onHint is factor.Options.Hint. It returns the same pointer while the hint is the same.
func (r *runner) onHint(*big.Int) *factor.Hint {
	if r.o.Hint == nil {
		return nil
	}
	h := r.o.Hint()
	if h != r.hint.from {
		r.hint = hinted{h, r.translate(h)}
	}
	return r.hint.to
}

// translate returns h for the engine, which checks what it says. If the parameters of h are not such as this program
// makes, nothing is shared.
func (r *runner) translate(h *task.Hint) *factor.Hint {
	if h == nil {
		return nil
	}
	to := new(factor.Hint)
	for _, d := range h.Divisors {
		to.Divisors = append(to.Divisors, d.Big())
	}
	if h.Child == "" || r.o.Share == nil {
		return to
	}
	p, err := siqs.DecodeParams(h.Params)
	if err != nil {
		return to
	}
	to.Params, to.First = &p, h.First
	to.Share = sharer(r.o, h.Child, p.Sum())
	return to
}

// sharer returns factor.Hint.Share for the part child, whose parameters have the given siqs.Params.Sum. Times are not
// stated: they are part of those of the number.
func sharer(o worker.RunOptions, child string, sum uint64) func(first, end uint64, relations []byte) bool {
	return func(first, end uint64, relations []byte) bool {
		return o.Share(child, task.Span(first, end), task.Yield{Params: sum, Relations: relations})
	}
}
