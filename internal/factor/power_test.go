package factor

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestKthRoot tries roots of all sizes up to 16,384 bits, with the
// neighbours of their powers.
func TestKthRoot(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, k := range []int{2, 3, 5, 7, 31, 97, 509, 1021} {
		for bits := 2; bits*k <= 16384; bits = bits*5/4 + 1 {
			for _, r := range []*big.Int{randomBits(rnd, bits), new(big.Int).Lsh(one, uint(bits-1)), new(big.Int).Sub(new(big.Int).Lsh(one, uint(bits)), one)} {
				n := new(big.Int).Exp(r, big.NewInt(int64(k)), nil)
				if got := kthRoot(n, k); got == nil || got.Cmp(r) != 0 {
					t.Fatalf("root %d of %v^%d = %v", k, r, k, got)
				}
				for _, d := range []int64{-1, 1} {
					m := new(big.Int).Add(n, big.NewInt(d))
					if got := kthRoot(m, k); m.Cmp(one) > 0 && got != nil {
						t.Fatalf("root %d of %v^%d%+d = %v", k, r, k, d, got)
					}
				}
			}
		}
	}
}

func TestPerfectPower(t *testing.T) {
	for _, test := range []struct{ base, exp int64 }{
		{65537, 1}, {65537, 2}, {65537, 12}, {65537, 25}, {65537, 49}, {65537, 1013}, {4294967311, 6}, {4294967311, 35},
	} {
		base, exp := perfectPower(pow(test.base, test.exp))
		if base.Int64() != test.base || exp != int(test.exp) {
			t.Errorf("%d^%d is taken for %v^%d", test.base, test.exp, base, exp)
		}
	}
	n := product(pow(65537, 6), pow(65539, 4))
	if base, exp := perfectPower(n); exp != 2 || base.Cmp(product(pow(65537, 3), pow(65539, 2))) != 0 {
		t.Errorf("p^6 q^4 is taken for %v^%d", base, exp)
	}
}

// TestAnyPower has powers of numbers with small factors, and their neighbours.
func TestAnyPower(t *testing.T) {
	for _, base := range []*big.Int{big.NewInt(2), big.NewInt(3), big.NewInt(6), big.NewInt(10), big.NewInt(12), big.NewInt(2 * 2 * 2 * 3), big.NewInt(30031), big10("1000000000000000000000000000057"), big10("2000000000000000000000000000114")} {
		for exp := int64(1); exp*int64(base.BitLen()) <= 16384; exp = exp*2 + exp%3 {
			n := new(big.Int).Exp(base, big.NewInt(exp), nil)
			if n.BitLen() < 4 {
				continue
			}
			if b, e := anyPower(n); b.Cmp(base) != 0 || int64(e) != exp {
				t.Errorf("%v^%d is taken for %v^%d", base, exp, b, e)
			}
			for _, d := range []int64{-1, 2, 5} {
				m := new(big.Int).Add(n, big.NewInt(d))
				if b, e := anyPower(m); e != 1 && new(big.Int).Exp(b, big.NewInt(int64(e)), nil).Cmp(m) != 0 {
					t.Errorf("%v^%d%+d is taken for %v^%d", base, exp, d, b, e)
				}
			}
		}
	}
}

func BenchmarkPerfectPower(b *testing.B) {
	for _, bits := range []int{128, 1024, 16384} {
		b.Run(big.NewInt(int64(bits)).String(), func(b *testing.B) {
			n := randomBits(rand.New(rand.NewPCG(8, 8)), bits)
			n.SetBit(n, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				perfectPower(n)
			}
		})
	}
}
