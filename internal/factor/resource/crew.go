package resource

import (
	"sync"
	"time"
)

// A Crew is the goroutines that help one computation on borrowed cores. Its methods are
// called by the goroutine of that computation only; the helpers see no more of it than
// their Call. The zero Crew is empty and borrows from no pool.
//
// A panic of a helper is kept in fault, and raised again in the goroutine of the
// computation by Size or Wait. So a fault in a helper ends the computation that it
// helped, and not the process.
type Crew struct {
	Pool  *Pool
	Meter *Meter // of the computation: measures the helpers; nil = they are not measured

	running sync.WaitGroup
	mu      sync.Mutex // guards the fields below
	size    int        // helpers that run
	fault   any        // value of the first panic of a helper, nil if there is none
}

// A Call reports whether a helper must give back its core, as another computation needs
// it. When it returns true, the core has been given back, and the helper must end
// within some milliseconds. It returns true from then on. A helper calls it every few
// milliseconds, from its own goroutine.
type Call func() bool

// Borrow starts a goroutine that runs help on an idle core, and reports whether there
// is one. When help returns, the core goes back to the pool, unless its Call has given
// it back before.
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

// run is the goroutine of a helper.
func (c *Crew) run(help func(Call)) {
	back, lap := false, c.Meter.beginHelper()
	defer func() {
		fault := recover()
		lap.end()
		if !back {
			c.Pool.free.Add(1)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.size--
		if c.fault == nil {
			c.fault = fault
		}
	}()
	help(func() bool {
		lap.check()
		back = back || c.Pool.giveBack()
		return back
	})
}

// Size returns the number of helpers that run. It panics with the value of a helper's
// panic, once.
func (c *Crew) Size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fault := c.fault; fault != nil {
		c.fault = nil
		panic(fault)
	}
	return c.size
}

// Measure runs f and counts its CPU time as that of a helper. It is for goroutines that
// compute on borrowed cores without being helpers.
func (c *Crew) Measure(f func()) {
	lap := c.Meter.beginHelper()
	defer lap.end()
	f()
}

// tickEvery is the time between two calls of tick in Wait.
const tickEvery = 5 * time.Millisecond

// Wait waits until all helpers have ended, and calls tick every tickEvery meanwhile.
// The caller has told them to end before, by a condition that they check. It panics
// with the value of a helper's panic.
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
