package ecm

import "sync"

// A class is the work on numbers up to a size.
type class struct {
	bits      int
	b1, b2, d uint64
	curves    int
}

// classes are by TestCalibrate on a Sapphire Rapids, which gives the best of 25 choices
// around them; the optimum is flat. All curves fail for no balanced semiprime but one in
// many millions. 48, 52, 75 and 98 are where the machines of mont.Lanes end.
var classes = [...]class{
	{36, 30, 900, 60, 30},
	{40, 49, 1500, 90, 40},
	{44, 58, 1800, 90, 50},
	{48, 90, 3000, 120, 60},
	{52, 106, 5500, 210, 60},
	{56, 135, 7000, 210, 60},
	{60, 190, 8500, 210, 60},
	{64, 280, 17000, 420, 60},
	{70, 340, 22000, 420, 100},
	{75, 500, 27000, 420, 120},
	{80, 650, 42000, 630, 150},
	{86, 1000, 55000, 630, 200},
	{92, 1450, 80000, 840, 250},
	{98, 1800, 120000, 1050, 400},
	{104, 2500, 190000, 1260, 400},
	{112, 3600, 270000, 1260, 500},
	{120, 6000, 450000, 2310, 600},
	{128, 10000, 500000, 2310, 800},
}

var programs [len(classes)]func() *Program

func init() {
	for i := range classes {
		programs[i] = sync.OnceValue(classes[i].compile)
	}
}

func (c *class) compile() *Program {
	p := newProgram(c.b1, c.b2, c.d)
	p.curves = c.curves
	return p
}

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
	return MinSigma + x>>32
}
