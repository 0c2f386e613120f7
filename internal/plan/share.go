package plan

import "time"

// mostShare is the largest share of a job that is not complete.
const mostShare = 0.9999

// shareMemory is the time in which the shown share follows the computed one, in seconds.
const shareMemory = 0.5

// A share is the share of a job as it is shown: it does not decrease. What is expected of the numbers that are left
// changes, so that the computed share may fall. The shown one then grows more slowly, so that it reaches 1 at the expected
// end, until the computed one is larger again:
//
//	shown = shown + (1-shown) * dt/(dt+left)              while computed < shown
//	shown = shown + (computed-shown) * min(1, dt/0.5 s)   otherwise
//
// So a moment at which too little is known hardly raises it.
type share struct {
	shown float64
	at    time.Time // when it was shown last
}

// show returns what to show at the time now for a computed share of 0 to 1. left is the time to the end in seconds, if known.
func (s *share) show(now time.Time, computed, left float64, known bool) float64 {
	dt := now.Sub(s.at).Seconds()
	computed = min(max(computed, 0), mostShare)
	switch {
	case s.at.IsZero():
		s.shown = computed
	case computed < s.shown && known && dt > 0:
		s.shown = min(s.shown+(1-s.shown)*dt/(dt+max(left, 0)), mostShare)
	case computed > s.shown:
		s.shown += (computed - s.shown) * min(1, max(dt, 0)/shareMemory)
	}
	s.at = now
	return s.shown
}
