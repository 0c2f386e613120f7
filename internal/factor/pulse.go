package factor

import (
	"context"
	"errors"
	"time"
)

// errBudget ends the work on a number whose budget is spent. It does not leave
// the package.
var errBudget = errors.New("factor: budget is spent")

// A pulse is asked by the methods whether to go on.
type pulse struct {
	ctx      context.Context // of the Append that runs
	began    time.Time       // when it did, with a number above 2^64
	deadline time.Time       // zero: none
	tick     func()
}

// start begins the time of a number; budget 0 is no limit.
func (p *pulse) start(budget time.Duration) {
	p.began, p.deadline = time.Now(), time.Time{}
	if budget > 0 {
		p.deadline = p.began.Add(budget)
	}
}

// alive returns the cause if the context ended. It is for Append's goroutine alone.
func (p *pulse) alive() error {
	if p.tick != nil {
		p.tick()
	}
	return p.ended()
}

// inBudget works like alive and returns errBudget once the budget is spent.
func (p *pulse) inBudget() error {
	if p.tick != nil {
		p.tick()
	}
	return p.helper()
}

// helper is inBudget for the goroutines on borrowed cores.
func (p *pulse) helper() error {
	if err := p.ended(); err != nil {
		return err
	}
	if !p.deadline.IsZero() && time.Now().After(p.deadline) {
		return errBudget
	}
	return nil
}

func (p *pulse) ended() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return nil
}

// alone is how long a number has only the core of its own goroutine. One that is done by then, or
// nearly, would gain nothing from others.
const alone = 20 * time.Millisecond

// isLong reports whether other cores may help.
func (p *pulse) isLong() bool { return time.Since(p.began) >= alone }
