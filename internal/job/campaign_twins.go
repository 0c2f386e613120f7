package job

import (
	"context"
	"slices"
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
	_, working := c.allParts(ctx)
	for child, y := range *found {
		if _, works := slices.BinarySearch(working, child); works && child != x.child && y.Number.Cmp(x.Number) == 0 {
			return true
		}
	}
	return false
}
