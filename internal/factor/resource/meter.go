package resource

import (
	"runtime"
	"sync/atomic"
	"time"

	"factorfleet/internal/cputime"
)

// A Meter adds up the CPU time of computations that run one after the other: that of
// their own goroutine and that of their helpers. So the times do not depend on how busy
// the machine is. While a goroutine is measured, it is locked to its thread.
//
// The computation's goroutine owns all fields but spent and helped, which helpers write
// too. Helpers read clock and limit, which do not change while they run.
type Meter struct {
	clock  func() time.Duration
	own    lap           // of the computation's goroutine
	depth  int           // of Begin without End
	limit  time.Duration // of spent; 0 = none
	spent  atomic.Int64  // ns, up to the last reading of each goroutine
	helped atomic.Int64  // ns, the part of spent that is the helpers'
}

// NewMeter returns a meter that reads the CPU time of the calling thread from clock. nil
// is the clock of the system; tests have others.
func NewMeter(clock func() time.Duration) *Meter {
	if clock == nil {
		clock = cputime.Thread
	}
	return &Meter{clock: clock}
}

// A lap is the last reading of one goroutine.
type lap struct {
	cpu time.Duration // of its thread
	at  time.Time
}

// readEvery is the time between two readings of the clock of a thread by Exceeded. A
// reading takes up to a thousandth of it.
const readEvery = max(time.Millisecond, 10*cputime.Grain)

// Begin locks the calling goroutine to its thread and starts to measure it. Calls may be
// nested; each has its End.
func (m *Meter) Begin() {
	if m.depth++; m.depth == 1 {
		runtime.LockOSThread()
		m.own = lap{m.clock(), time.Now()}
	}
}

// End is the counterpart of Begin. It does not read the clock.
func (m *Meter) End() {
	if m.depth--; m.depth == 0 {
		runtime.UnlockOSThread()
	}
}

// Read reads the clock of the computation's goroutine, which takes up to a microsecond,
// and returns Spent.
func (m *Meter) Read() time.Duration {
	m.read(&m.own)
	return m.Spent()
}

// Spent returns the CPU time of all computations so far, up to the last reading of each
// goroutine.
func (m *Meter) Spent() time.Duration { return time.Duration(m.spent.Load()) }

// Helped returns the part of Spent that helpers have spent.
func (m *Meter) Helped() time.Duration { return time.Duration(m.helped.Load()) }

// SetLimit sets the value of Spent from which on Exceeded returns true; 0 is never. No
// helper may run.
func (m *Meter) SetLimit(spent time.Duration) { m.limit = spent }

// Limit returns the value of SetLimit.
func (m *Meter) Limit() time.Duration { return m.limit }

// Exceeded reports whether Spent has reached the limit. The computation's goroutine
// calls it about every 0.1 ms.
func (m *Meter) Exceeded() bool {
	m.readIfDue(&m.own)
	return m.Reached()
}

// Reached is Exceeded for helpers, whose Call reads their clock.
func (m *Meter) Reached() bool { return m.limit > 0 && m.Spent() >= m.limit }

// readIfDue reads the clock if there is a limit, and either readEvery has passed or the
// goroutine may have spent what is left: it has spent no more than has passed.
func (m *Meter) readIfDue(l *lap) (spent time.Duration) {
	if m.limit == 0 {
		return 0
	}
	if since := time.Since(l.at); since >= readEvery || since >= m.limit-m.Spent() {
		spent = m.read(l)
	}
	return spent
}

// read adds the CPU time since the last reading of l to spent, and returns it. If the
// clock is too coarse for such a short time, it is the wall-clock time.
func (m *Meter) read(l *lap) time.Duration {
	now := lap{m.clock(), time.Now()}
	spent := now.cpu - l.cpu
	if passed := now.at.Sub(l.at); passed < 10*cputime.Grain {
		spent = passed
	}
	*l = now
	m.spent.Add(int64(spent))
	return spent
}

// A helperLap measures a helper, whose goroutine owns it. A nil meter measures nothing.
type helperLap struct {
	meter *Meter
	lap   lap
}

// begin is Begin for a helper.
func (m *Meter) beginHelper() helperLap {
	if m == nil {
		return helperLap{}
	}
	runtime.LockOSThread()
	return helperLap{m, lap{m.clock(), time.Now()}}
}

// check reads the clock if it is due.
func (h *helperLap) check() {
	if h.meter != nil {
		h.meter.helped.Add(int64(h.meter.readIfDue(&h.lap)))
	}
}

// end is End for a helper.
func (h *helperLap) end() {
	if h.meter != nil {
		h.meter.helped.Add(int64(h.meter.read(&h.lap)))
		runtime.UnlockOSThread()
	}
}
