package ecm

import "fmt"

// A Curve names a computation that others can repeat: the bounds and the parameter
// sigma of Suyama's parametrization.
type Curve struct {
	B1, B2, Sigma uint64
}

// String returns the curve as results name it, "ecm(B1=...,B2=...,sigma=...)".
func (c Curve) String() string {
	return fmt.Sprintf("ecm(B1=%d,B2=%d,sigma=%d)", c.B1, c.B2, c.Sigma)
}

// MinSigma is the least parameter. 0, 1 and 5 give no curve, and the others below 6
// repeat a known one.
const MinSigma = 6

// goodSigmas are parameters num/den that find factors of 64-bit numbers 6 % more often
// than random ones. For some primes p the order of their curves has one more factor 2,
// because (A+2)*B or (A-2)*B is minus a square, or B is a square, where B*y^2 = x^3 +
// A*x^2 + x is the curve with the point of y = 1. They come from a search of numerators
// below 40000; 5/sigma has the same curve as sigma. R. Barbulescu, J. W. Bos, C.
// Bouvier, T. Kleinjung, P. L. Montgomery, Finding ECM-friendly curves through a study
// of Galois properties (2012), explain such families.
var goodSigmas = [...][2]uint64{{11, 1}, {9, 4}, {47, 3}, {65, 11}, {845, 121}, {1205, 239}, {2171, 719}, {25921, 144}}

// sigma returns the parameter num/den of the curve number curve, from 0. The first
// curves are the same for every seed.
func sigma(seed uint64, curve int) (num, den uint64) {
	if curve < len(goodSigmas) {
		return goodSigmas[curve][0], goodSigmas[curve][1]
	}
	return Sigma(seed, uint64(curve)), 1
}

// Sigma returns the parameter of the curve number curve, 6 <= sigma < 2^32 + 6: 32
// bits, as other programs use. The parameters are pseudorandom.
func Sigma(seed, curve uint64) uint64 {
	// The finaliser of splitmix64 (G. Steele, D. Lea, C. Flood, 2014), a bijection.
	x := seed + (curve+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return MinSigma + x>>32
}
