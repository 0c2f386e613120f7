package factor

import (
	"math/bits"
	"sync/atomic"

	"factorfleet/internal/factor/ecm"
)

// A level is a stretch of work that finds most factors of a certain size: p-1
// once, then curves.
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
	newLevel(300, 10e3, 3, 120, 6e3),
	newLevel(0, 0, 8, 300, 18e3),                // 11 digits
	newLevel(3000, 60e3, 12, 700, 42e3),         // 13
	newLevel(15e3, 600e3, 25, 1800, 160e3),      // 15
	newLevel(30e3, 1500e3, 45, 4500, 450e3),     // 17
	newLevel(100e3, 5e6, 90, 11e3, 1100e3),      // 20
	newLevel(500e3, 25e6, 230, 50e3, 5e6),       // 25
	newLevel(2500e3, 125e6, 460, 250e3, 25e6),   // 30
	newLevel(10e6, 500e6, 1000, 1000e3, 100e6),  // 35
	newLevel(30e6, 1500e6, 2600, 3000e3, 300e6), // 40
}

func newLevel(pm1B1, pm1B2 uint64, curves int, b1, b2 uint64) level {
	return level{pm1B1, pm1B2, curves, b1, b2, new(atomic.Pointer[ecm.Plan])}
}

// levelAt returns the level i >= 0.
func levelAt(i int) *level { return &levels[min(i, len(levels)-1)] }

// A wordLevel is the work on a composite word before rho gets it.
type wordLevel struct {
	bits   int // up to this size
	curves int
	plan   *ecm.WordPlan
}

// wordLevels are by BenchmarkFactor/semiprime24 to 64: bounds that give the least
// time, and curves of which all fail for less than one balanced semiprime in 10^4.
var wordLevels = []wordLevel{
	{26, 0, nil}, // rho is quicker
	{36, 20, ecm.NewWordPlan(27, 400)},
	{44, 30, ecm.NewWordPlan(47, 1000)},
	{48, 40, ecm.NewWordPlan(60, 1500)},
	{54, 50, ecm.NewWordPlan(105, 4000)},
	{58, 50, ecm.NewWordPlan(150, 5000)},
	{62, 50, ecm.NewWordPlan(180, 6000)},
	{64, 60, ecm.NewWordPlan(230, 8000)},
}

// wordLevelFor returns the level for m.
func wordLevelFor(m uint64) *wordLevel {
	size := bits.Len64(m)
	i := 0
	for wordLevels[i].bits < size {
		i++
	}
	return &wordLevels[i]
}

// sigma returns the parameter of a curve by number, 32 bits like those that
// people pass around.
func sigma(seed, curve uint64) uint64 {
	// The finaliser of splitmix64: a bijection that mixes well.
	x := seed + (curve+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return ecm.MinSigma + x>>32
}
