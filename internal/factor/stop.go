package factor

import (
	"context"
	"errors"
	"time"
)

// errBudget ends the work on a number whose budget is spent. It does not leave
// the package.
var errBudget = errors.New("factor: budget is spent")

// A stopCheck is asked by the methods whether to go on.
type stopCheck struct {
	ctx      context.Context // of the Append that runs
	began    time.Time       // when it did, with a number above 2^64
	deadline time.Time       // zero: none
	tick     func()
}

// start begins the time of a number; budget 0 is no limit.
func (p *stopCheck) start(budget time.Duration) {
	p.began, p.deadline = time.Now(), time.Time{}
	if budget > 0 {
		p.deadline = p.began.Add(budget)
	}
}

// checkContext returns the cause if the context ended. It is for Append's goroutine alone.
func (p *stopCheck) checkContext() error {
	if p.tick != nil {
		p.tick()
	}
	return p.contextError()
}

// checkBudget works like alive and returns errBudget once the budget is spent.
func (p *stopCheck) checkBudget() error {
	if p.tick != nil {
		p.tick()
	}
	return p.checkHelper()
}

// checkHelper is inBudget for the goroutines on borrowed cores.
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

// soloTime is how long a number has only the core of its own goroutine. One that is done by then, or
// nearly, would gain nothing from others.
const soloTime = 20 * time.Millisecond

// mayBorrow reports whether other cores may help.
func (p *stopCheck) mayBorrow() bool { return time.Since(p.began) >= soloTime }
