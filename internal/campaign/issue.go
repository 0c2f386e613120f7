package campaign

import "time"

// FirmTime is that of package task: workers end longer tasks early for tasks of others.
const FirmTime = 4 * time.Second

// Bounds of the time of a sieve task and of the time between two yields.
const (
	minTime, maxTime   = 2 * time.Second, 10 * time.Second
	minFlush, maxFlush = 250 * time.Millisecond, 2 * time.Second
	timeOfSlot         = 50 * time.Millisecond // so that at most 20 tasks begin in a second
)

// taskTime is taskTime for the fleet. While tasks of others wait, tasks are short, so that workers do not end them early.
func (c *core) taskTime(left time.Duration) (run, flush time.Duration) {
	run, flush = taskTime(left, c.fleet.Slots)
	if c.fleet.Others {
		run = min(run, FirmTime)
	}
	return run, flush
}

// taskTime returns how long a sieve task runs, and how often it publishes a yield, if the
// sieve needs about left more time on so many slots:
//
//	time = left/4, 2 s to max(5 s, min(10 s, slots * 50 ms));  flush = left/20, 0.25 s to 2 s.
//
// So few tasks are running for nothing when the last relation arrives, and the last
// relations arrive soon after they are found. In a small fleet tasks are shorter, for the
// tasks of others in the class of sieve tasks, for which workers do not end them early.
func taskTime(left time.Duration, slots int) (run, flush time.Duration) {
	most := max(min(time.Duration(min(slots, 1000))*timeOfSlot, maxTime), 5*time.Second)
	return min(max(left/4, minTime), most), min(max(left/20, minFlush), maxFlush)
}

// issue issues tasks up to the limit, as far as numbers are reserved.
func (m *Machine) issue(now time.Time) {
	if m.phase != Sieving || !m.replayed {
		return
	}
	run, flush := m.taskTime(m.left())
	m.queue(Issue{Size: TaskSize(m.c.Coefficients), Time: run, Flush: flush}, firstOfOwners(m.c.Coefficients), now)
}
