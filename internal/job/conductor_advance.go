package job

import (
	"context"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/task"
)

// How a campaign advances decides whether the deaths of its owners count: see attempt.Sieve.

// advanceWindow is how long after the last new relation a campaign counts as one that advances. All workers of a small
// fleet may have been killed and start again.
const advanceWindow = 2 * time.Minute

// advances reports whether the campaign does what it is for: it has got new relations lately, or the solver runs.
func (d *conductor) advances(now time.Time) bool {
	switch d.machine.Phase() {
	case campaign.Sieving:
		return now.Sub(d.grown) < advanceWindow
	case campaign.Solving:
		return true
	}
	return false
}

// noteAdvance stores the advance of the campaign if it has grown by a unit: at most task.MaxAdvance times.
func (d *conductor) noteAdvance(ctx context.Context) error {
	advance := min(task.AdvanceUnits*d.set.Len()/max(d.set.Expected(), 1), task.MaxAdvance-1)
	if advance <= d.part.Advance {
		return nil
	}
	return d.change(ctx, func(p *task.Part) error { p.Advance = max(p.Advance, advance); return nil })
}
