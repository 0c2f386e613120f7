package siqs

import "math"

// setBounds sets the bounds of the large primes and the thresholds, all from
//
//	size = log2((D/A) * M * sqrt(kN/2)) = log2(M) + log2(kN)/2 - 1/2 + shift,
//
// the bits of the largest values of a polynomial. Values near the two real zeros of Q
// are smaller, so the threshold is a little too high for them; there are few.
//
//	rest      = log2(Large), or log2(Double) = double*log2(Large) for two large primes
//	Smooth    = size - rest - 1
//	Candidate = Smooth - slack
//
// The bit that is subtracted allows for rounded logarithms.
//
// Ranges: size < 210, and Candidate is at most 128, so that a block can begin with the
// byte 128-Candidate. Large is below 2^32, since relations store large primes in 32
// bits, and Double below 2^63, since package ecm splits it as a word.
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

// setPools sets the number s of primes of a coefficient and the ranges of both pools.
//
// Primes of A are not sieved, although each divides Q(x) for one x mod q: Q(x) =
// 2(D/A)Bx + C mod q. So small primes would be a loss, and large ones leave few
// coefficients. s is the number for which the primes have about the size that the
// tuning asks for:
//
//	s = log(target)/log(factor), rounded; average = target^(1/s).
//
// Pool a lies around the average. Pool b is wider, from average/2.5 to 2.5*average: its
// prime makes up for the s-1 others, whose product differs from average^(s-1).
func (p *Params) setPools(f *factorBase, t *tuning) {
	target := f.target(p)
	s := max(math.Round(math.Log2(target)/math.Log2(t.factor)), 3)
	p.Factors = uint8(min(s, maxFactors))
	average := math.Pow(target, 1/float64(p.Factors))
	low := f.index(5) // 3 divides too many values to be lost
	high := min(len(f.prime), max(f.index(maxFactor), low))
	centre := min(max(f.index(average), low), high)
	// Pool a has every other of the 2*half entries around the centre, at least max(9,
	// 2s) of them. There are (half over s-1) coefficients: 36 at 50 bits, 8000 at 140
	// bits, 10^13 at 330 bits.
	half := min(max(9, 2*int(p.Factors), centre/2), maxPool)
	p.PoolA = rangeWithin(centre-half, centre+half, low, high)
	p.PoolB = rangeWithin(max(f.index(average/2.5), centre-maxPool), min(f.index(average*2.5), centre+maxPool), low, high)
	p.Tolerance = 1.15
	if p.Factors <= 4 {
		p.Tolerance = 1.3
	}
}

// rangeWithin returns the range [from, to), moved into [low, high), and cut if it is
// longer than that.
func rangeWithin(from, to, low, high int) [2]uint32 {
	if from < low {
		from, to = low, to+low-from
	}
	if to > high {
		from, to = max(low, from-(to-high)), high
	}
	return [2]uint32{uint32(from), uint32(to)}
}

// target returns the A for which the values are smallest: D = sqrt(2kN)/M, M being half
// of the interval. It is the same number on all machines.
func (f *factorBase) target(p *Params) float64 {
	return math.Sqrt(2*f.kn.float()) / float64(p.Interval/2<<f.shift())
}
