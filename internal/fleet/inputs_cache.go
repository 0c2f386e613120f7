package fleet

import (
	"slices"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A blockCache keeps the blocks that were used last. The results of a job arrive nearly in the order of its input, from
// all workers at once, behind what its feeder has stored: the feeder's process finds its own blocks here until the
// workers are half a million short numbers behind. On a slow network each block that is not here costs a round trip.
// Other processes keep less: a supervisor watches many jobs.
type blockCache struct {
	entries []cachedBlock // at most cachedBlocks; the last used comes last
	size    int           // bytes of all entries; at most most(), unless there is one entry
	feeder  bool          // of the process that feeds the job
}

type cachedBlock struct {
	task.Range
	numbers []nat.Nat
	size    int // bytes
}

const (
	cachedBlocks = 256
	cachedBytes  = 2 << 20
	feederBytes  = 8 << 20
)

// most returns how many bytes the cache may hold.
func (c *blockCache) most() int {
	if c.feeder {
		return feederBytes
	}
	return cachedBytes
}

// get returns the numbers of a block, and makes it the last used one. The caller holds Inputs.mu.
func (c *blockCache) get(r task.Range) ([]nat.Nat, bool) {
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := c.entries[i]; e.Range == r {
			c.entries = append(append(c.entries[:i], c.entries[i+1:]...), e)
			return e.numbers, true
		}
	}
	return nil, false
}

// put adds a block in place of those that were used longest ago. The caller holds Inputs.mu.
func (c *blockCache) put(r task.Range, numbers []nat.Nat) {
	if _, ok := c.get(r); ok {
		return // two goroutines have read it
	}
	e := cachedBlock{r, numbers, sizeOf(numbers)}
	drop := 0
	for c.size += e.size; drop < len(c.entries) && (c.size > c.most() || len(c.entries)-drop == cachedBlocks); drop++ {
		c.size -= c.entries[drop].size
	}
	c.entries = append(slices.Delete(c.entries, 0, drop), e)
}

// sizeOf returns how many bytes of memory numbers take, about: 16 for each, and a big.Int for one of 2^64 or more.
func sizeOf(numbers []nat.Nat) (size int) {
	for _, n := range numbers {
		if size += 16; n.ByteLen() > 8 {
			size += 48 + n.ByteLen()
		}
	}
	return size
}
