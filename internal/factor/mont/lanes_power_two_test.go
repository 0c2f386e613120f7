package mont

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestTwoPowersMul compares products with big integers, for moduli and factors at the ends of their
// ranges: just below 2^128 a sum inside has a bit more than three words.
func TestTwoPowersMul(t *testing.T) {
	rnd := rand.New(rand.NewPCG(12, 8))
	number := func(x *big.Int) twoWords { w := wordsOf(x); return twoWords{w[0], w[1]} }
	rInv := new(big.Int)
	for _, bits := range []uint{65, 66, 96, 127, 128} {
		for range 60 {
			n := new(big.Int).Sub(new(big.Int).Lsh(one, bits), big.NewInt(1+2*rnd.Int64N(200)))
			p := newTwoPowers()
			var m PowerModulus
			p.Prepare(&m, wordsOf(n))
			p.set(&m, 1, 0)
			rInv.ModInverse(new(big.Int).Lsh(one, 128), n)
			near := func() *big.Int { return new(big.Int).Sub(n, big.NewInt(1+rnd.Int64N(40))) }
			for range 40 {
				a, b := near(), near()
				if rnd.IntN(4) == 0 {
					b = new(big.Int).SetInt64(rnd.Int64N(3))
				}
				want := new(big.Int).Mul(a, b)
				want.Mod(want.Mul(want, rInv), n)
				if got := p.mul(number(a), number(b)); got != number(want) {
					t.Fatalf("n=%v: %v*%v/R = %v, want %v", n, a, b, got, number(want))
				}
			}
		}
	}
}

// wordsOf returns x < 2^128 as words.
func wordsOf(x *big.Int) (w [2]uint64) {
	var b [16]byte
	x.FillBytes(b[:])
	for i := range 8 {
		w[1] = w[1]<<8 | uint64(b[i])
		w[0] = w[0]<<8 | uint64(b[8+i])
	}
	return w
}
