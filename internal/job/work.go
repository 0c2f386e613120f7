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
	// issue queues tasks. mixed says that workers are alive that cannot run them: see Fleet.IssueSieve.
	issue(ctx context.Context, f *fleet.Fleet, p *task.Part, ranges []task.Range, out campaign.Issue, mixed bool) error
	// advance returns how much of the work is done and verified, as task.Part.Advance, below task.MaxAdvance.
	advance() int
	// drop frees the memory of the work. After it only hint, kind and sum are called.
	drop()
	// kind and sum are task.Yield.Kind and task.Yield.Params of yields that can count.
	kind() string
	sum() uint64
	// read completes the input of a yield.
	read(in *campaign.Yield, y *task.Yield)
	// tick is called each second while yields are wanted.
	tick(ctx context.Context, d *conductor, now time.Time) error
	// slots counts the slots of workers that can work.
	slots(r *fleet.Registry, bad func(worker string) bool) fleet.SieveSlots
	// harvest returns what one core harvests now.
	harvest() harvest
	// hint adds what the owner has to know.
	hint(h *task.Hint, p *task.Part, owner string)
	// solve runs the linear algebra, see campaign.Solve.
	solve(alive func() error) (*big.Int, error)
	// solved returns which part of the linear algebra is over, 0 to 1. It may be called while solve runs.
	solved() float64
	// audit returns what executes an audit, in a goroutine of its own: the work may be dropped meanwhile. The caller sets
	// Audited.Audit.
	audit(out campaign.Audit) func(alive func() error) (campaign.Audited, error)
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
