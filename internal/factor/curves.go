package factor

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/pm1"
	"factorfleet/internal/factor/resource"
)

// A step is what is done with a piece at a time before it is sieved: p-1, p+1, or a group of curves. The
// steps of a piece are the same whoever does them, and how many at a time: of those that find
// something the first counts, and none before it is left out.
type step struct {
	index  int // from 0
	level  *level
	pm1    bool
	pp1    bool     // p+1; neither: curves
	before progress // of the piece
	after  progress
	taken  bool // somebody does it; of a stretch
}

// next returns the step that follows on at with n, or false if the sieve does.
func (e *Engine) next(index int, at progress, n *big.Int) (step, bool) {
	l := levelAt(at.level)
	if e.sieves(&at, n) {
		return step{}, false
	}
	st := step{index: index, level: l, before: at}
	switch {
	case l.wantsPM1(&at):
		st.pm1, at.pm1 = true, true
	case l.wantsPP1(&at):
		st.pp1, at.pp1 = true, true
	default:
		at.total += ecm.Group
		if at.curve += ecm.Group; at.curve >= l.curves {
			at.level, at.curve, at.pm1, at.pp1 = at.level+1, 0, false, false
		}
	}
	st.after = at
	return st, true
}

// String returns the method and how much of it has been done after the step.
func (st *step) String() string {
	l := st.level
	switch {
	case st.pm1:
		return fmt.Sprintf("p-1(B1=%d,B2=%d)", l.pm1B1, l.pm1B2)
	case st.pp1:
		return fmt.Sprintf("p+1(B1=%d,B2=%d,x0=%s)", l.pp1B1, l.pp1B2, st.start().Name)
	}
	return fmt.Sprintf("ecm(B1=%d,B2=%d,curves=%d)", l.b1, l.b2, st.before.curve+ecm.Group)
}

// start returns the start of p+1. It changes from level to level, so that primes that one is not for
// are found at the next.
func (st *step) start() pm1.Start { return pm1.Starts[st.before.level%len(pm1.Starts)] }

// isLong reports whether helpers leave the step to the goroutine of Append: p-1 and p+1 begin anew after
// an interruption.
func (st *step) isLong() bool { return st.pm1 || st.pp1 }

// do does the step with the number of curves, and returns a divisor and what found it, or nil.
func (st *step) do(curves *ecm.Many, seed uint64, check func() error) (*big.Int, string, error) {
	l := st.level
	switch {
	case st.pm1:
		d, err := pm1.Find(curves.N(), l.pm1B1, l.pm1B2, check)
		return d, st.String(), err
	case st.pp1:
		d, err := pm1.FindPlus(curves.N(), l.pp1B1, l.pp1B2, st.start(), check)
		return d, st.String(), err
	}
	plan, err := l.plan(check)
	if err != nil {
		return nil, "", err
	}
	var sigmas [ecm.Group]uint64
	for i := range sigmas {
		sigmas[i] = ecm.Sigma(seed, st.before.total+uint64(i))
	}
	d, which, err := curves.Run(plan, sigmas[:])
	return d, ecm.Curve{B1: plan.B1, B2: plan.B2, Sigma: sigmas[which]}.String(), err
}

// A stretch is the steps of one piece from where it stands to the sieve. The goroutine of Append
// takes one after the other, and so do helpers on borrowed cores. They leave p-1 and p+1 to it, which are
// long: what they are called away from is begun again.
type stretch struct {
	e    *Engine
	n    *big.Int
	crew resource.Crew
	// found is the index of the first step that is known to find something, math.MaxInt64 before:
	// those behind it end. All do at -1. It changes under mu.
	found atomic.Int64
	ended chan struct{} // a helper has ended a step; room for one

	mu      sync.Mutex // guards what follows
	at      progress   // after all steps that there have been
	count   int        // of these
	open    []step     // those of them that are not done, in order
	last    *step      // the one of highest index that was done in vain
	divisor *big.Int   // of the step found
	method  string     // likewise
	after   progress   // likewise
}

// Ends of a step beside those of the number.
var (
	errBehind   = errors.New("factor: an earlier step has found a divisor")
	errRecalled = errors.New("factor: the core is wanted elsewhere")
)

// findByCurves does the steps of p until one finds a divisor or the sieve is next. p.done is then
// as after this step, or before the first that was not done.
func (s *search) findByCurves(p *piece) (d *big.Int, method string, err error) {
	r := &stretch{e: s.e, n: p.n, at: p.done, ended: make(chan struct{}, 1)}
	r.found.Store(math.MaxInt64)
	r.crew.Pool = s.e.o.Pool
	err = r.work()
	r.end(err)
	s.e.helped += r.crew.TakeSpent()
	if r.last != nil {
		s.effort = r.last.String()
	}
	if r.divisor != nil && (err == nil || err == errBudget) {
		p.done = r.after
		return r.divisor, r.method, nil
	}
	if p.done = r.at; len(r.open) > 0 {
		p.done = r.open[0].before
	}
	return nil, "", err
}

// work takes steps until there are no more and none is under way.
func (r *stretch) work() error {
	var st step
	check := func() error {
		r.tend(&st)
		if err := r.e.inBudget(); err != nil {
			return err
		}
		return r.behind(&st)
	}
	var curves *ecm.Many // for the first step; most pieces that are sieved again need none
	for {
		alone := r.crew.Size() == 0 // before take: a helper may give its step back and end
		var ok bool
		if st, ok = r.take(true); !ok {
			if alone {
				return nil
			}
			if err := r.await(); err != nil {
				return err
			}
			continue
		}
		if curves == nil {
			curves = r.e.curvesFor(r.n, check)
		}
		d, method, err := st.do(curves, r.e.o.Seed, check)
		if err != nil && err != errBehind {
			return err
		}
		r.record(&st, d, method, err)
	}
}

// await waits until a helper has ended a step, or for the time between two looks at the budget.
func (r *stretch) await() error {
	look := time.NewTimer(5 * time.Millisecond)
	defer look.Stop()
	select {
	case <-r.ended:
	case <-look.C:
	}
	return r.e.inBudget()
}

// end ends the helpers. If err is nil they have nothing to do any more.
func (r *stretch) end(err error) {
	if err != nil {
		r.found.Store(-1)
	}
	r.crew.Wait(func() { r.e.alive() })
}

// behind returns an error if what st finds does not count any more.
func (r *stretch) behind(st *step) error {
	if int64(st.index) > r.found.Load() {
		return errBehind
	}
	return nil
}

// take returns the first step that is to be done, if there is one. own says that it is for the
// number's own goroutine.
func (r *stretch) take(own bool) (st step, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.firstLocked(own)
	if ok {
		r.open[i].taken = true
		st = r.open[i]
	}
	return st, ok
}

// firstLocked returns the index in open of what take would return.
func (r *stretch) firstLocked(own bool) (int, bool) {
	for i := 0; ; i++ {
		if i == len(r.open) {
			st, ok := r.e.next(r.count, r.at, r.n)
			if !ok {
				return 0, false
			}
			r.at = st.after
			r.count++
			r.open = append(r.open, st)
		}
		st := &r.open[i]
		if int64(st.index) > r.found.Load() {
			return 0, false
		}
		if !st.taken && (own || !st.isLong()) {
			return i, true
		}
	}
}

// record notes how a step has ended. Of an error the step was not done.
func (r *stretch) record(st *step, d *big.Int, method string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.open, func(x step) bool { return x.index == st.index })
	switch {
	case err == errRecalled:
		r.open[i].taken = false
	case err != nil:
	case d == nil:
		r.open = slices.Delete(r.open, i, i+1)
		if r.last == nil || r.last.index < st.index {
			done := *st
			r.last = &done
		}
	case int64(st.index) < r.found.Load():
		r.divisor, r.method, r.after = d, method, st.after
		r.found.Store(int64(st.index))
	}
}

// tend does, at every check of the number's goroutine, which is at st, what else there is to do: it
// borrows cores and reports.
func (r *stretch) tend(st *step) {
	pool := r.e.o.Pool
	if pool.Idle() > 0 && r.e.pulse.isLong() && r.hasMore() {
		r.crew.Borrow(r.help)
	}
	if r.e.report.due() {
		r.e.report.curves(r.e, r.n, st, 1+r.crew.Size())
	}
}

// hasMore reports whether there is a step for one helper more.
func (r *stretch) hasMore() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.firstLocked(false)
	return ok
}

// spareCurves are those of helpers that have ended, for the next ones of any engine.
var spareCurves = sync.Pool{New: func() any { return new(ecm.Many) }}

// help takes steps until there are no more or the core is wanted elsewhere.
func (r *stretch) help(recalled resource.Call) {
	var st step
	check := func() error {
		if recalled() {
			return errRecalled
		}
		if err := r.e.pulse.helper(); err != nil {
			return err
		}
		return r.behind(&st)
	}
	curves := spareCurves.Get().(*ecm.Many)
	curves.Reset(r.n, check)
	for {
		var ok bool
		if st, ok = r.take(false); !ok {
			break
		}
		d, method, err := st.do(curves, r.e.o.Seed, check)
		r.record(&st, d, method, err)
		select {
		case r.ended <- struct{}{}:
		default:
		}
		if err != nil {
			break
		}
	}
	spareCurves.Put(curves) // not after a panic
}
