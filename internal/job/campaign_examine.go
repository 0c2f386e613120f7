package job

import (
	"context"
	"errors"
	"math/big"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// examine returns the part of a candidate, or nil if one may be created. The error wraps errNoCampaign if none is to
// begin: a job whose tasks go to some workers only has no campaigns, because every worker gets the tasks of a campaign.
// What a worker says of a composite is compared with the stored input.
func (c *campaigns) examine(ctx context.Context, x *candidate) (*task.Part, error) {
	p, err := c.f.Part(ctx, x.Job, x.child)
	if err == nil || !errors.Is(err, fleet.ErrNoPart) {
		return p, err
	}
	j, err := c.f.Job(ctx, x.Job)
	if errors.Is(err, fleet.ErrNoJob) || err == nil && (j.Finished() || j.Paused || j.FinishedEarly != nil || j.Kind != task.KindFactor || j.Route != "") {
		return nil, errNoCampaign
	}
	if err != nil {
		return nil, err
	}
	if c.hasTwin(ctx, x) || c.choose(ctx, j, x) == task.PartDone {
		return nil, errNoCampaign
	}
	return nil, c.checkComposite(ctx, x)
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
	if composite.Sign() == 0 || new(big.Int).Rem(n, composite).Sign() != 0 || hasSmall(composite) || composite.ProbablyPrime(0) {
		c.trust.Complain(x.Worker, fleet.ComplaintComposite)
		return errNoCampaign
	}
	return nil
}

// hasSmall reports whether 2 or 3 divides n. Owners divide by them before anything else, and there are no curves modulo n.
func hasSmall(n *big.Int) bool {
	return n.Bit(0) == 0 || new(big.Int).Rem(n, big.NewInt(3)).Sign() == 0
}
