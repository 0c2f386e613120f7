package factor

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/factor/resource"
)

// errBudget means that the budget of a number is spent. It does not leave the package.
var errBudget = errors.New("factor: budget is spent")

// A stopCheck tells the methods whether they must stop: the context has ended, or the
// budget is spent. Each method calls a check function about every 0.1 ms and returns
// its error.
//
// The goroutine of Append writes the fields before a number starts. Helpers on borrowed
// cores only read ctx and meter, by checkHelper.
type stopCheck struct {
	ctx   context.Context // of Append, Batch or Prove
	meter *resource.Meter // has the limit of the CPU time
	began time.Time       // when the number started; set for numbers above 2^64
	from  time.Duration   // of meter, when the number started
	tick  func()          // Options.Tick, may be nil

	finish func() bool // Options.Finish, may be nil
	one    bool        // Engine.SetOne
	enough bool        // one, and a proper factor of the number is known
	last   bool        // the last tests of a number run: neither the budget nor finish ends them
}

// start begins the time of a number; budget 0 is no limit. Requires that the meter has
// begun.
func (p *stopCheck) start(budget time.Duration) {
	p.began, p.from, p.last, p.enough = time.Now(), p.meter.Spent(), false, false
	p.meter.SetLimit(0)
	if budget > 0 {
		p.meter.SetLimit(p.from + budget)
	}
}

// checkContext ticks, and returns the cause if the context has ended. Only the
// goroutine of Append may call it.
func (p *stopCheck) checkContext() error {
	if p.tick != nil {
		p.tick()
	}
	return p.contextError()
}

// lastTests has checkBudget ignore the budget and finish from here to the next start. No
// helper may run.
func (p *stopCheck) lastTests() {
	p.meter.SetLimit(0)
	p.last = true
}

// found notes that a proper factor of the number is known. No helper may run.
func (p *stopCheck) found() { p.enough = p.one }

// finished reports whether the number is to end before its budget is spent.
func (p *stopCheck) finished() bool { return !p.last && (p.enough || p.finish != nil && p.finish()) }

// checkBudget works like checkContext, and returns errBudget once the budget is spent or
// the number is to end.
func (p *stopCheck) checkBudget() error {
	if err := p.checkContext(); err != nil {
		return err
	}
	if p.meter.Exceeded() || p.finished() {
		return errBudget
	}
	return nil
}

// checkHelper works like checkBudget for goroutines on borrowed cores, which must not
// tick.
func (p *stopCheck) checkHelper() error {
	if err := p.contextError(); err != nil {
		return err
	}
	if p.meter.Reached() || p.finished() {
		return errBudget
	}
	return nil
}

func (p *stopCheck) contextError() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return nil
}

// soloTime is how long a number runs on the core of its own goroutine only. Helpers
// would not shorten a number that is finished by then, or soon after.
const soloTime = 20 * time.Millisecond

// mayBorrow reports whether the number has run long enough to borrow cores.
func (p *stopCheck) mayBorrow() bool { return time.Since(p.began) >= soloTime }
