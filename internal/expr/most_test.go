package expr

import (
	"math/big"
	"testing"
)

// TestMost: the largest arguments of functions are those whose values fit. The values are computed without the functions.
func TestMost(t *testing.T) {
	t.Parallel()
	most := func(next func(i int64) *big.Int) int64 {
		for i := int64(1); ; i++ {
			if next(i).BitLen() > maxInner {
				return i - 1
			}
		}
	}
	step := func(a, b int64) func(int64) *big.Int {
		x, y := big.NewInt(a), big.NewInt(b)
		return func(int64) *big.Int {
			x, y = y, x.Add(x, y)
			return x
		}
	}
	factorial, primorial := big.NewInt(1), big.NewInt(1)
	for _, test := range []struct {
		f    *function
		want int64
	}{
		{functions["fib"], most(step(0, 1))},
		{functions["luc"], most(step(2, 1))},
		{postfixes["!"], most(func(i int64) *big.Int { return factorial.Mul(factorial, big.NewInt(i)) })},
		{postfixes["#"], most(func(i int64) *big.Int {
			if big.NewInt(i).ProbablyPrime(0) {
				primorial.Mul(primorial, big.NewInt(i))
			}
			return primorial
		})},
	} {
		if test.f.most != test.want {
			t.Errorf("%s: the largest argument is %d, want %d", test.f.shown, test.f.most, test.want)
		}
	}
}
