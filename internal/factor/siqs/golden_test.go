package siqs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
)

// A golden is what Revision stands for: another version of the program, another
// processor and another level of kernels must find the same.
type golden struct {
	bits    int
	n       string
	params  uint64           // Params.Sum
	factors map[uint64][]int // primes of A by coefficient number, that of pool b last; nil if void
	number  uint64           // a coefficient
	count   int              // of its relations
	hash    string           // of their yield, the first half of SHA-256
}

var goldens = []golden{
	{200, "1053987291055659988470802431479871522449718697198541291119727", 0x6942bbd2aeae960f, map[uint64][]int{
		0:        nil,
		1:        {1217, 911, 877, 733, 691, 587, 557, 499, 1559},
		2:        {1069, 1013, 821, 797, 769, 757, 673, 617, 743},
		3:        nil,
		1048576:  nil,
		19304010: {1171, 991, 971, 877, 797, 587, 523, 401, 1291},
		38608019: {1129, 971, 953, 877, 769, 733, 557, 317, 1373},
	}, 1, 194, "9f235c840d3af90929c4ce291496ae8f"},
	{265, "33004589195014190849944630683061210371529625724891653392146328967972147636397649", 0xbfd79d5724c7022b, map[uint64][]int{
		0:           nil,
		1:           {2411, 2309, 2239, 1999, 1889, 1709, 1667, 1459, 1091, 953, 673},
		2:           nil,
		3:           nil,
		1048576:     {2539, 2411, 2371, 2207, 2063, 1973, 1423, 1039, 991, 701, 929},
		26089741177: nil,
		52179482354: nil,
	}, 1, 535, "ebfb7e670221a9bac400c0e48e26792b"},
	{298, "313891429135177191930141652697638715569947331377948941948960397734272619044748527825465909", 0x13c380b098b146f, map[uint64][]int{
		0:            nil,
		1:            nil,
		2:            nil,
		3:            nil,
		1048576:      {3391, 3331, 3313, 3163, 2791, 2729, 2539, 2521, 1979, 1667, 1583, 1481},
		371797890912: {3323, 3089, 3061, 2971, 2917, 2903, 2609, 1933, 1867, 1787, 1667, 1951},
		743595781823: nil,
	}, 1048576, 290, "be6cc98a34c63b8412399f59a638e282"},
	{314, "20537152106563484736151282683316501382663201963304159999415939482028028918640402930864861878599", 0x79c1e06cce843cc3, map[uint64][]int{
		0:             nil,
		1:             nil,
		2:             {2767, 2657, 2531, 2393, 2377, 2281, 2221, 1847, 1657, 1493, 1201, 1181, 2939},
		3:             nil,
		1048576:       nil,
		1642107351528: nil,
		3284214703055: nil,
	}, 2, 709, "94c03619beca0954ce74ff434773ad58"},
}

// TestGolden fails if relations change. Then Revision must increase, so that programs of
// different versions do not work on one number together.
func TestGolden(t *testing.T) { kernelstest.Each(t, testGolden) }

func testGolden(t *testing.T) {
	for i := range goldens {
		g := &goldens[i]
		t.Run(fmt.Sprint(g.bits), func(t *testing.T) {
			if kernelstest.Short() && g.bits > 265 {
				t.Skip("takes seconds")
			}
			g.check(t)
		})
	}
}

func (g *golden) check(t *testing.T) {
	n, _ := new(big.Int).SetString(g.n, 10)
	p := mustParams(t, n)
	if n.BitLen() != g.bits || p.Sum() != g.params {
		t.Fatalf("%d bits, parameters %#x: %+v", n.BitLen(), p.Sum(), p)
	}
	set := newSet(t, p)
	v := set.verifier
	for number, want := range g.factors {
		at, ok := v.pools.factors(nil, number, &v.base)
		var primes []int
		for _, i := range at {
			primes = append(primes, int(v.base.prime[i]))
		}
		if ok != (want != nil) || ok && !slices.Equal(primes, want) {
			t.Errorf("coefficient %d is the product of %#v, %v; want %v", number, primes, ok, want)
		}
	}
	y := yields(t, p, g.number, g.number+1, 1)[0]
	if fresh, err := set.AddYield(y.data, y.first, y.end); err != nil || fresh != g.count {
		t.Errorf("%d relations, %v; want %d", fresh, err, g.count)
	}
	sum := sha256.Sum256(y.data)
	if got := hex.EncodeToString(sum[:16]); got != g.hash {
		t.Errorf("relations %s, want %s", got, g.hash)
	}
}
