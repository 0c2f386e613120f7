package siqs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	polys   int              // of it, the first so many, a multiple of 4; 0: all
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
	}, 1, 0, 194, "9f235c840d3af90929c4ce291496ae8f"},
	{265, "33004589195014190849944630683061210371529625724891653392146328967972147636397649", 0xbfd79d5724c7022b, map[uint64][]int{
		0:           nil,
		1:           {2411, 2309, 2239, 1999, 1889, 1709, 1667, 1459, 1091, 953, 673},
		2:           nil,
		3:           nil,
		1048576:     {2539, 2411, 2371, 2207, 2063, 1973, 1423, 1039, 991, 701, 929},
		26089741177: nil,
		52179482354: nil,
	}, 1, 0, 535, "ebfb7e670221a9bac400c0e48e26792b"},
	{298, "313891429135177191930141652697638715569947331377948941948960397734272619044748527825465909", 0x13c380b098b146f, map[uint64][]int{
		0:            nil,
		1:            nil,
		2:            nil,
		3:            nil,
		1048576:      {3391, 3331, 3313, 3163, 2791, 2729, 2539, 2521, 1979, 1667, 1583, 1481},
		371797890912: {3323, 3089, 3061, 2971, 2917, 2903, 2609, 1933, 1867, 1787, 1667, 1951},
		743595781823: nil,
	}, 1048576, 0, 290, "be6cc98a34c63b8412399f59a638e282"},
	{314, "20537152106563484736151282683316501382663201963304159999415939482028028918640402930864861878599", 0x79c1e06cce843cc3, map[uint64][]int{
		0:             nil,
		1:             nil,
		2:             {2767, 2657, 2531, 2393, 2377, 2281, 2221, 1847, 1657, 1493, 1201, 1181, 2939},
		3:             nil,
		1048576:       nil,
		1642107351528: nil,
		3284214703055: nil,
	}, 2, 0, 709, "94c03619beca0954ce74ff434773ad58"},
	{340, "1340815713799394036512198622875729954258302360859139390948806218861700827704353382783915670663502375499", 0xa87395e68f07b7cf, map[uint64][]int{
		0:              nil,
		1:              nil,
		2:              {2879, 2851, 2797, 2777, 2663, 2557, 2549, 2417, 2099, 1933, 1901, 1291, 1201, 1297},
		1048576:        {3089, 3037, 2797, 2731, 2663, 2281, 2141, 1873, 1861, 1619, 1567, 1217, 1201, 3119},
		6568429406112:  nil,
		13136858812223: {2953, 2897, 2797, 2557, 2459, 2393, 2179, 2003, 1723, 1699, 1489, 1361, 1291, 3119},
	}, 2, 512, 51, "5d1882895c3d0adb20ae76d9396e5e01"},
	{359, "601314681701238872571182137985064982024605704297165739040594592687751540384201182306924291053508781458893867", 0xd622270ba11ee638, map[uint64][]int{
		0:              nil,
		2:              {2797, 2647, 2341, 2179, 2099, 2029, 2011, 1979, 1783, 1753, 1493, 1423, 1373, 1109, 2221},
		3:              {2969, 2797, 2579, 2521, 2459, 2341, 2213, 2113, 1861, 1663, 1627, 1567, 1231, 1009, 1021},
		1048576:        nil,
		23927849979408: {2917, 2647, 2579, 2459, 2269, 2113, 1999, 1789, 1531, 1511, 1487, 1301, 1213, 1039, 2963},
		47855699958815: nil,
	}, 2, 1024, 59, "97b9eb1e7d7f64d892bcacad3c25955a"},
}

// TestGolden fails if relations change. Then Revision must increase, so that programs of
// different versions do not work on one number together.
func TestGolden(t *testing.T) { kernelstest.Each(t, testGolden) }

func testGolden(t *testing.T) {
	for i := range goldens {
		g := &goldens[i]
		t.Run(fmt.Sprint(g.bits), func(t *testing.T) {
			// At lower levels one number stands for those with a large base.
			if g.bits > 265 && (testing.Short() || kernelstest.Lower() && g.bits != 340) {
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
	y := g.yield(t, p)
	if fresh, err := set.AddYield(y.data, y.first, y.end); err != nil || fresh != g.count {
		t.Errorf("%d relations, %v; want %d", fresh, err, g.count)
	}
	sum := sha256.Sum256(y.data)
	if got := hex.EncodeToString(sum[:16]); got != g.hash {
		t.Errorf("relations %s, want %s", got, g.hash)
	}
	checkEquations(t, set)
}

// yield returns the relations of the coefficient, or of its first polynomials.
func (g *golden) yield(t *testing.T, p Params) yieldOf {
	if g.polys == 0 {
		return yields(t, p, g.number, g.number+1, 1)[0]
	}
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	var e yieldEncoder
	e.reset(g.number)
	enough := errors.New("enough")
	err := s.Collect(func() error { // called after every 4 polynomials of 2^17 positions
		if s.Stats.Polys >= g.polys {
			return enough
		}
		return nil
	}, g.number, g.number+1, func(r *Relation) bool { e.add(&s, r); return true })
	if err == enough {
		_, err = s.emitSplit(always)
	}
	if err != nil || s.Stats.Polys != g.polys {
		t.Fatalf("%d polynomials, %v; want %d", s.Stats.Polys, err, g.polys)
	}
	e.finish(g.number)
	return yieldOf{g.number, g.number + 1, e.data}
}

// checkEquations multiplies out all relations of the set with math/big.
func checkEquations(t *testing.T, s *Set) {
	t.Helper()
	kn := s.base.kn.big()
	var primes []uint32
	for i := range s.entries {
		e := &s.entries[i]
		left := e.value.big(new(big.Int))
		left.Sub(left.Mul(left, left), kn)
		large := s.largeOf(uint32(i))
		right := new(big.Int).Mul(big.NewInt(int64(large[0])), big.NewInt(int64(large[1])))
		primes = readPrimes(primes[:0], s.primes[e.start:e.end])
		for _, at := range primes {
			q := int64(s.base.prime[at])
			if at == 0 {
				q = -1
			}
			right.Mul(right, big.NewInt(q))
		}
		if left.Cmp(right) != 0 {
			t.Fatalf("relation %d: %v, product %v", i, left, right)
		}
	}
}
