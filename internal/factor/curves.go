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

// A curveSearch runs the steps of one piece, from its progress up to the sieve. The
// goroutine of Append takes one step after the other, and so do helpers on borrowed
// cores. A step passes through these states:
//
//	created     in unfinished, not running
//	running     one goroutine has taken it; errRecalled makes it free again
//	completed   it has found nothing: removed from unfinished
//	found       it has found a divisor, and firstFound is its index or less
//	cancelled   its index is above firstFound: its goroutine stops with errNotFirst
//
// The search ends when no step is free and none below firstFound is running. So the
// lowest step that finds a divisor counts, as if the steps had run one after the other.
//
// Ownership: the goroutine of Append owns e, crew and others. n is never written. Helpers read
// e.o, e.times, and ctx and meter of e.stop. mu guards the fields after it. A
// goroutine owns its copy of a step from take until record.
type curveSearch struct {
	e    *Engine
	n    *big.Int
	crew resource.Crew
	// firstFound is the lowest index of a step that has found a divisor, math.MaxInt64
	// if there is none. Steps with a higher index stop. -1 stops all steps. It is
	// written under mu, except to stop all.
	firstFound atomic.Int64
	stepDone   chan struct{} // has a value after a helper has ended a step; capacity 1

	others curveCounts // of other machines, as next has them; owned by the goroutine of Append

	mu         sync.Mutex    // guards the fields below
	next       pieceProgress // after all steps created so far
	count      int           // of the steps created so far
	unfinished []step        // the created steps that are not completed in vain, ascending by index
	lastFailed *step         // the highest step completed in vain, nil if there is none
	divisor    *big.Int      // of the step firstFound
	method     string        // of the step firstFound
	foundAfter pieceProgress // of the piece, after the step firstFound
}

// Errors that end a step but not the number.
var (
	errNotFirst = errors.New("factor: an earlier step has found a divisor")
	errRecalled = errors.New("factor: the core is wanted elsewhere")
)

// findByCurves runs the steps of p until one finds a divisor or the sieve is next. On
// return, p.done is the progress after the step that found the divisor, or else the
// progress before the first step that is not finished.
func (s *search) findByCurves(p *piece) (d *big.Int, method string, err error) {
	r := &curveSearch{e: s.e, n: p.n, next: p.done, stepDone: make(chan struct{}, 1)}
	r.firstFound.Store(math.MaxInt64)
	r.countOthers()
	s.outside = ""
	r.crew.Pool, r.crew.Meter = s.e.o.Pool, s.e.stop.meter
	err = r.work()
	r.stopHelpers(err)
	if r.lastFailed != nil {
		s.effort = r.lastFailed.String()
	}
	if r.divisor != nil && (err == nil || err == errBudget) {
		p.done = r.foundAfter
		p.done.others = r.next.others
		return r.divisor, r.method, nil
	}
	if p.done = r.next; len(r.unfinished) > 0 {
		p.done = r.unfinished[0].before
		p.done.others = r.next.others
	}
	s.outside = p.done.outside(s.e.o.Work)
	return nil, "", err
}

// work runs steps in the goroutine of Append until there are no more and no helper runs
// one.
func (r *curveSearch) work() error {
	var st step
	check := func() error {
		r.borrowAndReport(&st)
		if err := r.checkOwner(); err != nil {
			return err
		}
		return r.checkStillFirst(&st)
	}
	var curves *ecm.Runner // made before the first step: a piece that is sieved at once needs none
	for {
		alone := r.crew.Size() == 0 // read before take: a helper may put its step back and end between the two
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

// waitForHelper waits until a helper has ended a step, for 5 ms at most, so that the
// budget is checked meanwhile.
func (r *curveSearch) waitForHelper() error {
	look := time.NewTimer(5 * time.Millisecond)
	defer look.Stop()
	select {
	case <-r.stepDone:
	case <-look.C:
	}
	return r.checkOwner()
}

// checkOwner returns errBudget, errHint, or the cause of the end of the context.
func (r *curveSearch) checkOwner() error {
	if err := r.e.checkBudget(); err != nil {
		return err
	}
	err := r.e.hints.poll(r.n)
	r.countOthers()
	return err
}

// countOthers counts the curves that the last hint tells. Steps that are created from now
// on are those after all of these curves. Earlier ones stay.
func (r *curveSearch) countOthers() {
	now := r.others
	if now.raise(&r.e.hints.effort); now == r.others {
		return
	}
	r.others = now
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next.others.raise(&now)
}

// stopHelpers waits for the helpers. After an error it stops them; otherwise they end
// by themselves, because there are no more steps. Their panics come out here.
func (r *curveSearch) stopHelpers(err error) {
	if err != nil {
		r.firstFound.Store(-1)
	}
	r.crew.Wait(func() { r.e.checkContext() })
}

// checkStillFirst returns errNotFirst if a step with a lower index has found a divisor,
// so that st is useless.
func (r *curveSearch) checkStillFirst(st *step) error {
	if int64(st.index) > r.firstFound.Load() {
		return errNotFirst
	}
	return nil
}
