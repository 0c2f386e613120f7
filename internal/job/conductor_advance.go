package job

import (
	"context"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/task"
)

// How a campaign advances decides whether the deaths of its owners count: see attempt.Sieve.

// advanceWindow is how long after the last yield that counts a campaign counts as one that advances. All workers of a
// small fleet may have been killed and start again.
const advanceWindow = 2 * time.Minute

// advances reports whether the campaign does what it is for: yields have counted lately, or the solver runs.
func (d *conductor) advances(now time.Time) bool {
	return d.machine.Phase() == campaign.Solving || d.machine.Active() && now.Sub(d.grown) < advanceWindow
}

// noteAdvance stores the advance of the campaign if it has grown: at most task.MaxAdvance times.
func (d *conductor) noteAdvance(ctx context.Context) error {
	advance := d.work.advance()
	if advance <= d.part.Advance {
		return nil
	}
	return d.record(ctx, func(p *task.Part) { p.Advance = max(p.Advance, advance) })
}
