package job

import (
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// reviewReturned is for how long reviews leave a range to the sweeper that is returned and not queued. It is longer
// than a sweeper takes, also if another one died with the return: schema.SweepAckWait. A return that waits for room
// in the queue may take longer: its range is then queued beyond the limit, and the sweeper drops the return.
const reviewReturned = 15 * time.Second

// A returnedWatch finds ranges that were returned for too long and not queued. A return is the claim of a worker,
// and a worker may store new ones all the time. Without the watch, such a range would be missing for ever.
//
// A range is late if all reviews of reviewReturned have found it returned. It is found after that time at the
// earliest, and after twice that time and the pause of a review at the latest.
type returnedWatch struct {
	since time.Time // zero = no range is returned
	all   task.Set  // positions that all reviews since then have found returned
}

// look notes the positions that are returned and in no task, and returns those that are late.
func (w *returnedWatch) look(returned *task.Set, now time.Time) (late task.Set) {
	var still task.Set
	for r := range w.all.Ranges() {
		for part := range returned.Within(r) {
			still.Add(part)
		}
	}
	switch {
	case returned.Len() == 0:
		w.since = time.Time{}
	case still.Len() == 0, now.Sub(w.since) >= reviewReturned:
		if now.Sub(w.since) >= reviewReturned {
			late = still
		}
		w.since, still = now, task.Set{}
		still.AddSet(returned)
	}
	w.all = still
	return late
}

// ignoreLate removes ranges that were returned for too long from the backlog, so that they are missing. The next
// review is soon while ranges are returned.
func (v *reviewer) ignoreLate(b *fleet.Backlog) {
	v.late = v.returned.look(&b.Returned, time.Now())
	b.IgnoreReturns(&v.late)
	if b.Returned.Len() > 0 {
		v.pause = min(v.pause, 2*reviewQuiet)
	}
}
