package campaign

import (
	"math/big"
	"time"
)

// A Conducted is a machine as its driver sees it: a Machine or a CurveMachine.
type Conducted interface {
	// Begin returns the outputs that follow from the manifest alone. The driver calls it once, before Step.
	Begin() []Output
	// Step handles one input and returns what the driver must do. now must not go back; only differences between
	// calls count.
	Step(in Input, now time.Time) []Output
	Phase() Phase
	Active() bool // yields and divisors are still wanted
	Progress(now time.Time) Progress
}

// core is what the machines of a sieve and of curves have in common: the phase, the divisor, and the numbers that
// are issued.
type core struct {
	number   *big.Int
	phase    Phase
	replayed bool
	stopped  bool     // Stop was an output
	divisor  *big.Int // proper; nil until Finished

	fleet       Fleet     // the last one, with what was issued since; Others: see report
	othersSeen  int       // so many reports in a row had Others
	othersSince time.Time // while fleet.Others: when it began
	next        uint64    // to be issued
	reserved    uint64    // numbers below may be issued

	out []Output // of the Step that runs
}

// Phase returns the phase.
func (c *core) Phase() Phase { return c.phase }

// Divisor returns a proper divisor of the number, nil if none is known.
func (c *core) Divisor() *big.Int { return c.divisor }

// put adds an output.
func (c *core) put(o Output) { c.out = append(c.out, o) }

// Active is that of Conducted.
func (c *core) Active() bool {
	return c.phase == Sieving || c.phase == Solving || c.phase == Curving
}

// stop stops the work of the campaign, once.
func (c *core) stop() {
	if !c.stopped {
		c.stopped = true
		c.put(Stop{})
	}
}

// end ends the campaign.
func (c *core) end() {
	c.stop()
	c.phase = Over
	c.put(End{})
}

// split ends the search if d divides the number properly, and reports whether it does. curve may be nil.
func (c *core) split(d *big.Int, curve *Curve) bool {
	if !c.Active() || !divides(d, c.number) {
		return false
	}
	c.phase, c.divisor = Finished, new(big.Int).Set(d)
	c.put(Split{c.divisor, curve})
	c.stop()
	return true
}

// divides reports whether d is a proper divisor of n: 1 < d < n and d | n.
func divides(d, n *big.Int) bool {
	return d.Cmp(big.NewInt(1)) > 0 && d.Cmp(n) < 0 && new(big.Int).Rem(n, d).Sign() == 0
}

// othersReports is after how many reports tasks of others that wait count.
const othersReports = 5

// report notes the state of the fleet. Tasks of others that wait count from report othersReports in a row on: until
// then workers end tasks early for them. So single tasks, one after the other, do not empty the queue of the campaign.
func (c *core) report(f Fleet, now time.Time) {
	if c.othersSeen++; !f.Others {
		c.othersSeen = 0
	}
	f.Others = c.othersSeen >= othersReports
	if f.Others && !c.fleet.Others {
		c.othersSince = now
	}
	c.fleet = f
}

// TasksForSlot is how many tasks exist for each slot while nothing else waits: one runs,
// and one waits in the worker, which keeps no more.
const TasksForSlot = 2

// limit returns how many tasks the campaign may have, queued and running. A task runs for
// run.
//
// While tasks of others wait, it is half of the slots. A slot that is left over gets two
// tasks in the time of five: with the end of the second, that is nearly half. The tasks
// must be in a class that workers request first, so that they do not wait behind those of
// others.
func (c *core) limit(run time.Duration, now time.Time) int {
	f := &c.fleet
	if !f.Others {
		return TasksForSlot * f.Slots
	}
	limit := f.Slots / 2
	if turn := now.Sub(c.othersSince) / run; f.Slots%2 == 1 && turn%5 < 2 {
		limit++
	}
	return limit
}

// reserveTasks is how many tasks are reserved at once, so that the manifest is seldom
// written: at 10 s a task and 100 slots, once in half a minute.
const reserveTasks = 256

// queue issues tasks such as t, whose First and Tasks it sets, up to the limit, as far as numbers are reserved. It
// returns how many. The numbers below end exist.
func (c *core) queue(t Issue, end uint64, now time.Time) int {
	f := &c.fleet
	limit := c.limit(t.Time, now)
	if f.Others && f.Queued > 0 && f.Running+f.Queued > limit {
		f.Queued = 0
		c.put(Purge{})
	}
	count := max(0, limit-f.Running-f.Queued)
	count = int(min(uint64(count), (end-min(c.next, end))/t.Size))
	if count == 0 {
		return 0 // or all numbers are used up: the campaign waits for what was issued
	}
	if missing := c.next + uint64(count)*t.Size; missing > c.reserved {
		c.put(Reserve{min(max(missing, c.next+reserveTasks*t.Size), end)})
		return 0
	}
	t.First, t.Tasks = c.next, count
	c.put(t)
	c.next += uint64(count) * t.Size
	f.Queued += count
	return count
}
