package resource

import (
	"sync"
	"time"
)

// A Crew is the goroutines that help one computation on borrowed cores. Its methods are called by
// the goroutine of that computation. The zero Crew is empty and borrows from no pool.
type Crew struct {
	Pool *Pool

	running sync.WaitGroup
	mu      sync.Mutex // guards what follows
	size    int        // goroutines that run
	spent   time.Duration
	fault   any // what the first of them that panicked did so with
}

// A Call tells a helper whether its core is wanted elsewhere. Once it has returned true the core is
// given back, and the helper is to end within some milliseconds.
type Call func() bool

// Borrow has help run on a core that is idle, and reports whether there is one.
func (c *Crew) Borrow(help func(recalled Call)) bool {
	if !c.Pool.borrow() {
		return false
	}
	c.mu.Lock()
	c.size++
	c.mu.Unlock()
	c.running.Go(func() { c.run(help) })
	return true
}

func (c *Crew) run(help func(Call)) {
	back, began := false, time.Now()
	defer func() {
		fault := recover()
		if !back {
			c.Pool.free.Add(1)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.size--
		c.spent += time.Since(began)
		if c.fault == nil {
			c.fault = fault
		}
	}()
	help(func() bool {
		back = back || c.Pool.giveBack()
		return back
	})
}

// Size returns how many helpers there are. It panics with what one of them has panicked with.
func (c *Crew) Size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fault := c.fault; fault != nil {
		c.fault = nil
		panic(fault)
	}
	return c.size
}

// TakeSpent returns the time that helpers have run which have ended since the last call.
func (c *Crew) TakeSpent() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.spent
	c.spent = 0
	return t
}

// tickEvery is the time between two calls of tick in Wait.
const tickEvery = 5 * time.Millisecond

// Wait waits until all helpers have ended, and calls tick meanwhile. Somebody has told them to. It
// panics with what one of them has panicked with.
func (c *Crew) Wait(tick func()) {
	if c.Size() == 0 {
		c.running.Wait() // the last one is about to end
		return
	}
	ended := make(chan struct{})
	go func() { c.running.Wait(); close(ended) }()
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			c.Size()
			return
		case <-ticker.C:
			tick()
		}
	}
}
