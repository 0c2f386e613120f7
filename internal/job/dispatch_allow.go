package job

import (
	"time"

	"factorfleet/internal/task"
)

// An allowance is what the holder of a throttled job may queue now.
type allowance struct {
	tasks   int           // so many tasks at most; 0 = none
	numbers uint64        // a task may begin as long as fewer numbers than these are queued; 0 = none
	wait    time.Duration // tasks == 0: until the next decision; 0 = until something else changes
}

// most returns how many numbers the tasks can have: the last one, too, has all numbers of its chunk.
func (a allowance) most() uint64 { return min(uint64(a.tasks)*task.MaxCount, a.numbers+task.MaxCount) }

// Limits of what one operation queues. They bound the memory of an operation.
const (
	dispatchTasks   = 2048
	dispatchNumbers = 16 * task.MaxCount
)

// rateStep is the shortest time between two operations of a job with a rate, so that a high rate does not cause an
// operation for each number.
const rateStep = 50 * time.Millisecond

// longestWait bounds allowance.wait: the server's clock may be set meanwhile.
const longestWait = time.Minute

// allow decides what of a throttled job may be queued at the server's time now. running counts its tasks that are queued
// or run; tokens are those of its bucket. The first row that applies decides:
//
//	the manifest                           | allowance
//	paused                                 | none
//	After is later than now                | none until then
//	MaxRunning tasks run                   | none until one of them is covered
//	Rate, less than 1 token                | none until there is a token
//	MaxRunning                             | MaxRunning - running tasks
//	Rate                                   | tasks until there are as many numbers as tokens
//	none of them                           | as many as one operation queues
func allow(j *task.Job, running int, tokens float64, now time.Time) allowance {
	a := allowance{tasks: dispatchTasks, numbers: dispatchNumbers}
	if j.Paused {
		return allowance{}
	}
	if j.After != nil && now.Before(*j.After) {
		return allowance{wait: min(max(j.After.Sub(now), time.Millisecond), longestWait)}
	}
	if j.MaxRunning > 0 {
		a.tasks = min(a.tasks, max(0, j.MaxRunning-running))
	}
	if a.tasks == 0 {
		return allowance{}
	}
	if j.Rate > 0 {
		if tokens < 1 {
			wait := (1 - tokens) / j.Rate * float64(time.Second)
			return allowance{wait: time.Duration(min(max(wait, float64(rateStep)), float64(longestWait)))}
		}
		a.numbers = min(a.numbers, uint64(min(tokens, dispatchNumbers)))
	}
	return a
}

// A bucket bounds the numbers that are queued of a job with a rate. It is a token bucket: it gains rate tokens a second,
// up to those of one second and at least one, and a number takes one. A task begins if there is a token, and may leave
// the bucket with a debt. So in the time t at most
//
//	rate * (t + 1 s) + the numbers of one task
//
// numbers are queued, and in the long run rate*t.
type bucket struct {
	tokens float64
	at     time.Time // when tokens was right; zero = the bucket has not been used
}

// fill adds the tokens since the last call at a rate above 0.
func (b *bucket) fill(rate float64, now time.Time) {
	if !b.at.IsZero() {
		b.tokens += rate * now.Sub(b.at).Seconds()
	}
	b.at, b.tokens = now, min(b.tokens, max(1, rate))
}

// longestTask returns how many numbers a task may have at most in mode auto, if left of a job are not queued and parallel
// tasks of it can run at a time. A task has the numbers of one second of a rate at most. The last tasks are smaller, so
// that all slots finish at about the same time.
func longestTask(j *task.Job, left uint64, parallel int) uint64 {
	most := uint64(task.MaxCount)
	if j.Rate > 0 {
		most = uint64(min(j.Rate, task.MaxCount))
	}
	if j.MaxRunning > 0 {
		parallel = j.MaxRunning
	}
	if j.State != task.Open {
		most = min(most, left/uint64(2*max(parallel, 1)))
	}
	return max(most, 1)
}
