package job

import (
	"slices"

	"factorfleet/internal/task"
)

// lostLeast is how many lost tasks make a worker suspect, if they are three quarters of its tasks.
const lostLeast = 8

// A taker counts the tasks of one worker.
type taker struct {
	done     int          // tasks of which it has sent a yield
	lost     []task.Range // tasks that it has named and that are lost
	failures uint64       // that its heartbeats stated when they named the first one of lost
}

// limit halves the counts when they are large, so that what was long ago counts less.
func (c *taker) limit() {
	if c.done+len(c.lost) > 8*lostLeast {
		c.done, c.lost = c.done/2, slices.Clone(c.lost[len(c.lost)/2:])
	}
}

// isSuspect reports whether a worker has lost most of its tasks.
func (c *taker) isSuspect() bool {
	return len(c.lost) >= lostLeast && 4*len(c.lost) >= 3*(len(c.lost)+c.done)
}

// taker returns the counts of a worker, nil if there are too many workers.
func (k *taken) taker(worker string) *taker {
	c := k.of[worker]
	if c == nil && len(k.of) < maxBounded {
		c = new(taker)
		k.of[worker] = c
	}
	return c
}

// forget forgets the counts of a worker.
func (k *taken) forget(worker string) { delete(k.of, worker) }
