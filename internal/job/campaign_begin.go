package job

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/measured"
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
	if c.others(x).Idle == 0 && !c.exists(ctx, x.child) {
		c.leave(x.child, again)
		return
	}
	_, err := c.examine(ctx, x)
	if err == nil {
		err = c.f.Hold(ctx, x.child, c.name, func(ctx context.Context) error { return c.conduct(ctx, x) })
	}
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, errNoCampaign), errors.Is(err, errCampaignOver):
	case errors.Is(err, errTakenOver):
		c.log.Debug().Err(err).Str("part", x.child).Send()
	default:
		if again = failedCampaign; errors.Is(err, errNoMemory) {
			again = withoutMemory
		}
		c.log.Warn().Err(err).Str("job", x.Job).Uint64("number", x.Position+1).Msg("the campaign for a hard number has failed here")
	}
	c.leave(x.child, again)
}

// examine returns the part of a candidate, or nil if one may be created. The error wraps errNoCampaign if none is to
// begin. What a worker says of a composite is compared with the stored input.
func (c *campaigns) examine(ctx context.Context, x *candidate) (*task.Part, error) {
	p, err := c.f.Part(ctx, x.Job, x.child)
	if err == nil || !errors.Is(err, fleet.ErrNoPart) {
		return p, err
	}
	j, err := c.f.Job(ctx, x.Job)
	if errors.Is(err, fleet.ErrNoJob) || err == nil && (j.Finished() || j.FinishedEarly != nil || j.Kind != task.KindFactor) {
		return nil, errNoCampaign
	}
	if err != nil {
		return nil, err
	}
	if !c.worthwhile(ctx, j, x) {
		return nil, errNoCampaign
	}
	return nil, c.checkComposite(ctx, x)
}

// others returns the slots of all workers but the owner.
func (c *campaigns) others(x *candidate) fleet.SieveSlots {
	return c.registry.SieveSlots(func(worker string) bool { return worker == x.Worker || c.trust.Quarantined(worker) })
}

// worthwhile reports whether a campaign would save time now.
func (c *campaigns) worthwhile(ctx context.Context, j *task.Job, x *candidate) bool {
	mode, err := campaign.ParseMode(j.Campaign)
	if err != nil {
		return false
	}
	others := c.others(x)
	if others.Old > 0 && mode != campaign.Always {
		c.logOld(others.OldWorker)
		return false // workers of an earlier version would take the tasks and drop them
	}
	left := x.Left
	if !x.Sieving || left == 0 { // then the sieve comes after that
		left += measured.Active().Sieve(x.Number.BitLen()) / time.Duration(max(x.Cores, 1))
	}
	return mode.Begins(len(x.Number.String()), left, x.Cores, others.Idle/(1+c.othersSieving(ctx, x.child)))
}

// logOld says, once in a process, that a worker keeps campaigns from beginning. It may be lying: that costs time only,
// since the owners finish alone.
func (c *campaigns) logOld(worker string) {
	c.mu.Lock()
	logged := c.loggedOld
	c.loggedOld = true
	c.mu.Unlock()
	if !logged {
		c.log.Warn().Str("worker", worker).Msg("workers do not sieve a hard number together while a worker of an earlier version is alive: update or stop it")
	}
}

// checkComposite compares the composite with the number, which must be one of the job and have no answer yet.
func (c *campaigns) checkComposite(ctx context.Context, x *candidate) error {
	open, err := c.f.Outstanding(ctx, x.Job, x.Position)
	if err != nil || !open {
		return errors.Join(err, errNoCampaign)
	}
	in, err := c.f.Inputs(ctx, x.Job)
	if err != nil {
		return err
	}
	if x.Position >= in.Count() {
		c.trust.Complain(x.Worker, fleet.ComplaintComposite)
		return errNoCampaign
	}
	numbers, err := in.Numbers(ctx, task.Range{First: x.Position, Count: 1})
	if err != nil {
		return err
	}
	n, composite := numbers[0].Big(), x.Number.Big()
	if composite.Sign() == 0 || new(big.Int).Rem(n, composite).Sign() != 0 || composite.ProbablyPrime(0) {
		c.trust.Complain(x.Worker, fleet.ComplaintComposite)
		return errNoCampaign
	}
	return nil
}

// conduct conducts the campaign of a candidate until it is over, which is errCampaignOver. The caller has its lease.
func (c *campaigns) conduct(ctx context.Context, x *candidate) error {
	p, sieve, free, err := c.begin(ctx, x)
	defer free()
	if err != nil {
		return err
	}
	set, err := sieve.NewSet(aliveWith(ctx))
	if err != nil {
		return err
	}
	return newConductor(c, p, sieve, set).run(ctx)
}

// begin returns the part of a candidate, which it creates if there is none, and reserves its memory. The caller calls
// free in the end, also after an error. A process begins one campaign at a time: the next one counts the slots that
// this one will use.
func (c *campaigns) begin(ctx context.Context, x *candidate) (p *task.Part, sieve *sieving.Plan, free func(), err error) {
	c.beginning.Lock()
	defer c.beginning.Unlock()
	free = func() {}
	p, err = c.examine(ctx, x) // once more: the holder before may have ended it
	if err == nil && p == nil {
		p, err = c.draft(ctx, x)
	}
	if err != nil {
		return nil, nil, free, err
	}
	if sieve, err = sieving.ParsePlan(p.Params, p.Composite.Big()); err != nil {
		return nil, nil, free, err
	}
	need := sieve.Memory()
	free, ok := c.reserve(need)
	if !ok {
		return nil, nil, free, fmt.Errorf("%w: its relations and the linear algebra need %d MiB of memory, and this process may use %d MiB for all campaigns",
			errNoMemory, need>>20, c.memory>>20)
	}
	p, err = c.create(ctx, p)
	return p, sieve, free, err
}

// draft returns a new part for a candidate.
func (c *campaigns) draft(ctx context.Context, x *candidate) (*task.Part, error) {
	params, divisor, err := sieving.NewParams(aliveWith(ctx), x.Number.Big())
	if err != nil {
		return nil, err
	}
	if divisor != nil { // the owner finds it at once, too
		return nil, errNoCampaign
	}
	j, err := c.f.Job(ctx, x.Job)
	if err != nil {
		return nil, err
	}
	return &task.Part{
		Schema: 1, ID: x.child, Parent: x.Job, Position: x.Position, Class: j.Class, Composite: x.Number,
		State: task.PartSieve, Params: params, Created: c.f.Now(ctx),
	}, nil
}

// create stores a part unless it is stored already, and returns what is stored then.
func (c *campaigns) create(ctx context.Context, p *task.Part) (*task.Part, error) {
	stored, err := c.f.CreatePart(ctx, p)
	if err == nil && stored == p {
		c.addSieving(p.ID)
		c.log.Info().Str("job", p.Parent).Uint64("number", p.Position+1).Str("part", p.ID).
			Msgf("free workers sieve a composite of %d digits", len(p.Composite.String()))
	}
	return stored, err
}

var errNoMemory = errors.New("not enough memory for a campaign")

// aliveWith returns a function that returns the cause of the end of ctx, nil before.
func aliveWith(ctx context.Context) func() error {
	return func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
}
