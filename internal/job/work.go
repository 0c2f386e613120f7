package job

import (
	"context"
	"math/big"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A campaignWork is what differs between a campaign that sieves and one that runs curves. The goroutine of the
// conductor calls all methods, except solve and audit, for each of which there is at most one goroutine.
type campaignWork interface {
	// machine returns the machine of the campaign. It is called once.
	machine() campaign.Conducted
	// issue queues tasks.
	issue(ctx context.Context, f *fleet.Fleet, p *task.Part, ranges []task.Range, out campaign.Issue) error
	// kind and sum are task.Yield.Kind and task.Yield.Params of yields that can count.
	kind() string
	sum() uint64
	// read completes the input of a yield.
	read(in *campaign.Yield, y *task.Yield)
	// tick does what is to be done once in a while, while yields are wanted.
	tick(ctx context.Context, d *conductor, now time.Time) error
	// slots counts the slots of workers that can work.
	slots(r *fleet.Registry, bad func(worker string) bool) fleet.SieveSlots
	// harvest returns what one core harvests now.
	harvest() harvest
	// hint adds what the owner has to know.
	hint(h *task.Hint, p *task.Part, owner string)
	// solve runs the linear algebra, see campaign.Solve.
	solve(alive func() error) (*big.Int, error)
	// audit executes an audit. The caller sets Audited.Audit.
	audit(alive func() error, out campaign.Audit) (campaign.Audited, error)
}

// newWork returns the work of a part. The caller has reserved the memory of it.
func (c *campaigns) newWork(ctx context.Context, p *task.Part) (campaignWork, error) {
	if p.Curves() {
		return c.newCurvesWork(ctx, p)
	}
	return newSieveWork(ctx, p)
}

// divisorsOf returns the divisors of a part.
func divisorsOf(p *task.Part) (list []*big.Int) {
	for _, d := range p.Divisors {
		list = append(list, d.Big())
	}
	return list
}
