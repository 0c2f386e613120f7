// Package resource counts what all computations of a process use together: cores and memory. A
// computation has the core of its own goroutine; it may borrow those that are idle, for as long as
// they are.
package resource

import (
	"sync/atomic"
	"time"
)

// A Pool is the cores and the memory that computations share. Its methods may be called from
// several goroutines; a nil Pool lends no core and has memory for all.
type Pool struct {
	cores    int
	memory   uint64        // bytes; 0 is no limit
	reserved atomic.Uint64 // of memory
	busy     atomic.Int64  // computations between Enter and Leave
	free     atomic.Int64  // cores less those that compute and those that are lent; below 0 some are to be given back
	left     atomic.Int64  // when a computation last ended, in Unix nanoseconds
}

// patience is how long a core must have been idle before it is lent: between two tasks of a list it
// is for a moment, and to begin with something else then would only delay the next.
const patience = 20 * time.Millisecond

// NewPool returns a pool of so many cores and bytes of memory; 0 bytes is no limit.
func NewPool(cores int, memory uint64) *Pool {
	p := &Pool{cores: cores, memory: memory}
	p.free.Store(int64(cores))
	return p
}

// Enter takes a core for a computation that begins, at once. If all are in use a lent one is to be
// given back, which Crew does within some milliseconds.
func (p *Pool) Enter() {
	if p != nil {
		p.busy.Add(1)
		p.free.Add(-1)
	}
}

// Leave gives the core of Enter back.
func (p *Pool) Leave() {
	if p != nil {
		p.left.Store(time.Now().UnixNano())
		p.busy.Add(-1)
		p.free.Add(1)
	}
}

// Idle returns how many cores could be borrowed now or in a moment.
func (p *Pool) Idle() int {
	if p == nil {
		return 0
	}
	return int(max(p.free.Load(), 0))
}

// Spare returns how many cores no computation has as its own: those that are idle or lent.
func (p *Pool) Spare() int {
	if p == nil {
		return 0
	}
	return max(p.cores-int(p.busy.Load()), 0)
}

// borrow takes an idle core, if there is one.
func (p *Pool) borrow() bool {
	if p == nil || p.free.Load() <= 0 || time.Now().UnixNano()-p.left.Load() < int64(patience) {
		return false
	}
	for {
		n := p.free.Load()
		if n <= 0 {
			return false
		}
		if p.free.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// giveBack gives a borrowed core back if one is wanted, and reports whether it has.
func (p *Pool) giveBack() bool {
	for {
		n := p.free.Load()
		if n >= 0 {
			return false
		}
		if p.free.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Memory returns the limit in bytes, 0 for none.
func (p *Pool) Memory() uint64 {
	if p == nil {
		return 0
	}
	return p.memory
}

// Fits reports whether Reserve would succeed.
func (p *Pool) Fits(bytes uint64) bool {
	if p == nil || p.memory == 0 {
		return true
	}
	used := p.reserved.Load()
	return bytes <= p.memory && used <= p.memory-bytes
}

// Reserve takes so many bytes, or none and returns false if there are not so many left.
func (p *Pool) Reserve(bytes uint64) bool {
	if p == nil || p.memory == 0 {
		return true
	}
	for {
		used := p.reserved.Load()
		if bytes > p.memory || used > p.memory-bytes {
			return false
		}
		if p.reserved.CompareAndSwap(used, used+bytes) {
			return true
		}
	}
}

// Release gives back what Reserve took.
func (p *Pool) Release(bytes uint64) {
	if p != nil && p.memory != 0 {
		p.reserved.Add(-bytes)
	}
}
