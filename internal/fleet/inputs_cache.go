package fleet

import (
	"runtime"
	"slices"
	"sync/atomic"

	"factorfleet/internal/task"
)

// A blockCache keeps the blocks of a job that were used last. The results of a job arrive nearly in the order of its
// input, from all workers at once, behind what its feeder has stored: the feeder's process finds its own blocks here
// until the workers are half a million short numbers behind. On a slow network each block that is not here costs a round
// trip. Its methods are called by the holder of Inputs.mu.
type blockCache struct {
	budget  *cacheBudget
	entries []cachedBlock // at most cachedBlocks; the last used comes last
	size    int           // bytes of all entries; at most its share of the budget, unless there is one entry
}

type cachedBlock struct {
	task.Range
	block task.Block
	size  int // bytes
}

const (
	cachedBlocks = 256
	cachedBytes  = 8 << 20   // of one job
	cachedTotal  = 128 << 20 // of all jobs of a process: a supervisor watches 128 of them
)

// A cacheBudget is what the caches of a process share. A cache counts until the collector has removed its Inputs.
type cacheBudget struct{ caches, bytes atomic.Int64 }

// newBlockCache returns the cache of in, which is empty.
func newBlockCache(in *Inputs, budget *cacheBudget) *blockCache {
	c := &blockCache{budget: budget}
	budget.caches.Add(1)
	runtime.AddCleanup(in, (*blockCache).release, c)
	return c
}

// release returns what a cache has of its budget.
func (c *blockCache) release() {
	c.budget.caches.Add(-1)
	c.budget.bytes.Add(int64(-c.size))
}

// get returns the content of a block, and makes it the last used one.
func (c *blockCache) get(r task.Range) (task.Block, bool) {
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := c.entries[i]; e.Range == r {
			c.entries = append(append(c.entries[:i], c.entries[i+1:]...), e)
			c.trim()
			return e.block, true
		}
	}
	return task.Block{}, false
}

// put adds a block in place of those that were used longest ago.
func (c *blockCache) put(r task.Range, block task.Block) {
	if _, ok := c.get(r); ok {
		return // two goroutines have read it
	}
	e := cachedBlock{r, block, sizeOf(block)}
	c.entries = append(c.entries, e)
	c.size += e.size
	c.budget.bytes.Add(int64(e.size))
	c.trim()
}

// trim removes the blocks that were used longest ago, but not the last one: those that exceed the limit of a job, and
// if the caches of all jobs exceed theirs, those that exceed an equal share.
func (c *blockCache) trim() {
	limit, drop, before := cachedBytes, 0, c.size
	if c.budget.bytes.Load() > cachedTotal {
		limit = min(limit, int(cachedTotal/max(1, c.budget.caches.Load())))
	}
	for ; len(c.entries)-drop > 1 && (c.size > limit || len(c.entries)-drop > cachedBlocks); drop++ {
		c.size -= c.entries[drop].size
	}
	c.entries = slices.Delete(c.entries, 0, drop)
	c.budget.bytes.Add(int64(c.size - before))
}

// sizeOf returns how many bytes of memory a block takes, about: 16 for each number, a big.Int for one of 2^64 or more, and
// 24 and its bytes for each text.
func sizeOf(block task.Block) (size int) {
	for _, w := range block.Written {
		size += 24 + len(w.Text)
	}
	for _, n := range block.Numbers {
		if size += 16; n.ByteLen() > 8 {
			size += 48 + n.ByteLen()
		}
	}
	return size
}
