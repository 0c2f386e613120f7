package factor

import (
	"fmt"
	"math"
	"strings"
	"time"

	"factorfleet/internal/factor/ecm"
)

// An Effort is curves that were run on one composite, in any order. Each entry adds to
// the others.
type Effort []EffortLevel

// An EffortLevel is a number of curves with the bound B1 of a level, and its B2. Another
// B1 counts as that of the next lower level.
type EffortLevel struct{ B1, Curves uint64 }

// EffortUpTo returns the effort of an engine that has run all curves of the levels below
// the bound b1, and done curves with b1. Such an engine reports B1 and Done.
func EffortUpTo(b1, done uint64) (e Effort) {
	for i := range levels() {
		switch l := levelAt(i); {
		case l.b1 < b1:
			e = append(e, EffortLevel{l.b1, uint64(l.curves)})
		case l.b1 == b1:
			e = append(e, EffortLevel{b1, done})
		}
	}
	return e
}

// Digits returns the size in digits of the factors that e and the effort of
// Options.Work = work together miss with probability 1/e. It is 0 if there are none, and
// at most maxDigits-1.
func (e Effort) Digits(work float64) float64 {
	c := e.counts()
	c.add(countsOf(work))
	return c.digits()
}

// Next returns the level at which to go on after e and Options.Work = work, and the
// number of curves until that level is done, a multiple of ecm.Group and at least that.
// After the last level it is the last level.
func (e Effort) Next(work float64) (l CurveLevel, left int) {
	c := e.counts()
	c.add(countsOf(work))
	i := c.firstOpen()
	return levelAt(i).export(), c.left(i)
}

// Reach returns the effort that curves reach in so much CPU time of this machine on a number of so many bits, level after
// level, after Options.Work = work.
func Reach(bits int, spent time.Duration, work float64) float64 {
	c := countsOf(work)
	for {
		i := c.firstOpen()
		l, left := levelAt(i), c.left(i)
		groups := int(min(spent/max(CurveGroupTime(l.b1, bits), 1), time.Duration(left/ecm.Group)))
		spent -= time.Duration(groups) * CurveGroupTime(l.b1, bits)
		c[i] = min(c[i]+uint32(groups*ecm.Group), maxCurves)
		if groups*ecm.Group < left || i == len(c)-1 {
			return c.digits()
		}
	}
}

// HalfOf returns the effort of half of the curves that Options.Work = work stands for, in digits.
func HalfOf(work float64) float64 {
	c := countsOf(work)
	for i := range c {
		c[i] /= 2
	}
	return c.digits()
}

// A curveCounts is the number of curves of each level, 0 to maxCurves.
type curveCounts [len(bounds)]uint32

// maxCurves bounds the curves of a level that count, so that sums do not overflow.
const maxCurves = 1 << 30

// counts returns the curves of e by level.
func (e Effort) counts() (c curveCounts) {
	for _, x := range e {
		at := -1
		for at+1 < len(c) && bounds[at+1].b1 <= x.B1 {
			at++
		}
		if at >= 0 {
			c[at] = uint32(min(uint64(c[at])+min(x.Curves, maxCurves), maxCurves))
		}
	}
	return c
}

// add adds o to c.
func (c *curveCounts) add(o curveCounts) {
	for i := range c {
		c[i] = min(c[i]+o[i], maxCurves)
	}
}

// raise sets each count of c to that of o if that is more.
func (c *curveCounts) raise(o *curveCounts) {
	for i := range c {
		c[i] = max(c[i], o[i])
	}
}

// total returns the number of all curves.
func (c *curveCounts) total() (n uint64) {
	for _, count := range c {
		n += uint64(count)
	}
	return n
}

// sum returns S(d), the sum of the chances of all curves to find a given factor of d
// digits, minDigits <= d < maxDigits. They all miss it with probability exp(-S(d)).
func (c *curveCounts) sum(d int) (sum float64) {
	for i, count := range c {
		if count > 0 {
			sum += float64(count) * levelAt(i).chance[d]
		}
	}
	return sum
}

// digits returns the d with S(d) = 1. Between two integers ln S(d) is linear.
func (c *curveCounts) digits() float64 {
	last := 0.0
	for d := minDigits; d < maxDigits; d++ {
		s := c.sum(d)
		switch {
		case s >= 1:
			last = s
		case last == 0:
			return 0
		case s == 0:
			return float64(d - 1)
		default:
			return float64(d-1) + math.Log(last)/math.Log(last/s)
		}
	}
	return maxDigits - 1
}

// firstOpen returns the index of the first level that is not done, S(d) < 1 for its size
// d; that of the last level if all are done.
func (c *curveCounts) firstOpen() int {
	i := 0
	for i < len(c)-1 && c.sum(bounds[i].digits) >= 1 {
		i++
	}
	return i
}

// left returns the number of curves until level i is done, a multiple of ecm.Group and
// at least that. If the level is done, it is that of a repetition.
func (c *curveCounts) left(i int) int {
	l := levelAt(i)
	missing := 1 - c.sum(l.digits)
	if missing <= 0 {
		return l.curves
	}
	return ecm.Group * int(max(math.Ceil(missing/l.chance[l.digits]/ecm.Group), 1))
}

// countsOf returns the curves that Options.Work = work stands for: those of all levels up
// to so many digits, and of the next level as many as S(work) = 1 takes.
func countsOf(work float64) (c curveCounts) {
	if !(work > 0) { // NaN too
		return c
	}
	work = min(max(work, minDigits), maxDigits-1)
	sum := 0.0
	for i := range c {
		l := levelAt(i)
		chance := l.chanceAt(work)
		if float64(l.digits) <= work && i < len(c)-1 {
			c[i] = uint32(l.curves)
			sum += float64(l.curves) * chance
			continue
		}
		if sum < 1 {
			c[i] = uint32(min(math.Ceil((1-sum)/chance), maxCurves))
		}
		break
	}
	return c
}

// chanceAt returns the probability that a curve of l finds a given factor of so many
// digits, minDigits to maxDigits-1. Between two integers its logarithm is linear.
func (l *level) chanceAt(digits float64) float64 {
	d := min(int(digits), maxDigits-2)
	a, b := l.chance[d], l.chance[d+1]
	if b == 0 {
		return 0
	}
	return a * math.Pow(b/a, digits-float64(d))
}

// outside describes the effort that is not the engine's own, "" if there is none, for
// example "; 1930 curves of other workers, t31.4". The last figure is what all curves
// together have reached, see curveCounts.digits.
func (at *pieceProgress) outside(work float64) string {
	var parts []string
	if n := at.others.total(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d curves of other workers", n))
	}
	if at.before != (curveCounts{}) {
		parts = append(parts, fmt.Sprintf("t%g before", work))
	}
	if parts == nil {
		return ""
	}
	all := at.all()
	return fmt.Sprintf("; %s, t%.1f", strings.Join(parts, " and "), all.digits())
}
