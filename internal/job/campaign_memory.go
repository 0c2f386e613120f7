package job

import (
	"context"
	"fmt"
	"sync"

	"factorfleet/internal/stream"
)

// A memoryError says that a process has not enough memory for a campaign.
type memoryError struct{ need, limit uint64 } // bytes

// Error implements error.
func (e *memoryError) Error() string {
	return fmt.Sprintf("not enough memory for a campaign: its relations and the linear algebra need %d MiB of memory, and this process may use %d MiB for all campaigns",
		e.need>>20, e.limit>>20)
}

// reserve takes memory for a campaign, and reports whether there is enough. The caller calls free once or more often.
func (c *campaigns) reserve(bytes uint64) (free func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes > c.memory-c.used {
		return func() {}, false
	}
	c.used += bytes
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.used -= bytes
	}), true
}

// awaitMemory leaves a campaign to other processes while an owner names its composite and this process has less than need
// bytes for it, for withoutMemory at most. Then the campaign may be examined here again.
func (c *campaigns) awaitMemory(ctx context.Context, child string, need uint64) {
	if !c.enterDeclined() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, withoutMemory)
	var declined sync.WaitGroup
	if c.decline != nil {
		declined.Go(func() { c.decline(ctx, child) })
	}
	for stream.Sleep(ctx, examineAgain) == nil && !c.hasMemory(need) && c.isCandidate(child) {
	}
	cancel()
	declined.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.without--
	delete(c.later, child)
}

// enterDeclined reports whether one campaign more may be declined, and counts it.
func (c *campaigns) enterDeclined() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.without >= maxDeclined {
		return false
	}
	c.without++
	return true
}

// hasMemory reports whether so many bytes can be reserved now.
func (c *campaigns) hasMemory(bytes uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes <= c.memory-c.used
}
