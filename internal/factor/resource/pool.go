// Package resource counts what all computations of a process use together: cores and
// memory.
//
// A computation has the core of its own goroutine, between Enter and Leave. It may
// borrow cores that are idle, for as long as no other computation needs them: a Crew
// runs a helper goroutine on each. Memory is only counted: a computation reserves an
// upper bound of what it will use.
//
// The invariant of the cores:
//
//	free = cores - computations that have entered - helpers that have not given back their core
//
// Enter never waits, so that free may fall below 0. Then -free helpers are to give back
// their cores; each asks every few milliseconds, and the first ones that ask do. Leave
// and the end of a helper add 1.
package resource

import (
	"sync/atomic"
	"time"
)

// A Pool is the cores and the memory that computations share. Its methods may be called
// from several goroutines. A nil Pool lends no core and has no limit of memory.
type Pool struct {
	memory    uint64        // bytes; 0 is no limit
	reserved  atomic.Uint64 // bytes of memory, at most memory unless that is 0
	free      atomic.Int64  // see the invariant of the package
	lastLeave atomic.Int64  // when a computation last ended, in Unix nanoseconds
}

// idleBeforeLending is the time after the last Leave before cores are lent. Between two
// tasks of a list a core is idle for a moment; a helper that started then would only
// delay the next task.
const idleBeforeLending = 20 * time.Millisecond

// NewPool returns a pool of so many cores and bytes of memory; 0 bytes is no limit.
func NewPool(cores int, memory uint64) *Pool {
	p := &Pool{memory: memory}
	p.free.Store(int64(cores))
	return p
}

// Enter takes a core for a computation that begins, at once. If no core is free, a
// helper gives back a borrowed one within some milliseconds, and until then more
// goroutines run than cores.
func (p *Pool) Enter() {
	if p != nil {
		p.free.Add(-1)
	}
}

// Leave gives the core of Enter back. It is called once for each Enter.
func (p *Pool) Leave() {
	if p != nil {
		p.lastLeave.Store(time.Now().UnixNano())
		p.free.Add(1)
	}
}

// Idle returns the number of cores that can be borrowed now, or after
// idleBeforeLending.
func (p *Pool) Idle() int {
	if p == nil {
		return 0
	}
	return int(max(p.free.Load(), 0))
}

// borrow takes an idle core, if there is one.
func (p *Pool) borrow() bool {
	if p == nil || p.free.Load() <= 0 || time.Now().UnixNano()-p.lastLeave.Load() < int64(idleBeforeLending) {
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

// giveBack gives a borrowed core back if free is below 0, and reports whether it did.
// The caller must have borrowed one. Of several helpers that ask at the same time, no
// more than -free succeed.
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

// Memory returns the limit in bytes. 0 is no limit.
func (p *Pool) Memory() uint64 {
	if p == nil {
		return 0
	}
	return p.memory
}

// Fits reports whether Reserve would succeed now. Another goroutine may reserve memory
// before the caller does.
func (p *Pool) Fits(bytes uint64) bool {
	if p == nil || p.memory == 0 {
		return true
	}
	used := p.reserved.Load()
	return bytes <= p.memory && used <= p.memory-bytes
}

// Reserve reserves so many bytes and returns true, or returns false if there are not so
// many left. The subtraction on the right side of the comparison cannot overflow.
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

// Release gives back bytes that Reserve has reserved.
func (p *Pool) Release(bytes uint64) {
	if p != nil && p.memory != 0 {
		p.reserved.Add(-bytes)
	}
}
