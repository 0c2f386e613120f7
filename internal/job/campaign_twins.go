package job

import (
	"context"
	"slices"

	"factorfleet/internal/task"
)

// Two numbers may have the same composite: the same number is in two jobs, or twice in one. One campaign is enough. While
// it works, none begins for the other number. The owners of both get its divisor, by which they divide as they do with
// every hint. If it ends without one, the other number may have a campaign of its own.

// hasTwin reports whether a campaign works on the composite of another candidate, and it is the same.
func (c *campaigns) hasTwin(ctx context.Context, x *candidate) bool {
	found := c.candidates.Load()
	if found == nil {
		return false
	}
	_, sieve := c.allParts(ctx)
	for child, y := range *found {
		if _, works := slices.BinarySearch(sieve, child); works && child != x.child && y.Number.Cmp(x.Number) == 0 {
			return true
		}
	}
	return false
}

// hintTwins tells the owners of other numbers with the same composite which divisors are known.
func (d *conductor) hintTwins() {
	found := d.c.candidates.Load()
	if found == nil || len(d.part.Divisors) == 0 {
		return
	}
	for child, y := range *found {
		if child == d.part.ID || y.Number.Cmp(d.part.Composite) != 0 {
			continue
		}
		h := task.Hint{Job: y.Job, Position: y.Position, Composite: y.Number, Divisors: d.part.Divisors}
		for _, owner := range y.owners {
			if err := d.c.f.Hint(owner, &h); err != nil {
				d.log.Debug().Err(err).Str("worker", owner).Msg("cannot send a hint")
			}
		}
	}
}
