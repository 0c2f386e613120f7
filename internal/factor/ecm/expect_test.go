package ecm

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestRho compares with known values: rho(2) = 1 - ln 2, the others from A. Granville, Smooth
// numbers: computational number theory and beyond (2008), table 1.
func TestRho(t *testing.T) {
	for u, want := range map[float64]float64{0.5: 1, 1: 1, 2: 1 - math.Ln2, 3: 0.0486084, 4: 0.00491093, 5: 3.54725e-4, 10: 2.77017e-11} {
		if got := rho(u); math.Abs(got/want-1) > 0.002 {
			t.Errorf("rho(%v) = %v, want %v", u, got, want)
		}
	}
}

// TestChance compares with the numbers of curves that GMP-ECM 7.0.5 expects, for the same B1, B2 and
// sigma, and a second stage of differences as here (-v -param 0 -power 1).
func TestChance(t *testing.T) {
	for _, c := range []struct {
		b1, b2         uint64
		digits, curves float64
	}{
		{50e3, 5e6, 35, 95330}, {50e3, 5e6, 40, 2610023}, {250e3, 25e6, 35, 7965},
		{250e3, 25e6, 40, 117616}, {1e6, 100e6, 35, 1676}, {1e6, 100e6, 45, 194098},
	} {
		if got := 1 / Chance(c.b1, c.b2, c.digits); math.Abs(got/c.curves-1) > 0.02 {
			t.Errorf("B1=%d B2=%d: %.0f curves for %v digits, want %.0f", c.b1, c.b2, got, c.digits, c.curves)
		}
	}
}

// TestChanceFound runs groups of curves modulo products of a prime of 13 digits and a large one: as
// many as expected must find it, within four standard deviations and a tenth.
func TestChanceFound(t *testing.T) {
	t.Parallel()
	const b1, b2, groups = 300, 18e3, 400
	rnd := rand.New(rand.NewPCG(13, 1))
	plan, large := newPlan(b1, b2), new(big.Int).Sub(new(big.Int).Lsh(one, 127), one)
	found := 0
	for i := range uint64(groups) {
		n := new(big.Int).SetUint64(randomPrime(rnd, 42)) // 2^41.5 is 10^12.5
		curves := newRunner(n.Mul(n, large), always)
		var sigmas [Group]uint64
		for j := range sigmas {
			sigmas[j] = Sigma(i, uint64(j))
		}
		d, _, err := curves.Run(plan, sigmas[:])
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			found++
		}
	}
	want := groups * (1 - math.Pow(1-Chance(b1, b2, 13), Group))
	t.Logf("%d of %d groups found the factor, %.1f expected", found, groups, want)
	if math.Abs(float64(found)-want) > 4*math.Sqrt(want)+want/10 {
		t.Errorf("%d of %d groups found the factor, %.1f expected", found, groups, want)
	}
}
