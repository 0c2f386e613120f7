package kind

import (
	"math/big"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

const (
	// leastNamed is the size in decimal digits of the smallest composites that a worker names in its heartbeats. Smaller
	// ones take less than a second.
	leastNamed = 60
	// leastBudget is the budget that a named composite has left. With less, the number is answered before others could
	// help.
	leastBudget = 5 * time.Second
)

// nameOf returns the composite at hand in decimal, "" if no other worker could help to sieve it or with curves.
// Supervisors decide which composites several workers work on.
func nameOf(p *factor.EngineProgress) string {
	if p.Composite == nil || p.Digits < leastNamed || p.Digits > task.MaxPartDigits || p.Budget > 0 && p.Budget < leastBudget {
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
	to := &factor.Hint{Of: h.Composite.Big()}
	for _, d := range h.Divisors {
		to.Divisors = append(to.Divisors, d.Big())
	}
	for _, l := range h.Effort {
		to.Effort = append(to.Effort, factor.EffortLevel(l))
	}
	if c := h.Curve; c != nil {
		to.Curve = &ecm.Curve{B1: c.B1, B2: c.B2, Sigma: c.Sigma}
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

// knownOf returns the divisors of a number that its submitter knows, for the engine.
func knownOf(factors []nat.Nat) (list []*big.Int) {
	for _, f := range factors {
		list = append(list, f.Big())
	}
	return list
}
