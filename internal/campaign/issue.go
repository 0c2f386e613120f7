package campaign

import "time"

// Bounds of the time of a sieve task and of the time between two yields.
const (
	minTime, maxTime   = 2 * time.Second, 10 * time.Second
	minFlush, maxFlush = 250 * time.Millisecond, 2 * time.Second
	timeOfSlot         = 50 * time.Millisecond // so that at most 20 tasks begin in a second
)

// taskTime returns how long a sieve task runs, and how often it publishes a yield, if the
// sieve needs about left more time on so many slots:
//
//	time = left/4, 2 s to max(3 s, min(10 s, slots * 50 ms));  flush = left/20, 0.25 s to 2 s.
//
// So few tasks are running for nothing when the last relation arrives, and the last
// relations arrive soon after they are found. In a small fleet tasks are short, so that
// the tasks of others, when they arrive, soon have half of the slots.
func taskTime(left time.Duration, slots int) (run, flush time.Duration) {
	most := max(min(time.Duration(min(slots, 1000))*timeOfSlot, maxTime), 3*time.Second)
	return min(max(left/4, minTime), most), min(max(left/20, minFlush), maxFlush)
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
func (m *Machine) limit(run time.Duration, now time.Time) int {
	f := &m.fleet
	if !f.Others {
		return TasksForSlot * f.Slots
	}
	limit := f.Slots / 2
	if turn := now.Sub(m.othersSince) / run; f.Slots%2 == 1 && turn%5 < 2 {
		limit++
	}
	return limit
}

// reserveTasks is how many tasks are reserved at once, so that the manifest is seldom
// written: at 10 s a task and 100 slots, once in half a minute.
const reserveTasks = 256

// issue issues tasks up to the limit, as far as numbers are reserved.
func (m *Machine) issue(now time.Time) {
	if m.phase != Sieving || !m.replayed {
		return
	}
	f, size := &m.fleet, TaskSize(m.c.Coefficients)
	run, flush := taskTime(m.left(), f.Slots)
	limit := m.limit(run, now)
	if f.Others && f.Queued > 0 && f.Running+f.Queued > limit {
		f.Queued = 0
		m.put(Purge{})
	}
	count := max(0, limit-f.Running-f.Queued)
	end := firstOfOwners(m.c.Coefficients)
	count = int(min(uint64(count), (end-min(m.next, end))/size))
	if count == 0 {
		return // all numbers are used up: the campaign waits for what was issued
	}
	if missing := m.next + uint64(count)*size; missing > m.reserved {
		m.put(Reserve{min(max(missing, m.next+reserveTasks*size), end)})
		return
	}
	m.put(Issue{First: m.next, Size: size, Tasks: count, Time: run, Flush: flush})
	m.next += uint64(count) * size
	f.Queued += count
}
