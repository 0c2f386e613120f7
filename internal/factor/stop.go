package factor

import (
	"context"
	"errors"
	"time"
)

// errBudget means that the budget of a number is spent. It does not leave the package.
var errBudget = errors.New("factor: budget is spent")

// A stopCheck tells the methods whether they must stop: the context has ended, or the
// budget is spent. Each method calls a check function about every 0.1 ms and returns
// its error.
//
// The goroutine of Append writes the fields before a number starts. Helpers on borrowed
// cores only read ctx and deadline, by checkHelper.
type stopCheck struct {
	ctx      context.Context // of Append, Batch or Prove
	began    time.Time       // when the number started; set for numbers above 2^64
	deadline time.Time       // zero: no limit
	tick     func()          // Options.Tick, may be nil
}

// start begins the time of a number; budget 0 is no limit.
func (p *stopCheck) start(budget time.Duration) {
	p.began, p.deadline = time.Now(), time.Time{}
	if budget > 0 {
		p.deadline = p.began.Add(budget)
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

// checkBudget works like checkContext, and returns errBudget once the budget is spent.
func (p *stopCheck) checkBudget() error {
	if p.tick != nil {
		p.tick()
	}
	return p.checkHelper()
}

// checkHelper works like checkBudget for goroutines on borrowed cores, which must not
// tick.
func (p *stopCheck) checkHelper() error {
	if err := p.contextError(); err != nil {
		return err
	}
	if !p.deadline.IsZero() && time.Now().After(p.deadline) {
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
