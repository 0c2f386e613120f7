package worker

import "time"

// A partState says whether the task of a part that runs in a slot may end early. Guarded by Worker.mu.
type partState struct {
	running bool // RunPart has begun and not returned
	firm    bool // the task never ends early
	curves  bool
	asked   bool      // it is to end; until the slot is free
	began   time.Time // the task
	since   time.Time // the end of the last position, or the start of the task
	done    int       // positions
	took    time.Duration
	wake    *time.Timer // asks for ordinary tasks when preemptAfter is over

	// Of all tasks of the slot; zero = never.
	dueAt  time.Time // when all that have ended early were due, one in preemptEvery
	lostAt time.Time // when a position was lost
}

// endsWithin reports whether the position that runs is likely to take at most d.
func (p *partState) endsWithin(d time.Duration) bool { return p.done > 0 && p.took <= d }

// mayLose returns until when the position that runs may be lost.
func (p *partState) mayLose() time.Time {
	if !p.curves && p.done == 0 {
		return time.Time{}
	}
	return p.since.Add(p.since.Sub(p.lostAt) / (lossShare - 1)) // t - since <= (t - lostAt) / lossShare
}

// mayEnd reports whether the task may end early at now, and until when if nothing else happens.
func (p *partState) mayEnd(now time.Time) (until time.Time, may bool) {
	if !p.running || p.firm || p.asked || now.Sub(p.began) < preemptAfter || p.dueAt.Sub(now) > (preemptBurst-1)*preemptEvery {
		return until, false
	}
	if p.endsWithin(shortPosition) {
		return now.Add(time.Hour), true
	}
	until = p.mayLose()
	return until, now.Before(until)
}

// ask notes that the task is to end early.
func (p *partState) ask(now time.Time) {
	p.asked = true
	if p.dueAt.Before(now) {
		p.dueAt = now
	}
	p.dueAt = p.dueAt.Add(preemptEvery)
}
