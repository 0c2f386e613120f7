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
	deadline time.Time       // zero: none
	tick     func()
}

// alive returns the cause if the context ended.
func (p *pulse) alive() error {
	if p.tick != nil {
		p.tick()
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return nil
}

// inBudget works like alive and returns errBudget once the budget is spent.
func (p *pulse) inBudget() error {
	if err := p.alive(); err != nil {
		return err
	}
	if !p.deadline.IsZero() && time.Now().After(p.deadline) {
		return errBudget
	}
	return nil
}
