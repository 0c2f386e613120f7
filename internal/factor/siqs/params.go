package siqs

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// MinBits and MaxBits are the sizes of numbers that Params can be made for.
const (
	MinBits = 50
	MaxBits = 370
)

// blockSize is how many positions are sieved at a time: they fit in the first
// level cache.
const blockSize = 1 << 15

// Params describe the sieving for one number: whoever has the same Params gets the
// same relations for the same coefficients. They are made once, by NewParams, and
// may be sent to others.
type Params struct {
	N          *big.Int
	Multiplier uint32    // k
	Primes     uint32    // entries of the factor base
	Small      uint32    // entries that are not sieved with
	Interval   uint32    // positions of a polynomial, x = -Interval/2 .. Interval/2-1; a multiple of 64, above blockSize of that
	Large      uint32    // large primes are below
	Double     uint64    // products of two large primes are below; 0 if there are none
	Candidate  uint8     // log2 that the sieved primes of a value must reach, at most 128
	Smooth     uint8     // log2 that all primes must reach before the rest is divided
	Factors    uint8     // primes of a coefficient
	PoolA      [2]uint32 // range of factor base entries for all primes of a coefficient but one
	PoolB      [2]uint32 // and for that one
	Tolerance  float64   // ratio of a coefficient to the best one, at most
	Hash       uint64    // of the factor base
}

// Bounds of Params that the arithmetic relies on.
const (
	minPrimes   = 16
	maxPrimes   = 1 << 17
	maxInterval = 1 << 20
	maxFactor   = 1 << 13 // the primes of a coefficient are below
)

// ErrParams is returned for Params that are not of this program's making.
var ErrParams = errors.New("siqs: parameters do not fit")

// A tuning is what is chosen by the size of a number alone.
type tuning struct {
	bits     float64 // of n
	primes   float64 // entries of the factor base
	large    float64 // bound of large primes, in multiples of the largest of the base
	interval float64 // positions
	small    float64 // primes below are not sieved with
	slack    float64 // bits that the unsieved primes may lack at a candidate
	factor   float64 // about the size of the primes of a coefficient
	double   float64 // exponent of Large in Double, 0 for none
}

// tunings are by TestCalibrate, at level avx512, and from 226 bits on at avx2, which takes nearly the
// same time: to 265 bits by the time of whole numbers, above by the rate of relations. The optima are flat: a third more or fewer primes, or an
// interval of half as much again, make differences of a few hundredths. Between two rows all is
// interpolated, but two large primes begin with a row.
var tunings = []tuning{
	//bits primes large interval small slack factor double
	{50, 40, 10, 8192, 15, 4, 60, 0},
	{64, 60, 12, 8192, 20, 4.5, 80, 0},
	{80, 95, 15, 12288, 30, 5.5, 100, 0},
	{96, 150, 20, 14336, 45, 6.5, 120, 0},
	{112, 250, 25, 16384, 75, 9.5, 140, 0},
	{128, 470, 30, 16384, 140, 13, 160, 0},
	{140, 680, 40, 16384, 210, 15.5, 220, 0},
	{149, 900, 50, 16384, 256, 19, 300, 0},
	{165, 1550, 60, 20480, 300, 22, 450, 0},
	{181, 2600, 70, 24576, 300, 23, 700, 0},
	{198, 4600, 100, 32768, 330, 24.5, 1100, 0},
	{215, 7000, 100, 32768, 330, 24.5, 1300, 0},
	{222, 8700, 100, 65536, 256, 25, 1250, 0},
	{226, 10500, 80, 65536, 350, 20.5, 1300, 1.75},
	{232, 13000, 80, 65536, 400, 21, 1500, 1.75},
	{248, 22500, 90, 65536, 400, 22, 2000, 1.75},
	{265, 34000, 90, 65536, 500, 23, 2000, 1.75},
	{282, 50000, 105, 65536, 500, 23.5, 2000, 1.775},
	{298, 65000, 120, 65536, 500, 24, 2000, 1.8},
	{314, 120000, 135, 98304, 500, 24, 2000, 1.8},
	{330, 131072, 150, 131072, 500, 24, 2000, 1.8},
}

// tuningFor returns the tuning for a size.
func tuningFor(size int) tuning {
	b := float64(size)
	i := 1
	for i < len(tunings)-1 && tunings[i].bits < b {
		i++
	}
	x, y := &tunings[i-1], &tunings[i]
	w := min(max((b-x.bits)/(y.bits-x.bits), 0), 1)
	mix := func(x, y float64) float64 { return x + w*(y-x) }
	double := mix(x.double, y.double)
	if w < 1 && x.double == 0 {
		double = 0
	}
	return tuning{
		bits: b, primes: mix(x.primes, y.primes), large: mix(x.large, y.large),
		interval: mix(x.interval, y.interval), small: mix(x.small, y.small), slack: mix(x.slack, y.slack),
		factor: mix(x.factor, y.factor), double: double,
	}
}

// A DivisorError is returned instead of Params: a prime of the factor base divides
// N, or N is a square.
type DivisorError struct{ Divisor *big.Int }

func (e *DivisorError) Error() string { return fmt.Sprintf("siqs: %v divides the number", e.Divisor) }

// NewParams returns the parameters for n, which must be odd and have from MinBits
// to MaxBits bits. If a divisor of n comes up the error is a DivisorError. Like all
// functions here that are given alive, it calls that every few milliseconds and returns
// its error, if it gives one.
func NewParams(alive func() error, n *big.Int) (Params, error) {
	var p Params
	err := new(factorBase).choose(alive, &p, n, tuningFor(n.BitLen()))
	return p, err
}

// choose sets p for n, and f to the factor base.
func (f *factorBase) choose(alive func() error, p *Params, n *big.Int, t tuning) error {
	if n.Sign() < 0 || n.Bit(0) == 0 || n.BitLen() < MinBits || n.BitLen() > MaxBits {
		return ErrParams
	}
	var words huge
	words.setBig(n)
	if words.mayBeSquare() {
		if r := new(big.Int).Sqrt(n); new(big.Int).Mul(r, r).Cmp(n) == 0 {
			return &DivisorError{r}
		}
	}
	*p = Params{N: n, Multiplier: multiplier(&words), Primes: uint32(t.primes)}
	if err := f.build(alive, &words, p.Multiplier, int(p.Primes)); err != nil {
		return err
	}
	p.Hash = f.hash()
	p.Small = uint32(f.index(t.small))
	p.Interval = uint32(t.interval) &^ 63
	if p.Interval > blockSize {
		p.Interval = (p.Interval + blockSize/2) &^ (blockSize - 1)
	}
	p.setBounds(f, &t)
	p.setPools(f, &t)
	return nil
}

// rebuild sets f to the factor base of p, which may come from anywhere. It returns
// ErrParams if it is not of this program's making.
func (f *factorBase) rebuild(alive func() error, p *Params) error {
	if p.N == nil || p.N.Sign() < 0 || p.N.Bit(0) == 0 || p.N.BitLen() < MinBits || p.N.BitLen() > MaxBits ||
		!slices.Contains(multipliers[:], p.Multiplier) || p.Primes < minPrimes || p.Primes > maxPrimes ||
		p.Interval < 64 || p.Interval > maxInterval || p.Interval%64 != 0 || p.Candidate > 128 || p.Small > p.Primes ||
		p.Interval > blockSize && p.Interval%blockSize != 0 ||
		p.Factors < 2 || p.Factors > maxFactors || p.Tolerance < 1 {
		return ErrParams
	}
	var n huge
	n.setBig(p.N)
	if err := f.build(alive, &n, p.Multiplier, int(p.Primes)); err != nil {
		if _, ok := err.(*DivisorError); ok {
			err = ErrParams
		}
		return err
	}
	if f.hash() != p.Hash {
		return ErrParams
	}
	for _, pool := range [...][2]uint32{p.PoolA, p.PoolB} {
		if pool[0] > pool[1] || int(pool[0]) < f.special || pool[1] > p.Primes ||
			f.prime[pool[1]-1] >= maxFactor || pool[1]-pool[0] > 2*maxPool {
			return ErrParams
		}
	}
	if int(p.Small) < f.special || int(p.PoolA[1]-p.PoolA[0])/2 < int(p.Factors) {
		return ErrParams
	}
	return nil
}

// setBounds sets the bounds of large primes and the thresholds. A value is at most about
// D/A * Interval/2 * sqrt(kN/2).
func (p *Params) setBounds(f *factorBase, t *tuning) {
	p.Large = uint32(min(t.large*float64(f.largest()), math.MaxUint32))
	rest := math.Log2(float64(p.Large))
	if t.double > 0 {
		p.Double = uint64(math.Pow(float64(p.Large), t.double))
		rest *= t.double
	}
	size := math.Log2(float64(p.Interval/2)) + math.Log2(f.kn.float())/2 - 0.5 + float64(f.shift())
	smooth := size - rest - 1
	p.Smooth = uint8(max(smooth, 1))
	p.Candidate = uint8(min(max(smooth-t.slack, 5), 128))
}

// setPools sets the number of factors and the pools.
func (p *Params) setPools(f *factorBase, t *tuning) {
	target := f.target(p)
	s := max(math.Round(math.Log2(target)/math.Log2(t.factor)), 3)
	p.Factors = uint8(min(s, maxFactors))
	average := math.Pow(target, 1/float64(p.Factors))
	low := f.index(5) // 3 is too precious
	high := min(len(f.prime), max(f.index(maxFactor), low))
	centre := min(max(f.index(average), low), high)
	// Pool a has half of the entries around the centre: 2s of which s-1 are chosen at least,
	// more than a hundred times as many as are needed.
	half := min(max(9, 2*int(p.Factors), centre/2), maxPool)
	p.PoolA = span(centre-half, centre+half, low, high)
	p.PoolB = span(max(f.index(average/2.5), centre-maxPool), min(f.index(average*2.5), centre+maxPool), low, high)
	p.Tolerance = 1.15
	if p.Factors <= 4 {
		p.Tolerance = 1.3
	}
}

// span returns the range from, to, moved and cut to lie within low, high.
func span(from, to, low, high int) [2]uint32 {
	if from < low {
		from, to = low, to+low-from
	}
	if to > high {
		from, to = max(low, from-(to-high)), high
	}
	return [2]uint32{uint32(from), uint32(to)}
}

// target returns the A for which the values are smallest: D = sqrt(2kN)/M, M being half the
// interval. It is the same number on all machines.
func (f *factorBase) target(p *Params) float64 {
	return math.Sqrt(2*f.kn.float()) / float64(p.Interval/2<<f.shift())
}

// float returns x as a float64, from its leading 64 bits.
func (x *huge) float() float64 {
	i := hugeWords - 1
	for i > 0 && x[i] == 0 {
		i--
	}
	word, exp := x[i], 64*i
	if i > 0 {
		zeros := bits.LeadingZeros64(word)
		word = word<<zeros | x[i-1]>>(64-zeros)
		exp -= zeros
	}
	return math.Ldexp(float64(word), exp)
}
