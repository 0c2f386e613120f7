package factor

import (
	"math/big"
	"slices"
)

// take returns the first step that is to be done, if there is one. own says that it is for the
// number's own goroutine.
func (r *curveSearch) take(own bool) (st step, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.firstFreeLocked(own)
	if ok {
		r.unfinished[i].running = true
		st = r.unfinished[i]
	}
	return st, ok
}

// firstFreeLocked returns the index in open of what take would return.
func (r *curveSearch) firstFreeLocked(own bool) (int, bool) {
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
		if !st.running && (own || !st.forOwner()) {
			return i, true
		}
	}
}

// record notes how a step has ended. Of an error the step was not done.
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
