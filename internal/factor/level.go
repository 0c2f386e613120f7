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

// A level is the work that finds most prime factors of a certain size: p-1 and p+1
// once, then curves in groups of ecm.Group, all with bounds for that size.
type level struct {
	digits       int // of the factors that the level is for
	pm1B1, pm1B2 uint64
	pp1B1, pp1B2 uint64
	b1, b2       uint64
	curves       int                       // a multiple of ecm.Group
	cached       *atomic.Pointer[ecm.Plan] // of b1 and b2; holds nil until the plan is made

	chance [maxDigits]float64 // chance[d]: probability that one curve finds a given factor of d digits
}

// Sizes in digits of the factors that the probabilities consider. Trial division finds
// the smaller ones, and curves practically never find larger ones.
const (
	minDigits = 4
	maxDigits = 60
)

// bounds are the bounds of the levels, ascending. B1 is near the optimum for factors of
// so many digits; a B1 that is wrong by a factor of two costs a tenth more time. B2 =
// 100*B1 takes four tenths of the time of a curve.
//
// The time of p-1 is a few hundredths of that of a level's curves, and the time of p+1
// a third of that of p-1. Of random primes of 15 digits, p-1 finds 5.5 % at that level,
// p+1 with a third of its B1 finds 2.1 %, and a group of curves finds 26 %. Per time,
// p-1 finds as much as a group in plain Go, and an eighth of a group in lanes. It is
// run nevertheless, because people submit primes p on purpose for which p-1 or p+1 is
// smooth.
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

// levels returns the levels. They are passed through in order; the last one is repeated
// without end. A composite of any size begins with the first one: a factor that trial
// division has missed is as likely small as large.
//
// With chance[d] of one curve and S the sum of it over all curves of the levels before, a
// factor of d digits is missed with probability exp(-S). A level for factors of d digits
// has the least number of groups with
//
//	S + curves * chance[d] >= 1,
//
// so that a factor of its size is missed with probability 1/e at most.
var levels = sync.OnceValue(func() []level {
	all := slices.Clone(bounds[:])
	var sum [maxDigits]float64
	for i := range all {
		l := &all[i]
		l.cached = new(atomic.Pointer[ecm.Plan])
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

// levelAt returns the level number i >= 0. From the last level on it is always the last
// one.
func levelAt(i int) *level {
	all := levels()
	return &all[min(i, len(all)-1)]
}

// plan returns the plan of the curves of l. All engines share it. The error is one of
// check.
func (l *level) plan(check func() error) (*ecm.Plan, error) {
	if p := l.cached.Load(); p != nil {
		return p, nil
	}
	// Two engines that need the plan at the same time both make it: neither waits for
	// the other.
	p, err := ecm.NewPlan(l.b1, l.b2, check)
	if err == nil {
		l.cached.Store(p)
	}
	return p, err
}

// wantsPM1 reports whether p-1 is the next step of l. Repetitions of the last level
// have no p-1.
func (l *level) wantsPM1(at *pieceProgress) bool {
	return !at.pm1Done && l.pm1B1 != 0 && at.level < len(bounds)
}

// wantsPP1 reports whether p+1 is the next step of l, after p-1. Repetitions of the
// last level have no p+1.
func (l *level) wantsPP1(at *pieceProgress) bool {
	return !at.pp1Done && l.pp1B1 != 0 && at.level < len(bounds)
}

// groupChance returns the probability that the next group of l splits n, which has the
// progress at.
//
// Model of n. A number is hard with probability 1/2: a product of two primes of the
// same size, which no curve finds. Else it is a random composite. By Mertens' theorem
// the sum of 1/p over the primes p of d digits is about 1/d: that is the mean number of
// prime factors of d digits in a random number. So the number of its prime factors up
// to sqrt(n) is Poisson distributed with the mean
//
//	m = sum over d of 1/d,        given that it is not 0.
//
// The curves so far, those of other machines included, have missed a given factor of d
// digits with probability w(d) = exp(-S(d)), S(d) the sum of their chances. A group finds
// it with probability g(d) = 1 - exp(-ecm.Group * chance[d]). With
//
//	m' = sum of w(d)/d            the mean number of factors that were missed
//	f  = sum of g(d) w(d)/d       the mean number of those that the group finds
//
// a random n is unsplit so far with probability (1 - exp(-m')) / (1 - exp(-m)), a hard
// n with probability 1. By Bayes' theorem the group finds a factor of an unsplit n with
// probability
//
//	(1 - exp(-f)) / ((1 - exp(-m)) + (1 - exp(-m'))).
func (l *level) groupChance(at *pieceProgress, n *big.Int) float64 {
	most := min(int(float64(n.BitLen())*math.Log10(2)/2), maxDigits-1)
	before, now, found := 0.0, 0.0, 0.0
	all := at.all()
	for d := minDigits; d <= most; d++ {
		left := math.Exp(-all.sum(d)) / float64(d)
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

// groupTime predicts the time of a group of l modulo n: B1 * (a + b*limbs^2) ns.
// The constants a and b depend on the machine that runs the group, and limbs are its
// limbs of n, or words. Those for eight lanes were measured on a Sapphire Rapids and
// are within a fifth of the measured times from 150 to 1000 bits. Those for four lanes
// and for words are by TestCalibrateMany of package ecm on a Zen 4, within a fifth from
// 80 to 1000 bits.
func (l *level) groupTime(n *big.Int) time.Duration { return CurveGroupTime(l.b1, n.BitLen()) }

// CurveGroupTime predicts the time of a group of ecm.Group curves with the bound b1 and
// the B2 of its level, modulo a number of size bits, on one core of this machine.
func CurveGroupTime(b1 uint64, size int) time.Duration {
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
	return time.Duration(b1) * time.Duration(each)
}
