package resource

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// endless is a helper that works until its core is wanted, or stop is closed.
func endless(stop chan struct{}) func(Call) {
	return func(recalled Call) {
		for !recalled() {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// TestLending: what is idle is lent, but not what is idle for a moment; and as much is given back as is
// wanted, no more.
func TestLending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(4, 0)
		p.Enter()
		c, stop := Crew{Pool: p, Meter: NewMeter(wallClock())}, make(chan struct{})
		want := func(size, idle int) {
			t.Helper()
			time.Sleep(5 * time.Millisecond)
			if c.Size() != size || p.Idle() != idle {
				t.Errorf("%d lent, %d idle; want %d, %d", c.Size(), p.Idle(), size, idle)
			}
		}
		for i := range 5 {
			if got := c.Borrow(endless(stop)); got != (i < 3) {
				t.Errorf("core %d: %v", i, got)
			}
		}
		want(3, 0)
		p.Enter()
		want(2, 0)
		p.Enter()
		p.Enter()
		want(0, 0)
		p.Enter() // more tasks than cores
		want(0, 0)
		p.Leave()
		p.Leave()
		if c.Borrow(endless(stop)) {
			t.Error("a core is lent that is idle for 0 ms")
		}
		time.Sleep(idleBeforeLending)
		want(0, 1)
		if !c.Borrow(endless(stop)) {
			t.Error("an idle core is not lent")
		}
		want(1, 0)
		ticks := 0
		time.AfterFunc(50*time.Millisecond, func() { close(stop) })
		c.Wait(func() { ticks++ })
		if ticks < 5 || c.Meter.Helped() < 50*time.Millisecond || c.Meter.Helped() != c.Meter.Spent() {
			t.Errorf("%d ticks, %v", ticks, c.Meter.Helped())
		}
		want(0, 1)
	})
}

// TestCrewPanics: a helper's panic is its computation's.
func TestCrewPanics(t *testing.T) {
	p := NewPool(1, 0)
	c := Crew{Pool: p}
	if !c.Borrow(func(Call) { panic("broken") }) {
		t.Fatal("no core")
	}
	defer func() {
		if got := recover(); got != "broken" || p.Idle() != 1 {
			t.Errorf("panic with %v, %d cores idle", got, p.Idle())
		}
	}()
	c.Wait(func() {})
}

// TestNoPool: nobody lends, and there is memory for all.
func TestNoPool(t *testing.T) {
	var p *Pool
	var c Crew
	p.Enter()
	p.Leave()
	if p.Idle() != 0 || p.Memory() != 0 || !p.Reserve(1<<60) || !p.Fits(1<<60) || c.Borrow(func(Call) {}) {
		t.Error("a pool out of nothing")
	}
	p.Release(1 << 60)
	c.Wait(func() {})
}

func TestMemory(t *testing.T) {
	p := NewPool(1, 100)
	for _, step := range []struct {
		reserve uint64
		want    bool
	}{{60, true}, {41, false}, {1 << 63, false}, {40, true}, {1, false}, {0, true}} {
		if fits, got := p.Fits(step.reserve), p.Reserve(step.reserve); got != step.want || fits != got {
			t.Errorf("%d more bytes: %v, %v", step.reserve, fits, got)
		}
	}
	p.Release(40)
	if !p.Reserve(40) || p.Memory() != 100 {
		t.Error("what is released cannot be reserved")
	}
}

// TestCountsHold: whatever is entered, left and borrowed at the same time, there are never more lent
// than free, and at the end all are back.
func TestCountsHold(t *testing.T) {
	p := NewPool(5, 0)
	done := make(chan struct{})
	var lent, most atomic.Int64
	for i := range 6 {
		go func() {
			defer func() { done <- struct{}{} }()
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			c := Crew{Pool: p}
			for range 2000 {
				p.lastLeave.Store(0) // long ago
				switch rnd.IntN(3) {
				case 0:
					p.Enter()
					p.Leave()
				default:
					c.Borrow(func(recalled Call) {
						most.Store(max(most.Load(), lent.Add(1)))
						defer lent.Add(-1)
						recalled()
					})
				}
			}
			c.Wait(func() {})
		}()
	}
	for range 6 {
		<-done
	}
	if p.Idle() != 5 || most.Load() < 1 {
		t.Errorf("%d idle, up to %d lent", p.Idle(), most.Load())
	}
}
