package factor

import (
	"sync"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/resource"
)

// helperCurves keeps the memory of the curves of helpers that have ended, for later
// helpers of any engine.
var helperCurves = sync.Pool{New: func() any { return new(ecm.Runner) }}

// help runs steps on a borrowed core until there are no more, or until recalled says
// that the pool needs the core.
func (r *curveSearch) help(recalled resource.Call) {
	var st step
	check := func() error {
		if recalled() {
			return errRecalled
		}
		if err := r.e.stop.checkHelper(); err != nil {
			return err
		}
		return r.checkStillFirst(&st)
	}
	curves := helperCurves.Get().(*ecm.Runner)
	curves.Reset(r.n, check) // check refers to st, which take sets
	for {
		var ok bool
		if st, ok = r.take(false); !ok {
			break
		}
		d, method, err := st.do(curves, r.e.o.Seed, check)
		r.record(&st, d, method, err)
		// Wake the goroutine of Append if it waits. One value suffices for any number
		// of steps.
		select {
		case r.stepDone <- struct{}{}:
		default:
		}
		if err != nil {
			break
		}
	}
	helperCurves.Put(curves) // not after a panic, when their state is unknown
}

// hasStepForHelper reports whether there is a step for one more helper.
func (r *curveSearch) hasStepForHelper() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.firstFreeLocked(false)
	return ok
}

// borrowAndReport borrows at most one idle core and reports the progress. The goroutine
// of Append, which runs st, calls it at every check.
func (r *curveSearch) borrowAndReport(st *step) {
	pool := r.e.o.Pool
	if pool.Idle() > 0 && r.e.stop.mayBorrow() && r.hasStepForHelper() {
		r.crew.Borrow(r.help)
	}
	if r.e.report.due() {
		r.e.report.curves(r.e, r.n, st, 1+r.crew.Size())
	}
}
