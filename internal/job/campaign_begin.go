package job

import (
	"context"
	"errors"
	"math/rand/v2"

	"factorfleet/internal/curving"
	"factorfleet/internal/sieving"
	"factorfleet/internal/task"
)

var (
	// errNoCampaign says that no campaign is to begin now.
	errNoCampaign = errors.New("no campaign")
	// errCampaignOver ends a conductor whose campaign is over.
	errCampaignOver = errors.New("the campaign is over")
)

// attend examines a candidate, and conducts its campaign if there is one or if one begins. While no slot is idle none
// begins, and no request is made for the candidate: all slots of a large fleet may be at work on hard numbers.
func (c *campaigns) attend(ctx context.Context, x *candidate) {
	again := examineAgain
	if c.idle(x) == 0 && !c.exists(ctx, x.child) {
		c.leave(x.child, again)
		return
	}
	_, err := c.examine(ctx, x)
	if err == nil {
		err = c.f.Hold(ctx, x.child, c.name, func(ctx context.Context) error { return c.conduct(ctx, x) })
	}
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, errNoCampaign):
	case errors.Is(err, errCampaignOver):
		c.log.Debug().Str("part", x.child).Msg("the campaign is over")
	case errors.Is(err, errTakenOver):
		c.log.Debug().Err(err).Str("part", x.child).Send()
	default:
		again = failedCampaign
		if short := (*memoryError)(nil); errors.As(err, &short) {
			defer c.awaitMemory(ctx, x.child, short.need)
			again = withoutMemory
		}
		c.log.Warn().Err(err).Str("job", x.Job).Stringer("range", task.Range{First: x.Position, Count: 1}).Msg("the campaign for a hard number has failed here")
	}
	c.leave(x.child, again)
}

// conduct conducts the campaign of a candidate until it is over, which is errCampaignOver. The caller has its lease.
func (c *campaigns) conduct(ctx context.Context, x *candidate) error {
	p, free, err := c.begin(ctx, x)
	defer free()
	if err != nil {
		return err
	}
	work, err := c.newWork(ctx, p)
	if err != nil {
		return err
	}
	return newConductor(c, p, work, free).run(ctx)
}

// begin returns the part of a candidate, which it creates if there is none, and reserves its memory. A part that is done
// needs none. The caller calls free in the end, also after an error. A process begins one campaign at a time: the next
// one counts the slots that this one will use.
func (c *campaigns) begin(ctx context.Context, x *candidate) (p *task.Part, free func(), err error) {
	c.beginning.Lock()
	defer c.beginning.Unlock()
	free = func() {}
	p, err = c.examine(ctx, x) // once more: the holder before may have ended it
	if err == nil && p == nil {
		p, err = c.draft(ctx, x)
	}
	if err != nil {
		return nil, free, err
	}
	need, err := memoryOf(p)
	if err != nil {
		return nil, free, err
	}
	if p.State == task.PartDone {
		return p, free, nil
	}
	free, ok := c.reserve(need)
	if !ok {
		return nil, free, &memoryError{need, c.memory}
	}
	p, err = c.create(ctx, p)
	return p, free, err
}

// memoryOf bounds the memory that a campaign takes, in bytes.
func memoryOf(p *task.Part) (uint64, error) {
	if p.Curves() {
		return curving.Memory, nil
	}
	plan, err := sieving.ParsePlan(p.Params, p.Composite.Big())
	if err != nil {
		return 0, err
	}
	return plan.Memory(), nil
}

// draft returns a new part for a candidate.
func (c *campaigns) draft(ctx context.Context, x *candidate) (*task.Part, error) {
	j, err := c.f.Job(ctx, x.Job)
	if err != nil {
		return nil, err
	}
	p := &task.Part{
		Schema: 1, ID: x.child, Parent: x.Job, Position: x.Position, Class: j.Class, Composite: x.Number,
		State: c.choose(ctx, j, x), Created: c.f.Now(ctx),
	}
	switch p.State {
	case task.PartCurves:
		p.Seed = max(rand.Uint64(), 1)
		return p, nil
	case task.PartDone: // slots are not idle any more
		return nil, errNoCampaign
	}
	params, divisor, err := sieving.NewParams(aliveWith(ctx), x.Number.Big())
	if err != nil {
		return nil, err
	}
	if divisor != nil { // the owner finds it at once, too
		return nil, errNoCampaign
	}
	p.Params = params
	return p, nil
}

// create stores a part unless it is stored already, and returns what is stored then.
func (c *campaigns) create(ctx context.Context, p *task.Part) (*task.Part, error) {
	stored, err := c.f.CreatePart(ctx, p)
	if err == nil && stored == p {
		c.addWorking(p.ID)
		c.log.Info().Str("job", p.Parent).Stringer("range", task.Range{First: p.Position, Count: 1}).Str("part", p.ID).
			Msgf("free workers %s a composite of %d digits", map[bool]string{false: "sieve", true: "run curves on"}[p.Curves()], len(p.Composite.String()))
	}
	return stored, err
}

// aliveWith returns a function that returns the cause of the end of ctx, nil before.
func aliveWith(ctx context.Context) func() error {
	return func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
}
