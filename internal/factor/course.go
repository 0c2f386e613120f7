package factor

import (
	"math/big"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/measured"
)

// A Course is what an engine does with a composite that no step splits, as it predicts: levels of curves, and then the
// sieve. A factor that is found early ends it sooner.
type Course struct {
	Levels []CourseLevel
	// Sieve is the time of the sieve on one core of this machine; 0 = it does not start, because the composite is too
	// large or the budget too small.
	Sieve time.Duration
	// SpentAt says that the budget is spent during the curves. Else, without a sieve, the last level is repeated without
	// end.
	SpentAt bool
}

// A CourseLevel is a level of a Course.
type CourseLevel struct {
	Digits   int           // of the factors that it finds
	B1, B2   uint64        // of its curves
	PM1, PP1 uint64        // B1 of p-1 and of p+1; 0 = not run
	Curves   int           // fewer than planned if the sieve starts or the budget ends before
	Time     time.Duration // of the curves, on one core of this machine
}

// CourseOf predicts the course of an engine with Options.Budget and Options.Work, and without hints, for a composite n
// of 2^64 or more that has no prime factor below prime.Bound.
func CourseOf(n *big.Int, budget time.Duration, work float64) (c Course) {
	e := New(Options{Budget: budget, Work: work})
	at := newProgress(countsOf(work))
	left := budget
	for i := 0; at.level < len(bounds); i++ {
		st, ok := e.next(i, at, n)
		if !ok {
			c.Sieve = e.times.Sieve(min(n.BitLen(), measured.SieveBits))
			return c
		}
		if took := c.add(&st, n); budget > 0 {
			if left -= took; left <= 0 {
				c.SpentAt = true
				return c
			}
		}
		at = st.after
	}
	return c
}

// add adds a step, and returns its predicted time. That of p-1 and p+1 is a few hundredths of that of the level's curves
// and is left out.
func (c *Course) add(st *step, n *big.Int) time.Duration {
	l := st.level
	if last := len(c.Levels) - 1; last < 0 || c.Levels[last].B1 != l.b1 {
		c.Levels = append(c.Levels, CourseLevel{Digits: l.digits, B1: l.b1, B2: l.b2})
	}
	x := &c.Levels[len(c.Levels)-1]
	switch {
	case st.pm1:
		x.PM1 = l.pm1B1
	case st.pp1:
		x.PP1 = l.pp1B1
	default:
		took := l.groupTime(n)
		x.Curves += ecm.Group
		x.Time += took
		return took
	}
	return 0
}
