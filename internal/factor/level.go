package factor

import (
	"math/big"
	"sync/atomic"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
)

// A level is a stretch of work that finds most factors of a certain size: p-1
// once, then curves, in groups of ecm.Group.
type level struct {
	pm1B1, pm1B2 uint64
	curves       int
	b1, b2       uint64
	cached       *atomic.Pointer[ecm.Plan] // nil inside until made; shared by all engines
}

// plan returns the plan of the curves, or the error of check while it is made.
func (l *level) plan(check func() error) (*ecm.Plan, error) {
	if p := l.cached.Load(); p != nil {
		return p, nil
	}
	// Engines that need it at the same time make it twice rather than wait for
	// each other.
	p, err := ecm.NewPlan(l.b1, l.b2, check)
	if err == nil {
		l.cached.Store(p)
	}
	return p, err
}

// levels are passed through in order; the last one is repeated for ever. A
// composite of any size begins with the first, since a factor that trial
// division has missed is as likely to be small as not.
//
// Up to 15 digits the levels are by BenchmarkFactor/semiprime72 to 96, where the
// optimum is flat. Above, the numbers of curves are about what finds a factor of that
// size with probability 1-1/e, for B2 = 100*B1. p-1 takes a small part of the time of a
// level's curves.
var levels = []level{
	//  p-1: B1, B2  curves  B1    B2
	newLevel(0, 0, 8, 120, 6e3),
	newLevel(1000, 30e3, 8, 300, 18e3),          // 11 digits
	newLevel(3000, 60e3, 16, 700, 42e3),         // 13
	newLevel(15e3, 600e3, 24, 1800, 160e3),      // 15
	newLevel(30e3, 1500e3, 48, 4500, 450e3),     // 17
	newLevel(100e3, 5e6, 88, 11e3, 1100e3),      // 20
	newLevel(500e3, 25e6, 232, 50e3, 5e6),       // 25
	newLevel(2500e3, 125e6, 464, 250e3, 25e6),   // 30
	newLevel(10e6, 500e6, 1000, 1000e3, 100e6),  // 35
	newLevel(30e6, 1500e6, 2600, 3000e3, 300e6), // 40
}

func newLevel(pm1B1, pm1B2 uint64, curves int, b1, b2 uint64) level {
	return level{pm1B1, pm1B2, curves, b1, b2, new(atomic.Pointer[ecm.Plan])}
}

// levelAt returns the level i >= 0.
func levelAt(i int) *level { return &levels[min(i, len(levels)-1)] }

// beginsWithPM1 reports whether p-1 is the next step of l.
func (l *level) beginsWithPM1(at *progress) bool {
	return !at.pm1 && l.pm1B1 != 0 && at.level < len(levels)
}

// cost predicts the time of the next step of l with n.
//
// On a Sapphire Rapids a curve takes 150 to 180 ns for each of B1 and word of n, from three words
// on, and less words as long as three. A group of them takes no longer in lanes. p-1 takes
// about 0.6 of a curve.
func (l *level) cost(at *progress, n *big.Int) time.Duration {
	size := n.BitLen()
	unit := time.Duration(max(3, (size+63)/64)) * 160 * time.Nanosecond
	switch {
	case l.beginsWithPM1(at):
		return time.Duration(l.pm1B1*6/10) * unit
	case mont.HasWideLanes(size):
		return time.Duration(l.b1) * unit
	}
	return time.Duration(l.b1) * unit * ecm.Group
}
