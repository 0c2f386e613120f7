package mont

import (
	"math"
	"math/big"
	"testing"
)

// floatOf returns the double in a number of a floatForm.
func floatOf(a avxNumber) *big.Int {
	x, _ := big.NewFloat(math.Float64frombits(a[0])).Int(nil)
	return x
}

func numberOf(x *big.Int) avxNumber {
	f, _ := new(big.Float).SetInt(x).Float64()
	return avxNumber{math.Float64bits(f)}
}

// TestPowersRanges has the largest operands that the tests of vectorPowers multiply in doubles, for the
// largest moduli: the residue is exact and not above n.
func TestPowersRanges(t *testing.T) {
	check := func(f floatForm, n, a, b *big.Int) {
		c := f.constants(wideWords(n))
		r := floatOf(f.half(c, f.mul(c, numberOf(a), numberOf(b))))
		d := new(big.Int).Mul(a, b)
		if d.Sub(d, r).Mod(d, n).Sign() != 0 {
			t.Errorf("halves %v: %v * %v = %v mod %v", f.halves, a, b, r, n)
		}
		limit := new(big.Int).Set(n)
		if f.halves {
			limit.Rsh(limit.Add(limit, big.NewInt(1)), 1)
		}
		if r.CmpAbs(limit) > 0 {
			t.Errorf("halves %v: %v * %v = %v mod %v, too large", f.halves, a, b, r, n)
		}
	}
	for d := int64(1); d < 4000; d += 2 {
		n := big.NewInt(1<<50 - d)
		h := big.NewInt(1<<52 - d)
		half := new(big.Int).Rsh(new(big.Int).Add(h, big.NewInt(1)), 1)
		if d == 1 {
			half.Sub(half, big.NewInt(1)) // see halvingField
		}
		for e := int64(0); e < 40; e++ {
			for _, sign := range []int64{1, -1} {
				a := new(big.Int).Sub(n, big.NewInt(e))
				check(floatForm{}, n, a, new(big.Int).Mul(a, big.NewInt(2*sign)))
				a = new(big.Int).Sub(half, big.NewInt(e))
				check(floatForm{halves: true}, h, a, new(big.Int).Mul(a, big.NewInt(2*sign)))
			}
		}
	}
}
