package factor

import (
	"math/big"
	"testing"
)

// FuzzFactor multiplies parts of all sizes, at most one of them above 48 bits so that the number
// can be factored, and checks the answer.
func FuzzFactor(f *testing.F) {
	f.Add(uint64(1), uint64(1), uint64(1), uint64(0))
	f.Add(uint64(1<<32-5), uint64(1<<32-5), uint64(2), uint64(1))
	f.Add(uint64(1<<64-59), uint64(1000003), uint64(1000003), uint64(2))
	f.Add(uint64(1<<40+15), uint64(1<<40+15), uint64(65537), uint64(3))
	f.Fuzz(func(t *testing.T, a, b, c, seed uint64) {
		e := New(Options{Seed: seed})
		word := new(big.Int).SetUint64
		const low48 = 1<<48 - 1
		for _, n := range []*big.Int{
			word(a * b * c),
			product(word(a), word(b&low48)),
			product(word(a&low48), word(a&low48), word(b&low48)),
			product(word(a), word(b&low48), word(c&low48)),
		} {
			if n.Sign() != 0 {
				complete(t, e, n)
			}
		}
	})
}
