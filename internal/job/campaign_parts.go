package job

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/campaign"
)

// What a process knows of the campaigns of the fleet, those of other processes too.

// shareOf returns how many slots a campaign may use.
func (c *campaigns) shareOf(ctx context.Context, child string, slots int) int {
	_, working := c.allParts(ctx)
	i, ok := slices.BinarySearch(working, child)
	if !ok {
		working = slices.Insert(slices.Clone(working), i, child)
	}
	return campaign.Share(slots, len(working), i)
}

// othersWorking counts the campaigns that are not done, except that of a child.
func (c *campaigns) othersWorking(ctx context.Context, child string) int {
	_, working := c.allParts(ctx)
	if slices.Contains(working, child) {
		return len(working) - 1
	}
	return len(working)
}

// exists reports whether there is a part of that id.
func (c *campaigns) exists(ctx context.Context, child string) bool {
	parts, _ := c.allParts(ctx)
	_, ok := slices.BinarySearch(parts, child)
	return ok
}

// allParts returns the children of all campaigns, and those of them that are not done, sorted: the others have a divisor
// or have failed, and wait for the answer of their number. They are listed every few seconds. While one goroutine lists
// them, the others get the list before, if there is one.
func (c *campaigns) allParts(ctx context.Context) (parts, working []string) {
	c.mu.Lock()
	parts, working = c.parts, c.working
	due := time.Since(c.partsAt) > 2*c.every
	if due && !c.partsAt.IsZero() { // until there is a list, nobody goes on without one
		c.partsAt = time.Now()
	}
	c.mu.Unlock()
	if !due {
		return parts, working
	}
	all, notDone, err := c.f.AllParts(ctx)
	if err != nil {
		return parts, working
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts, c.working, c.partsAt = all, notDone, time.Now()
	return all, notDone
}

// addWorking notes a campaign that has just begun.
func (c *campaigns) addWorking(child string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts, c.working = with(c.parts, child), with(c.working, child)
}

// with returns a copy of a sorted list with child in it.
func with(list []string, child string) []string {
	i, ok := slices.BinarySearch(list, child)
	if ok {
		return list
	}
	return slices.Insert(slices.Clone(list), i, child)
}
