package factor

import (
	"math"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/mont"
)

// A level is a stretch of work that finds most factors of a certain size: p-1
// and p+1 once, then curves, in groups of ecm.Group.
type level struct {
	digits       int // of the factors
	pm1B1, pm1B2 uint64
	pp1B1, pp1B2 uint64
	b1, b2       uint64
	curves       int                       // a multiple of ecm.Group
	cached       *atomic.Pointer[ecm.Plan] // nil inside until made; shared by all engines

	chance [maxDigits]float64 // chance[d]: of a curve to find a factor of d digits
	before [maxDigits]float64 // the sum of that over all curves of the levels before
}

// Sizes of factors that are reckoned with, in digits: smaller ones are found by trial division,
// larger ones never by curves.
const (
	minDigits = 4
	maxDigits = 60
)

// bounds are those of the levels. B1 is about where the expected time for a factor of that many
// digits is least, which within a factor of two makes a difference of a tenth; B2 = 100*B1
// takes four tenths of a curve. p-1 takes a few hundredths of the time of a level's curves, and p+1 a third of
// that: of random primes p of 15 digits p-1 finds 5.5 % here, p+1 to a third of its B1 2.1 %, and a group
// of curves 26 %. For its time that is about what a group finds in plain Go, and an eighth of what it
// finds in lanes; but people give primes for which p+1 is smooth on purpose.
var bounds = [...]level{
	{digits: 9, b1: 120, b2: 6e3},
	{digits: 11, pm1B1: 1000, pm1B2: 10e3, b1: 300, b2: 18e3},
	{digits: 13, pm1B1: 3000, pm1B2: 30e3, b1: 700, b2: 42e3},
	{digits: 15, pm1B1: 15e3, pm1B2: 150e3, pp1B1: 4000, pp1B2: 40e3, b1: 1800, b2: 160e3},
	{digits: 17, pm1B1: 30e3, pm1B2: 300e3, pp1B1: 7500, pp1B2: 75e3, b1: 4500, b2: 450e3},
	{digits: 20, pm1B1: 100e3, pm1B2: 1e6, pp1B1: 25e3, pp1B2: 250e3, b1: 11e3, b2: 1100e3},
	{digits: 25, pm1B1: 500e3, pm1B2: 5e6, pp1B1: 125e3, pp1B2: 1250e3, b1: 50e3, b2: 5e6},
	{digits: 30, pm1B1: 2500e3, pm1B2: 25e6, pp1B1: 600e3, pp1B2: 6e6, b1: 250e3, b2: 25e6},
	{digits: 35, pm1B1: 10e6, pm1B2: 100e6, pp1B1: 2500e3, pp1B2: 25e6, b1: 1000e3, b2: 100e6},
	{digits: 40, pm1B1: 30e6, pm1B2: 300e6, pp1B1: 7500e3, pp1B2: 75e6, b1: 3000e3, b2: 300e6},
	{digits: 45, pm1B1: 100e6, pm1B2: 1e9, pp1B1: 25e6, pp1B2: 250e6, b1: 11e6, b2: 1100e6},
}

// levels returns the levels. They are passed through in order; the last one is repeated for
// ever. A composite of any size begins with the first, since a factor that trial
// division has missed is as likely to be small as not.
//
// A level has as many curves as it takes, with those of the levels before, to miss a factor of its
// size with probability 1/e.
var levels = sync.OnceValue(func() []level {
	all := slices.Clone(bounds[:])
	var sum [maxDigits]float64
	for i := range all {
		l := &all[i]
		l.cached = new(atomic.Pointer[ecm.Plan])
		l.before = sum
		for d := minDigits; d < maxDigits; d++ {
			l.chance[d] = ecm.Chance(l.b1, l.b2, float64(d))
		}
		groups := math.Ceil((1 - sum[l.digits]) / l.chance[l.digits] / ecm.Group)
		l.curves = ecm.Group * int(max(groups, 1))
		for d := range sum {
			sum[d] += float64(l.curves) * l.chance[d]
		}
	}
	return all
})

// levelAt returns the level i >= 0.
func levelAt(i int) *level {
	all := levels()
	return &all[min(i, len(all)-1)]
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

// wantsPM1 reports whether p-1 is the next step of l.
func (l *level) wantsPM1(at *pieceProgress) bool {
	return !at.pm1Done && l.pm1B1 != 0 && at.level < len(bounds)
}

// wantsPP1 reports whether p+1 is the next step of l, after p-1.
func (l *level) wantsPP1(at *pieceProgress) bool {
	return !at.pp1Done && l.pp1B1 != 0 && at.level < len(bounds)
}

// groupChance returns the probability that the next group of l splits n, after at.
//
// Half of the numbers that people give are made to be hard, say: products of two primes of the same
// size. The others are random composites: a prime factor of d digits is there with
// probability 1/d, so that the number of those up to the square root of n is that of Poisson's law
// with the mean m = sum of 1/d, but not 0. The curves so far have missed a factor of d digits with
// probability exp(-the sum of their chances); with these weights m becomes m', and that n is
// still there has the probability (1-exp(-m'))/(1-exp(-m)) if it is random, and 1 if it is hard. The
// number of factors that the group finds is that of Poisson's law too, with the mean f: one at least with
// the probability 1-exp(-f).
func (l *level) groupChance(at *pieceProgress, n *big.Int) float64 {
	again := max(0, at.level-(len(bounds)-1)) // how often the last level has been repeated
	done := float64(at.curve + again*l.curves)
	most := min(int(float64(n.BitLen())*math.Log10(2)/2), maxDigits-1)
	before, now, found := 0.0, 0.0, 0.0
	for d := minDigits; d <= most; d++ {
		left := math.Exp(-l.before[d]-done*l.chance[d]) / float64(d)
		before += 1 / float64(d)
		now += left
		found += left * -math.Expm1(-ecm.Group*l.chance[d])
	}
	if before == 0 {
		return 0
	}
	composite := -math.Expm1(-before)
	return -math.Expm1(-found) / (composite - math.Expm1(-now))
}

// groupTime predicts the time of a group with n: B1 times so many nanoseconds, and for each product of two
// limbs, or words where there are no lanes, a few more. The figures for eight lanes are those of a
// Sapphire Rapids, which are within a fifth of what 150 to 1000 bits take; those for four lanes and for
// words are by TestCalibrateMany of package ecm on a Zen 4, within a fifth from 80 to 1000 bits.
func (l *level) groupTime(n *big.Int) time.Duration {
	size := n.BitLen()
	var each int
	switch {
	case mont.HasWideLanes(size):
		limbs := (size + 51) / 52
		each = 150 + 15*limbs*limbs
	case mont.HasQuadLanes(size):
		limbs := mont.QuadLimbs(size)
		each = 420 + 18*limbs*limbs
	default:
		words := (size + 63) / 64
		each = 1450 + 205*words*words
	}
	return time.Duration(l.b1) * time.Duration(each)
}
