package factor

import (
	"errors"
	"math"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/resource"
)

// A curveSearch is the steps of one piece from where it stands to the sieve. The goroutine of Append
// takes one after the other, and so do helpers on borrowed cores. They leave p-1 and p+1 to it, which are
// long: what they are called away from is begun again.
type curveSearch struct {
	e    *Engine
	n    *big.Int
	crew resource.Crew
	// firstFound is the index of the first step that is known to find something, math.MaxInt64 before:
	// those behind it end. All do at -1. It changes under mu.
	firstFound atomic.Int64
	stepDone   chan struct{} // a helper has ended a step; room for one

	mu         sync.Mutex    // guards what follows
	next       pieceProgress // after all steps that there have been
	count      int           // of these
	unfinished []step        // those of them that are not done, in order
	lastFailed *step         // the one of highest index that was done in vain
	divisor    *big.Int      // of the step found
	method     string        // likewise
	foundAfter pieceProgress // likewise
}

// Ends of a step beside those of the number.
var (
	errNotFirst = errors.New("factor: an earlier step has found a divisor")
	errRecalled = errors.New("factor: the core is wanted elsewhere")
)

// findByCurves does the steps of p until one finds a divisor or the sieve is next. p.done is then
// as after this step, or before the first that was not done.
func (s *search) findByCurves(p *piece) (d *big.Int, method string, err error) {
	r := &curveSearch{e: s.e, n: p.n, next: p.done, stepDone: make(chan struct{}, 1)}
	r.firstFound.Store(math.MaxInt64)
	r.crew.Pool = s.e.o.Pool
	err = r.work()
	r.stopHelpers(err)
	s.e.borrowedTime += r.crew.TakeSpent()
	if r.lastFailed != nil {
		s.effort = r.lastFailed.String()
	}
	if r.divisor != nil && (err == nil || err == errBudget) {
		p.done = r.foundAfter
		return r.divisor, r.method, nil
	}
	if p.done = r.next; len(r.unfinished) > 0 {
		p.done = r.unfinished[0].before
	}
	return nil, "", err
}

// work takes steps until there are no more and none is under way.
func (r *curveSearch) work() error {
	var st step
	check := func() error {
		r.borrowAndReport(&st)
		if err := r.e.checkBudget(); err != nil {
			return err
		}
		return r.checkStillFirst(&st)
	}
	var curves *ecm.Many // for the first step; most pieces that are sieved again need none
	for {
		alone := r.crew.Size() == 0 // before take: a helper may give its step back and end
		var ok bool
		if st, ok = r.take(true); !ok {
			if alone {
				return nil
			}
			if err := r.waitForHelper(); err != nil {
				return err
			}
			continue
		}
		if curves == nil {
			curves = r.e.curvesFor(r.n, check)
		}
		d, method, err := st.do(curves, r.e.o.Seed, check)
		if err != nil && err != errNotFirst {
			return err
		}
		r.record(&st, d, method, err)
	}
}

// waitForHelper waits until a helper has ended a step, or for the time between two looks at the budget.
func (r *curveSearch) waitForHelper() error {
	look := time.NewTimer(5 * time.Millisecond)
	defer look.Stop()
	select {
	case <-r.stepDone:
	case <-look.C:
	}
	return r.e.checkBudget()
}

// stopHelpers ends the helpers. If err is nil they have nothing to do any more.
func (r *curveSearch) stopHelpers(err error) {
	if err != nil {
		r.firstFound.Store(-1)
	}
	r.crew.Wait(func() { r.e.checkContext() })
}

// checkStillFirst returns an error if what st finds does not count any more.
func (r *curveSearch) checkStillFirst(st *step) error {
	if int64(st.index) > r.firstFound.Load() {
		return errNotFirst
	}
	return nil
}
