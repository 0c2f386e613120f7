package campaign

import (
	"math"
	"time"
)

// A Progress says how far a campaign is, for people.
type Progress struct {
	Phase     Phase
	Relations int           // found; it grows in proportion to time
	Expected  int           // relations in all, an estimate that improves towards the end
	Cycles    int           // they come ever faster
	Need      int           // cycles: the sieve ends when Cycles reaches it
	Rate      float64       // relations a second, of all workers; 0: unknown
	Left      time.Duration // until the sieve ends; 0: it has ended
	Tasks     int           // that workers compute, without the owner's own
	Workers   int           // that have sent relations lately, the owner included

	// Of curves, for which Rate is curves a second, Left is the time until the level is done, and Workers are
	// without the owner; the figures about relations are 0.
	Level     Level   // at which tasks are issued
	LevelDone uint64  // of its Curves, those that earlier levels are worth included
	Curves    uint64  // that count, of all levels, without the owner's
	Digits    float64 // a factor of so many digits was missed with probability 1/e
}

// Progress returns the progress at the time now.
func (m *Machine) Progress(now time.Time) Progress {
	p := Progress{Phase: m.phase, Relations: m.counts.len, Expected: m.total(), Cycles: m.counts.have,
		Need: m.counts.need, Tasks: m.fleet.Running, Workers: m.pace.workersAt(now)}
	if m.phase == Sieving {
		p.Rate, p.Left = m.pace.rate(), m.left()
	}
	return p
}

// left predicts the time until the sieve ends. Until the rate is known, it is the time
// of the tables divided by the slots.
func (m *Machine) left() time.Duration {
	total, rate := m.total(), m.pace.rate()
	missing := max(total-m.counts.len, 0)
	if rate > 0 {
		return seconds(float64(missing) / rate)
	}
	share := float64(missing) / float64(max(total, 1))
	return time.Duration(share * float64(m.c.Predicted) / float64(max(m.fleet.Slots, 1)))
}

// seconds returns s as a Duration, at most a year.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 365*24*3600) * float64(time.Second))
}

// total predicts how many relations the sieve needs. Until a tenth of the cycles is there,
// it is the estimate of the Fold. From half of the cycles on, the growth of the cycles is
// continued; in between it is a mean of both.
//
//	cycles grow as relations^e, e fitted between 2/3 of the relations and all of them;
//	total = relations * (need/cycles)^(1/e).
//
// The exponent grows with the relations, so that an early continuation would be too high.
func (m *Machine) total() int {
	n := &m.counts
	if n.have >= n.need {
		return n.len
	}
	estimate := float64(max(n.expected, n.len+n.len/20))
	e := m.pace.exponent(n)
	if e == 0 {
		return int(estimate)
	}
	share := float64(n.have) / float64(n.need)
	weight := min(max((share-0.1)/0.4, 0), 1)
	fit := float64(n.len) * math.Pow(share, -1/e)
	return int(weight*fit + (1-weight)*estimate)
}
