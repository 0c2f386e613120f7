package factor

import (
	"errors"
	"math"
	"math/big"
	"time"

	"factorfleet/internal/factor/siqs"
)

// sieveBits is the size of the largest numbers that are sieved, 95 digits.
const sieveBits = 315

// keptSieve is the size up to which the memory of the sieve is kept: 20 MB for 200 bits, 65
// for this. siqs.Params.Memory says so.
// For 250 bits, which is what 30 seconds are enough for, it is 150 MB in all, for sieveBits 750.
const keptSieve = 235

// sieveTimes are the times of the sieve for semiprimes on a core of a Sapphire Rapids: measured
// up to 232 bits, above that estimated from the relations that it finds in a second. Between
// the rows the logarithm is linear.
var sieveTimes = []struct {
	bits int
	time time.Duration
}{
	{64, 170 * time.Microsecond},
	{80, 310 * time.Microsecond},
	{96, 780 * time.Microsecond},
	{112, 2100 * time.Microsecond},
	{128, 6 * time.Millisecond},
	{150, 26 * time.Millisecond},
	{165, 80 * time.Millisecond},
	{180, 210 * time.Millisecond},
	{200, 750 * time.Millisecond},
	{215, 2700 * time.Millisecond},
	{232, 8 * time.Second},
	{265, 50 * time.Second},
	{298, 5 * time.Minute},
	{sieveBits, 15 * time.Minute},
}

// withoutLanes is how many times as long the sieve takes in plain Go.
const withoutLanes = 2

// sieveTime returns the expected time for a number of so many bits, at most sieveBits.
func sieveTime(bits int) time.Duration {
	i := 1
	for sieveTimes[i].bits < bits {
		i++
	}
	low, high := &sieveTimes[i-1], &sieveTimes[i]
	slope := math.Log(float64(high.time)/float64(low.time)) / float64(high.bits-low.bits)
	return time.Duration(float64(low.time) * math.Exp(slope*float64(bits-low.bits)))
}

// sieves reports whether the sieve is what comes next for p, after the step that would take
// time cost.
//
// A curve is worth its time as long as that is less than what the sieve would take times the
// probability that it finds a factor of a random number: 0.4 for the first, of all after
// trial division, falling slowly. So the first may take a third of the time of the sieve, and
// all together a fifth, which is where others stop too: at factors of 2/9 to 4/13 of the
// digits. Times are predicted, so that the same is done on every machine, but for numbers for
// which the budget will not do.
func (e *Engine) sieves(p *piece, cost time.Duration) bool {
	if p.done.sieved || p.n.BitLen() > sieveBits {
		return false
	}
	t, share := sieveTime(p.n.BitLen()), time.Duration(firstCurve)
	if p.done.effort > 0 {
		share = allCurves
	}
	if p.done.effort+cost <= t/share {
		return false
	}
	if !e.fast {
		t *= withoutLanes
	}
	return e.o.Budget == 0 || t <= e.o.Budget
}

// The parts of the time of the sieve that the first curve and all may take.
const (
	firstCurve = 3
	allCurves  = 5
)

// sieve returns a divisor d of n, 1 < d < n, or nil if the sieve fails, which for composites
// that are no powers it does about never. Requires n odd, above 2^siqs.MinBits.
func (e *Engine) sieve(n *big.Int, alive func() error) (*big.Int, error) {
	if e.siqs == nil {
		e.siqs = siqs.NewSearcher()
	}
	d, err := e.siqs.Factor(alive, n)
	if n.BitLen() > keptSieve {
		e.siqs = nil
	}
	for _, failure := range [...]error{siqs.ErrFailed, siqs.ErrExhausted, siqs.ErrParams} {
		if errors.Is(err, failure) {
			return nil, nil
		}
	}
	return d, err
}
