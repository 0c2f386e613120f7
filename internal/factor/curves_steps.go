package factor

import (
	"math/big"
	"slices"
)

// take returns the first step that no goroutine has taken, and marks it as running.
// owner says that the caller is the goroutine of Append, which may also take p-1 and
// p+1. It returns false if there is no such step now; a helper that is recalled can put
// one back later.
func (r *curveSearch) take(owner bool) (st step, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.firstFreeLocked(owner)
	if ok {
		r.unfinished[i].running = true
		st = r.unfinished[i]
	}
	return st, ok
}

// firstFreeLocked returns the index in unfinished of the step that take would return.
// It creates steps as needed, up to the sieve or to the first step that has found a
// divisor. Requires mu.
func (r *curveSearch) firstFreeLocked(owner bool) (int, bool) {
	for i := 0; ; i++ {
		if i == len(r.unfinished) {
			st, ok := r.e.next(r.count, r.next, r.n)
			if !ok {
				return 0, false
			}
			r.next = st.after
			r.count++
			r.unfinished = append(r.unfinished, st)
		}
		st := &r.unfinished[i]
		if int64(st.index) > r.firstFound.Load() {
			return 0, false
		}
		if !st.running && (owner || !st.forOwner()) {
			return i, true
		}
	}
}

// record notes the outcome of st, by its error:
//
//	nil, without a divisor   st is completed and removed from unfinished
//	nil, with a divisor      st counts if no step with a lower index has found one
//	errRecalled              st becomes free again
//	others                   st stays unfinished, and no goroutine takes it again
func (r *curveSearch) record(st *step, d *big.Int, method string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.unfinished, func(x step) bool { return x.index == st.index })
	switch {
	case err == errRecalled:
		r.unfinished[i].running = false
	case err != nil:
	case d == nil:
		r.unfinished = slices.Delete(r.unfinished, i, i+1)
		if r.lastFailed == nil || r.lastFailed.index < st.index {
			done := *st
			r.lastFailed = &done
		}
	case int64(st.index) < r.firstFound.Load():
		r.divisor, r.method, r.foundAfter = d, method, st.after
		r.firstFound.Store(int64(st.index))
	}
}
