package factor

import (
	"sync"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/resource"
)

// helperCurves are those of helpers that have ended, for the next ones of any engine.
var helperCurves = sync.Pool{New: func() any { return new(ecm.Many) }}

// help takes steps until there are no more or the core is wanted elsewhere.
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
	curves := helperCurves.Get().(*ecm.Many)
	curves.Reset(r.n, check)
	for {
		var ok bool
		if st, ok = r.take(false); !ok {
			break
		}
		d, method, err := st.do(curves, r.e.o.Seed, check)
		r.record(&st, d, method, err)
		select {
		case r.stepDone <- struct{}{}:
		default:
		}
		if err != nil {
			break
		}
	}
	helperCurves.Put(curves) // not after a panic
}

// hasStepForHelper reports whether there is a step for one helper more.
func (r *curveSearch) hasStepForHelper() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.firstFreeLocked(false)
	return ok
}

// borrowAndReport does, at every check of the number's goroutine, which is at st, what else there is to do: it
// borrows cores and reports.
func (r *curveSearch) borrowAndReport(st *step) {
	pool := r.e.o.Pool
	if pool.Idle() > 0 && r.e.stop.mayBorrow() && r.hasStepForHelper() {
		r.crew.Borrow(r.help)
	}
	if r.e.report.due() {
		r.e.report.curves(r.e, r.n, st, 1+r.crew.Size())
	}
}
