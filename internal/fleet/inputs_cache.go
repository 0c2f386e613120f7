package fleet

import (
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A blockCache keeps the blocks that were used last. A block of 4096 numbers of one word takes
// 64 KiB, one of long numbers at most about four times its 256 KiB on the wire: so a cache takes
// 1.5 to 24 MiB. The results of a job arrive nearly in the order of its input, from all workers at
// once: the chunks of a fleet of some hundred slots lie in a few blocks.
type blockCache struct {
	entries []cachedBlock // at most cachedBlocks; the last used comes last
}

type cachedBlock struct {
	task.Range
	numbers []nat.Nat
}

const cachedBlocks = 24

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

// put adds a block in place of the one that was used longest ago. The caller holds Inputs.mu.
func (c *blockCache) put(r task.Range, numbers []nat.Nat) {
	if _, ok := c.get(r); ok {
		return // two goroutines have read it
	}
	if len(c.entries) == cachedBlocks {
		c.entries = append(c.entries[:0], c.entries[1:]...)
	}
	c.entries = append(c.entries, cachedBlock{r, numbers})
}
