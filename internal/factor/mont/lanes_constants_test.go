package mont

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestMontgomeryConstants(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	number := func(n [2]uint64) *big.Int {
		x := new(big.Int).SetUint64(n[1])
		return x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(n[0]))
	}
	for i := range 20000 {
		size := 3 + rnd.IntN(MaxLaneBits-2)
		n := number([2]uint64{rnd.Uint64(), rnd.Uint64()})
		n.SetBit(n.SetBit(n.Rsh(n, uint(MaxLaneBits-size)), size-1, 1), 0, 1)
		switch i % 8 {
		case 0: // 2^k+1
			n.SetBit(big.NewInt(1), size-1, 1)
		case 1: // 2^k-1
			n.Sub(new(big.Int).Lsh(big.NewInt(1), uint(size)), big.NewInt(1))
		case 2: // many ones at the end
			n.Or(n, big.NewInt(1<<62-1))
		}
		words := [2]uint64{new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0))).Uint64(), new(big.Int).Rsh(n, 64).Uint64()}
		for limbs := (n.BitLen() + 54) / 52; limbs <= 3; limbs++ {
			one, r2 := montgomeryConstants(words, 52*limbs)
			r := new(big.Int).Lsh(big.NewInt(1), uint(52*limbs))
			wantR2 := new(big.Int).Mul(r, r)
			if number(one).Cmp(r.Mod(r, n)) != 0 || number(r2).Cmp(wantR2.Mod(wantR2, n)) != 0 {
				t.Errorf("n=%v, %d limbs: %v, %v", n, limbs, one, r2)
			}
		}
	}
}
