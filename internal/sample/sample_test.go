package sample

import (
	"math/big"
	"slices"
	"testing"

	"factorfleet/internal/nat"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{8, 15, 40, 63, 64, 65, 96, 127, 128, 200} {
		for _, list := range [][]nat.Nat{Random(bits, 50, 1), Semiprimes(bits, 10, 1)} {
			for _, n := range list {
				if n.BitLen() != bits || n.Big().Bit(0) == 0 {
					t.Errorf("%v is not odd and of %d bits", n, bits)
				}
			}
		}
	}
}

func TestSemiprimesAreBalanced(t *testing.T) {
	t.Parallel()
	for _, n := range Semiprimes(24, 50, 2) {
		small := uint64(3)
		for w, _ := n.Word(); w%small != 0; {
			small += 2
		}
		w, _ := n.Word()
		if p, q := new(big.Int).SetUint64(small), new(big.Int).SetUint64(w/small); p.BitLen() != 12 || q.BitLen() != 12 || !q.ProbablyPrime(0) {
			t.Errorf("%v = %v * %v", n, p, q)
		}
	}
}

func TestListsRepeat(t *testing.T) {
	t.Parallel()
	equal := func(a, b []nat.Nat) bool {
		return slices.EqualFunc(a, b, func(x, y nat.Nat) bool { return x.Cmp(y) == 0 })
	}
	if !equal(Semiprimes(60, 5, 3), Semiprimes(60, 5, 3)) || equal(Random(60, 5, 3), Random(60, 5, 4)) {
		t.Error("a list does not follow from its arguments alone")
	}
	if list := Tutorial(); len(list) != 1000 || list[999].String() != "1000000001997" {
		t.Errorf("%d numbers, the last %v", len(list), list[len(list)-1])
	}
}
