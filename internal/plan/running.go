package plan

import (
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// A Running is a number on which a worker is at work for long, as the worker says.
type Running struct {
	Position uint64        // of the number in the input of the job, from 0
	Task     task.Range    // of its task, which has the position; zero = unknown
	Digits   int           // of the composite that is being split
	Cores    int           // at work on it, 1 or more
	Spent    time.Duration // CPU time so far; 0 = unknown
	Left     time.Duration // predicted time to its end, not CPU time; 0 = unknown
	Budget   time.Duration // CPU time that is left of its budget, if the budget ends the work; else 0
	Share    float64       // of the present method that is done, 0 to 1; 0 = unknown
	Final    bool          // the present method is the last one: Share is that of the number
	Endless  bool          // nobody can predict the end
	Seen     time.Time     // when this was so; zero = now
}

const (
	// staleRunning is for how long what a worker has said of a number is extended by the time since then.
	staleRunning = 15 * time.Second
	// lastPart is the share of the time of a number that its end, such as the linear algebra, takes.
	lastPart = 0.03
	// What a worker may state of a number: products of the two do not overflow.
	mostRunningCores = 4096
	mostRunningTime  = 20 * 24 * time.Hour
)

// A runner is a number at work, as a JobProgress follows it.
type runner struct {
	Running
	finished bool // its answer has arrived; the worker's statement is older
	gone     bool // no worker states it any more, and no answer has arrived
	class    int  // of its composite; mixed = unknown

	// The numbers before it in the same task, from position first on, are done and not reported: workers report a task at
	// its end, or every 5 s. The cores have been at work on them, and on this one, since the time since, and had spent base
	// then.
	first uint64
	since time.Time
	base  time.Duration
}

// follow returns what is known at the time now of a number: statements that lack the time left continue those before.
func follow(before *runner, r Running, now time.Time) *runner {
	if r.Seen.IsZero() || r.Seen.After(now) {
		r.Seen = now
	}
	r.Cores, r.Share = min(max(r.Cores, 1), mostRunningCores), min(max(r.Share, 0), 1)
	r.Spent, r.Left, r.Budget = min(max(r.Spent, 0), mostRunningTime), min(max(r.Left, 0), mostRunningTime), min(max(r.Budget, 0), mostRunningTime)
	next := &runner{Running: r, class: mixed, first: r.Position, since: r.Seen, base: r.Spent}
	if before != nil {
		next.finished, next.first, next.since, next.base = before.finished, before.first, before.since, before.base
		if r.Spent == 0 { // a worker of an earlier version
			next.Spent = before.spent(r.Seen)
		}
	}
	if before == nil && r.Task.Count > 0 {
		next.first = min(r.Task.First, r.Position)
	}
	if r.Digits > 0 {
		next.class = task.SizeClass(bitsOf(r.Digits))
	}
	if next.Left == 0 && next.Budget == 0 && !r.Endless {
		next.Left = next.guess(before)
	}
	return next
}

// bitsOf returns the usual bits of a number of so many digits.
func bitsOf(digits int) int { return int(float64(digits)*3.3219 - 1) }

// guess returns the time that is left of a number whose worker does not state it.
func (r *runner) guess(before *runner) time.Duration {
	spent, cores := float64(r.Spent), float64(r.Cores)
	switch {
	case r.Final && r.Share > 0.05:
		return time.Duration(spent * (1 - r.Share) / r.Share / cores)
	case r.Final && before != nil && before.Left > 0:
		return min(max(before.left(r.Seen), time.Second/10), before.Left)
	case r.Final:
		return time.Duration(max(spent*lastPart/cores, float64(time.Second/10)))
	case r.Digits > 0:
		if whole, ok := SieveTime(bitsOf(r.Digits)); ok && bitsOf(r.Digits) <= measured.SieveBits {
			return time.Duration(float64(whole) / cores)
		}
	}
	return 0
}

// age returns the time by which the statement is extended.
func (r *runner) age(now time.Time) time.Duration {
	return min(max(now.Sub(r.Seen), 0), staleRunning)
}

// spent returns the CPU time of the number at the time now.
func (r *runner) spent(now time.Time) time.Duration {
	return r.Spent + r.age(now)*time.Duration(r.Cores)
}

// left returns the time until the number ends. It does not reach 0: a number that takes longer than was predicted takes
// somewhat longer still.
func (r *runner) left(now time.Time) time.Duration {
	left := r.Left
	if r.Budget > 0 {
		left = r.Budget / time.Duration(r.Cores)
	}
	return max(left-r.age(now), min(left, r.spent(now)/time.Duration(50*r.Cores)), 0)
}

// whole returns the CPU time of the number from its beginning to its end.
func (r *runner) whole(now time.Time) time.Duration {
	return r.spent(now) + r.left(now)*time.Duration(r.Cores)
}

// total returns the CPU time of the number and of the unreported ones before it, if the job gets so much of each core.
func (r *runner) total(now time.Time, efficiency float64) time.Duration {
	if r.first == r.Position {
		return r.spent(now)
	}
	passed := float64(now.Sub(r.since)) * float64(r.Cores) * min(efficiency, 1)
	return max(r.base+time.Duration(passed), r.spent(now))
}

// unreported returns how many numbers before it are done and not reported.
func (r *runner) unreported() float64 {
	if r.finished || r.Task.Count == 0 {
		return 0
	}
	return float64(r.Position - r.first)
}

// answered takes note of answers for positions within a range, at the time now.
func (r *runner) answered(of task.Range, now time.Time) {
	end := of.First + of.Count
	switch {
	case of.First <= r.Position && r.Position < end:
		r.finished = true
	case r.first < end && of.First <= r.first && end <= r.Position:
		r.first, r.since, r.base = end, now, r.spent(now)
	}
}

// reported takes note of answers that arrived before the number was first stated.
func (r *runner) reported(lately []task.Range) {
	for _, of := range lately {
		switch end := of.First + of.Count; {
		case of.First <= r.Position && r.Position < end:
			r.finished = true
		case r.first < end && end <= r.Position && of.First >= r.Task.First:
			r.first = end
		}
	}
}

// succeed makes r the successor of a number that its worker states no more: the task goes on.
func (r *runner) succeed(before *runner) {
	r.first, r.since, r.base = before.first, before.since, before.base
}

// follows reports whether r may be the next number at work of the task of before.
func (r *runner) follows(before *runner) bool {
	if r.Task.Count > 0 && before.Task.Count > 0 {
		return r.Task == before.Task && r.Position > before.Position
	}
	return r.Position > before.Position && r.Position-before.Position < task.MaxCount
}

// known reports whether the end of the number can be predicted.
func (r *runner) known() bool { return !r.Endless && (r.Left > 0 || r.Budget > 0) }
