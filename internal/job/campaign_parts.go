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
	_, sieve := c.allParts(ctx)
	i, ok := slices.BinarySearch(sieve, child)
	if !ok {
		sieve = slices.Insert(slices.Clone(sieve), i, child)
	}
	return campaign.Share(slots, len(sieve), i)
}

// othersSieving counts the campaigns that sieve, except that of a child.
func (c *campaigns) othersSieving(ctx context.Context, child string) int {
	_, sieve := c.allParts(ctx)
	if slices.Contains(sieve, child) {
		return len(sieve) - 1
	}
	return len(sieve)
}

// exists reports whether there is a part of that id.
func (c *campaigns) exists(ctx context.Context, child string) bool {
	parts, _ := c.allParts(ctx)
	_, ok := slices.BinarySearch(parts, child)
	return ok
}

// allParts returns the children of all campaigns, and those of them that sieve, sorted: the others have a divisor or
// have failed, and wait for the answer of their number. They are listed every few seconds. While one goroutine lists them,
// the others get the list before, if there is one.
func (c *campaigns) allParts(ctx context.Context) (parts, sieve []string) {
	c.mu.Lock()
	parts, sieve = c.parts, c.sieve
	due := time.Since(c.partsAt) > 2*c.every
	if due && !c.partsAt.IsZero() { // until there is a list, nobody goes on without one
		c.partsAt = time.Now()
	}
	c.mu.Unlock()
	if !due {
		return parts, sieve
	}
	all, sieving, err := c.f.AllParts(ctx)
	if err != nil {
		return parts, sieve
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts, c.sieve, c.partsAt = all, sieving, time.Now()
	return all, sieving
}

// addSieving notes a campaign that has just begun.
func (c *campaigns) addSieving(child string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts, c.sieve = with(c.parts, child), with(c.sieve, child)
}

// with returns a copy of a sorted list with child in it.
func with(list []string, child string) []string {
	i, ok := slices.BinarySearch(list, child)
	if ok {
		return list
	}
	return slices.Insert(slices.Clone(list), i, child)
}
