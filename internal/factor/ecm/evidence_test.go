package ecm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/factor/mont"
)

// goldenEvidence is the evidence of the first three curves of group 5 of seed 77, modulo primeOfDigits of so many digits.
// The plans have all giant steps.
var goldenEvidence = []struct {
	digits int
	b1, b2 uint64
	curves []uint64
}{
	{20, 500, 25e3, []uint64{0x52f2179d183a5bac, 0x086596b6506e97dd, 0xb7c27d3e4cca7ac6}},
	{110, 500, 25e3, []uint64{0x2e9c8c339e6c38aa, 0xc04ca4119b37ca6a, 0x0508c3456e13b8f6}},
	{150, 100, 5e3, []uint64{0x6cc3916ce4ca17b1, 0x6fb243ad03b30bd2, 0xd3877964d1a4bcdb}},
	{150, 1200, 60e3, []uint64{0x130ad159e492a4bd, 0x94035e324ae1e734, 0x5ddb988831c14d33}},
	{200, 500, 25e3, []uint64{0xeda24083c5e7d85b, 0xa34fa8b5dd7ec581, 0x243c89492c6e1504}},
	{300, 500, 25e3, []uint64{0x76be3d7a46bb0f61, 0x4dc6a729cafaf7cb, 0xcfb0c27237dffcb5}},
	{320, 300, 9e3, []uint64{0x911e3f2b2bb5c586, 0x9b17c25896a5c6b2, 0xe4fb8d1e57b9cb9a}},
	{30, 15015, 2e7, []uint64{0xfe87f16e26ae59ec, 0x624dddd8d9d5fe50, 0x43fa82a0e666370b}},
}

// TestEvidenceGolden: the evidence is the same on all machines and in all builds. If the map from a curve to its
// evidence changes, increase Revision.
func TestEvidenceGolden(t *testing.T) {
	var numbers []*big.Int
	for _, test := range goldenEvidence {
		numbers = append(numbers, primeOfDigits(test.digits))
	}
	kernelstest.Each(t, func(t *testing.T) { testEvidenceGolden(t, numbers) })
}

func testEvidenceGolden(t *testing.T, numbers []*big.Int) {
	sigmas := GroupSigmas(77, 5)
	for i, test := range goldenEvidence {
		n, plan := numbers[i], newPlan(test.b1, test.b2)
		for _, kind := range []machineKind{bestMachine(n.BitLen()), onScalar} {
			s := newRunner(n, always)
			s.kind = kind
			evidence, d, err := s.Evidence(plan, sigmas[:3])
			if d != nil || err != nil {
				t.Fatalf("%d digits: %v, %v", test.digits, d, err)
			}
			if got := words(evidence); !slices.Equal(got, test.curves) {
				t.Errorf("%d digits, %v, machine %d: evidence %#x, want %#x", test.digits, plan, kind, got, test.curves)
			}
			if kernels.Active() == kernels.Plain {
				break // it has one machine
			}
		}
	}
}

// words returns the evidence as numbers.
func words(evidence []byte) (list []uint64) {
	for ; len(evidence) > 0; evidence = evidence[EvidenceBytes:] {
		list = append(list, binary.LittleEndian.Uint64(evidence))
	}
	return list
}

// TestEvidenceMeaning compares the evidence with the product of its definition, by the plain arithmetic of Search: each
// x by a ladder of its own and an inversion of its own.
func TestEvidenceMeaning(t *testing.T) {
	plan, n := newPlan(200, 3000), primeOfDigits(40)
	evidence, _, err := newRunner(n, always).Evidence(plan, []uint64{4711})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSearch(n, always)
	s.f.suyama(s.q, 4711)
	s.stage1(plan, false)
	x := func(k uint64) mont.Element {
		r, next := s.f.newPoint(), s.f.newPoint()
		s.f.ladder(r, next, s.q, k)
		s.f.invert(r.z)
		s.f.w.Mul(r.x, r.x, r.z)
		return r.x
	}
	product, at := slices.Clone(s.f.w.One()), uint32(0)
	for i, end := range plan.end {
		giant := x((plan.first + uint64(i)) * plan.d)
		pairs := plan.pairs[at:end]
		if len(pairs)%2 == 1 {
			pairs = append(slices.Clone(pairs), pairs[len(pairs)-1])
		}
		for _, j := range pairs {
			difference := x(uint64(plan.babies[j]))
			s.f.w.Sub(difference, giant, difference)
			s.f.w.Mul(product, product, difference)
		}
		at = end
	}
	want := new(big.Int).Mod(s.f.w.Value(new(big.Int), product), new(big.Int).Lsh(one, 64)).Uint64()
	if got := words(evidence); len(got) != 1 || got[0] != want {
		t.Errorf("%#x, want %#x", got, want)
	}
}

// TestYield: the yields of groups are without gaps, and their evidence is that of each curve alone. A plan to flush, to
// stop, and an interruption in the middle of a group end them where they should.
func TestYield(t *testing.T) {
	plan, n := newPlan(100, 3000), primeOfDigits(30)
	const seed, from = 9, 1000
	alone := func(group uint64, i int) uint64 {
		sigmas := GroupSigmas(seed, group)
		evidence, d, err := newRunner(n, always).Evidence(plan, sigmas[i:i+1])
		if d != nil || err != nil {
			t.Fatal(d, err)
		}
		return words(evidence)[0]
	}
	for name, test := range map[string]struct {
		end    uint64
		flush  int // after each so many groups
		stop   int // after so many groups
		cut    int // check fails at the first call after so many groups
		yields string
	}{
		"all":         {end: from + 3, flush: 9, stop: 9, cut: 9, yields: "[1000-1003]"},
		"each":        {end: from + 3, flush: 1, stop: 9, cut: 9, yields: "[1000-1001 1001-1002 1002-1003]"},
		"stop":        {end: from + 9, flush: 2, stop: 3, cut: 9, yields: "[1000-1002 1002-1003]"},
		"interrupted": {end: from + 9, flush: 2, stop: 9, cut: 3, yields: "[1000-1002 1002-1003]"},
		"at once":     {end: from + 9, flush: 2, stop: 9, cut: 0, yields: "[]"},
		"none":        {end: from, flush: 1, stop: 1, cut: 9, yields: "[]"},
	} {
		groups, errCut := 0, errors.New("cut")
		s := newRunner(n, func() error {
			if groups >= test.cut {
				return errCut
			}
			return nil
		})
		got := []string{}
		err := s.Yield(plan, seed, from, test.end, func() (bool, bool) {
			groups++
			return groups%test.flush == 0, groups == test.stop
		}, func(y Yield) {
			got = append(got, fmt.Sprintf("%d-%d", y.From, y.End))
			list := words(y.Evidence)
			if len(list) != int(y.End-y.From)*Group || y.Divisor != nil || y.Sigma != 0 {
				t.Fatalf("%s: %+v", name, y)
			}
			for i, e := range list {
				if i%5 == 0 && e != alone(y.From+uint64(i/Group), i%Group) {
					t.Errorf("%s: evidence %#x of curve %d from group %d on", name, e, i, y.From)
				}
			}
		})
		if want := error(nil); test.cut < 9 {
			if want = errCut; err != want {
				t.Errorf("%s: %v", name, err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if fmt.Sprint(got) != test.yields {
			t.Errorf("%s: %v, want %s", name, got, test.yields)
		}
	}
}

// TestYieldIsBounded: no yield has more than MaxYieldGroups groups, whatever due says.
func TestYieldIsBounded(t *testing.T) {
	plan, n := newPlan(15, 15), primeOfDigits(20)
	var sizes []uint64
	newRunner(n, always).Yield(plan, 1, 7, 7+MaxYieldGroups+5, func() (bool, bool) { return false, false },
		func(y Yield) { sizes = append(sizes, y.End-y.From) })
	if !slices.Equal(sizes, []uint64{MaxYieldGroups, 5}) {
		t.Errorf("yields of %d groups", sizes)
	}
}

// TestYieldDivisor: a divisor ends the yields at once, with the curve that finds it, on every machine. The evidence of
// its group is 0, and that of the groups before is not.
func TestYieldDivisor(t *testing.T) { kernelstest.Each(t, testYieldDivisor) }

func testYieldDivisor(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 14))
	plan, found := newPlan(200, 6000), 0
	for round := range 20 {
		n := new(big.Int).SetUint64(randomPrime(rnd, 30))
		n.Mul(n, primeOfDigits(60+10*(round%4)))
		var last Yield
		end := uint64(0)
		err := newRunner(n, always).Yield(plan, uint64(round), 0, 40, func() (bool, bool) { return true, false }, func(y Yield) {
			if y.From != end || last.Divisor != nil {
				t.Errorf("a yield from %d on after %+v", y.From, last)
			}
			last, end = y, y.End
			for _, e := range words(y.Evidence) {
				if (y.Divisor == nil) != (e != 0) {
					t.Errorf("evidence %#x of group %d, divisor %v", e, y.From, y.Divisor)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if last.Divisor == nil {
			if end != 40 {
				t.Errorf("ends at %d without a divisor", end)
			}
			continue
		}
		found++
		if last.Divisor.Cmp(one) <= 0 || last.Divisor.Cmp(n) >= 0 || new(big.Int).Mod(n, last.Divisor).Sign() != 0 {
			t.Errorf("%v is no divisor of %v", last.Divisor, n)
		}
		evidence, d, err := newRunner(n, always).Evidence(plan, []uint64{last.Sigma})
		if evidence != nil || err != nil || d == nil || d.Cmp(last.Divisor) != 0 {
			t.Errorf("sigma %d alone: %x, %v, %v; want %v", last.Sigma, evidence, d, err, last.Divisor)
		}
		// Modulo the divisor, and in a group before it, which has not found it.
		sigmas := GroupSigmas(uint64(round), last.End-1)
		which, err := newRunner(last.Divisor, always).FindsAll(plan, sigmas[:])
		if err != nil || which < 0 || sigmas[which] != last.Sigma {
			t.Errorf("curve %d of %v finds %v, want %d; %v", which, sigmas, last.Divisor, last.Sigma, err)
		}
		sigmas = GroupSigmas(uint64(round), last.End-2)
		if which, err := newRunner(last.Divisor, always).FindsAll(plan, sigmas[:]); last.End > 1 && (err != nil || which >= 0) {
			t.Errorf("curve %d of the group before finds %v; %v", which, last.Divisor, err)
		}
	}
	if found < 15 {
		t.Errorf("only %d found", found)
	}
}

// TestEvidenceDegenerate: a curve that finds all prime factors of n at once, here the prime n itself, has evidence 0. The
// others of its group have theirs.
func TestEvidenceDegenerate(t *testing.T) { kernelstest.Each(t, testEvidenceDegenerate) }

func testEvidenceDegenerate(t *testing.T) {
	n := primeOfDigits(20)
	for _, test := range []struct {
		plan  *Plan
		group uint64 // of seed 0, searched
		at    int    // the curve that finds n
	}{
		{newPlan(2000, 100e3), 57, 5}, // in stage 2
		{newPlan(2000, 100e3), 60, 0},
		{newPlan(10e3, 10e3), 57, 5}, // in stage 1
		{newPlan(10e3, 10e3), 90, 1},
	} {
		sigmas := GroupSigmas(0, test.group)
		evidence, d, err := newRunner(n, always).Evidence(test.plan, sigmas[:])
		if d != nil || err != nil {
			t.Fatal(d, err)
		}
		for i, e := range words(evidence) {
			if (e == 0) != (i == test.at) {
				t.Errorf("%v, group %d: curve %d has evidence %#x", test.plan, test.group, i, e)
			}
		}
	}
}
