package ecm

import "fmt"

// A Curve names a computation that anybody can repeat.
type Curve struct {
	B1, B2, Sigma uint64
}

// String returns the curve as results name it.
func (c Curve) String() string {
	return fmt.Sprintf("ecm(B1=%d,B2=%d,sigma=%d)", c.B1, c.B2, c.Sigma)
}

// minSigma is the least sigma: 1 and 5 give no curve, the others below 6 a
// known one.
const minSigma = 6

// goodSigmas are fractions sigma that find a factor more often than others, by 6 in a
// hundred for 64 bits: (A+2)*B or (A-2)*B is minus a square, or B is a
// square, where B*y^2 = x^3 + A*x^2 + x is the curve with the point of y = 1, so that the
// order of the curve has a factor 2 more for some primes. A search of numerators below
// 40000 has found them; 5/sigma has the curve of sigma. Such families are explained by
// R. Barbulescu, J. W. Bos, C. Bouvier, T. Kleinjung, P. L. Montgomery, Finding
// ECM-friendly curves through a study of Galois properties (2012).
var goodSigmas = [...][2]uint64{{11, 1}, {9, 4}, {47, 3}, {65, 11}, {845, 121}, {1205, 239}, {2171, 719}, {25921, 144}}

// sigma returns the parameter num/den of a curve by number. The first curves are the same
// for every seed.
func sigma(seed uint64, curve int) (num, den uint64) {
	if curve < len(goodSigmas) {
		return goodSigmas[curve][0], goodSigmas[curve][1]
	}
	return Sigma(seed, uint64(curve)), 1
}

// Sigma returns the parameter of a curve by number, 32 bits like those that people pass
// around.
func Sigma(seed, curve uint64) uint64 {
	// The finaliser of splitmix64: a bijection that mixes well.
	x := seed + (curve+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return minSigma + x>>32
}
