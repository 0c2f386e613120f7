package mont

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// wideBig returns n as a big.Int.
func wideBig(n [2]uint64) *big.Int {
	b := new(big.Int).SetUint64(n[1])
	return b.Add(b.Lsh(b, 64), new(big.Int).SetUint64(n[0]))
}

// wideWords returns the two words of b.
func wideWords(b *big.Int) [2]uint64 {
	lo := new(big.Int).And(b, new(big.Int).SetUint64(^uint64(0))).Uint64()
	return [2]uint64{lo, new(big.Int).Rsh(b, 64).Uint64()}
}

// textbookStrong is the strong test to base 2 as its definition has it.
func textbookStrong(n *big.Int) bool {
	one := big.NewInt(1)
	minus := new(big.Int).Sub(n, one)
	s := minus.TrailingZeroBits()
	x := new(big.Int).Exp(big.NewInt(2), new(big.Int).Rsh(minus, s), n)
	ok := x.Cmp(one) == 0
	for range s {
		ok = ok || x.Cmp(minus) == 0
		x.Mul(x, x).Mod(x, n)
	}
	return ok
}

// textbookP returns the smallest P >= 3 for which P^2-4 has the Jacobi symbol -1, or 0.
func textbookP(n *big.Int) uint64 {
	for p := int64(3); p < 200; p++ {
		switch big.Jacobi(big.NewInt(p*p-4), n) {
		case -1:
			return uint64(p)
		case 0:
			return 0
		}
	}
	return 0
}

// textbookLucas is the extra strong Lucas test, by U(j+1) = (P*U(j) + V(j))/2,
// V(j+1) = (D*U(j) + P*V(j))/2, U(2j) = U(j)*V(j), V(2j) = V(j)^2 - 2.
func textbookLucas(n *big.Int, param uint64) bool {
	p, two := new(big.Int).SetUint64(param), big.NewInt(2)
	d := new(big.Int).Mul(p, p)
	d.Sub(d, big.NewInt(4))
	k := new(big.Int).Add(n, big.NewInt(1))
	r := k.TrailingZeroBits()
	k.Rsh(k, r)
	half := func(x *big.Int) *big.Int {
		if x.Mod(x, n).Bit(0) == 1 {
			x.Add(x, n)
		}
		return x.Rsh(x, 1)
	}
	u, v := new(big.Int), big.NewInt(2)
	for i := k.BitLen() - 1; i >= 0; i-- {
		u.Mul(u, v).Mod(u, n)
		v.Mul(v, v).Sub(v, two).Mod(v, n)
		if k.Bit(i) == 1 {
			next := new(big.Int).Mul(p, u)
			du, pv := new(big.Int).Mul(d, u), new(big.Int).Mul(p, v)
			u, v = half(next.Add(next, v)), half(du.Add(du, pv))
		}
	}
	ok := u.Sign() == 0 && (v.Cmp(two) == 0 || new(big.Int).Add(v, two).Cmp(n) == 0)
	for i := uint(1); i < r; i++ {
		ok = ok || v.Sign() == 0
		v.Mul(v, v).Sub(v, two).Mod(v, n)
	}
	return ok
}

// A namedPowers is an implementation of Powers for moduli of up to bits bits.
type namedPowers struct {
	Powers
	name  string
	bits  int
	model bool
}

// allPowers returns every kind of Powers, its models and the kernels that the machine has.
func allPowers() (all []namedPowers) {
	for _, size := range []int{100, 128} {
		all = append(all, namedPowers{newLimbPowers(size, false), fmt.Sprintf("limbs/%d/model", size), size, true})
		if kernels.HasIFMA() {
			all = append(all, namedPowers{newLimbPowers(size, true), fmt.Sprintf("limbs/%d", size), size, false})
		}
	}
	all = append(all, namedPowers{newTwoPowers(), "two words", 128, false})
	for _, k := range wordPowerKinds {
		all = append(all, namedPowers{newWordPowers(k.free), fmt.Sprintf("words/%d", k.bits), k.bits, false})
	}
	for i := range vectorPowerKinds {
		k := &vectorPowerKinds[i]
		all = append(all, namedPowers{newVectorPowers(k, false), fmt.Sprintf("vector/%d/model", k.bits), k.bits, true})
		if kernels.Active() >= kernels.AVX2 {
			all = append(all, namedPowers{newVectorPowers(k, true), fmt.Sprintf("vector/%d", k.bits), k.bits, false})
		}
	}
	return all
}

// checkPowers compares the lanes for ns, all of them odd and above 1000, with the textbook, on every
// implementation for their size. The models get the first of a long list.
func checkPowers(t *testing.T, ns [][2]uint64) {
	t.Helper()
	answers := make(map[[2]uint64]*powerAnswer)
	for _, n := range ns {
		if answers[n] == nil {
			answers[n] = newPowerAnswer(n)
		}
	}
	for _, p := range allPowers() {
		some := slices.DeleteFunc(slices.Clone(ns), func(n [2]uint64) bool {
			return wideBig(n).BitLen() > p.bits || p.bits == 64 && n[0] == ^uint64(0)
		})
		if p.model {
			some = some[:min(len(some), 4000)]
		}
		for some := range slices.Chunk(some, p.Width()) {
			checkSome(t, p, some, answers)
		}
	}
}

// A powerAnswer is what the textbook says of n.
type powerAnswer struct {
	strong, lucas bool
	param         uint64 // 0: there is none
}

func newPowerAnswer(n [2]uint64) *powerAnswer {
	b := wideBig(n)
	a := &powerAnswer{strong: textbookStrong(b), param: textbookP(b)}
	a.lucas = a.param != 0 && textbookLucas(b, a.param)
	return a
}

func checkSome(t *testing.T, p namedPowers, ns [][2]uint64, answers map[[2]uint64]*powerAnswer) {
	t.Helper()
	ms := make([]PowerModulus, len(ns))
	for i, n := range ns {
		p.Prepare(&ms[i], n)
		p.SetStrong(i, &ms[i])
	}
	mask := p.Strong(len(ns))
	for i, n := range ns {
		if got := mask>>i&1 == 1; got != answers[n].strong {
			t.Errorf("%s: Strong of %v is %v", p.name, wideBig(n), got)
		}
	}
	for i, n := range ns {
		p.SetLucas(i, &ms[i], max(answers[n].param, 3))
	}
	mask = p.Lucas(len(ns))
	for i, n := range ns {
		a := answers[n]
		if got := mask>>i&1 == 1; a.param != 0 && got != a.lucas {
			t.Errorf("%s: Lucas of %v with P = %d is %v", p.name, wideBig(n), a.param, got)
		}
	}
}

// powerCases are numbers of up to size bits at which something may go wrong.
func powerCases(size int) [][2]uint64 {
	var ns [][2]uint64
	add := func(b *big.Int) {
		if b.BitLen() <= size && b.Cmp(big.NewInt(1000)) > 0 && b.Bit(0) == 1 {
			if max := new(big.Int).Lsh(big.NewInt(1), 128); new(big.Int).Add(b, big.NewInt(1)).Cmp(max) != 0 {
				ns = append(ns, wideWords(b))
			}
		}
	}
	for _, n := range []int64{2047, 3277, 4033, 4681, 8321, 15841, 29341, 42799, 49141, 52633, 1373653, 25326001,
		1093 * 1093, 3511 * 3511, 989 * 989, 3239, 5777, 10877, 27971, 29681, 30739, 31631, 39059, 3215031751, 341550071728321, 3825123056546413051} {
		add(big.NewInt(n))
	}
	for _, s := range []string{"318665857834031151167461", "3317044064679887385961981", "18446744073709551557", "18446744073709551629", "18446744030759878681"} {
		b, _ := new(big.Int).SetString(s, 10)
		add(b)
	}
	for e := uint(11); e <= 128; e++ { // many trailing ones and zeros
		b := new(big.Int).Lsh(big.NewInt(1), e)
		add(new(big.Int).Sub(b, big.NewInt(1)))
		add(new(big.Int).Add(b, big.NewInt(1)))
		for _, k := range []int64{3, 5, 7, 9, 15} {
			add(new(big.Int).Add(new(big.Int).Mul(b, big.NewInt(k)), big.NewInt(1)))
			add(new(big.Int).Sub(new(big.Int).Mul(b, big.NewInt(k)), big.NewInt(1)))
		}
		for p := new(big.Int).Sub(b, big.NewInt(1)); ; p.Sub(p, big.NewInt(2)) { // a prime below
			if p.ProbablyPrime(0) {
				add(p)
				break
			}
		}
	}
	return ns
}

func TestPowers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	ns := powerCases(128)
	for _, size := range []int{48, 50, 52, 60, 63, 64, 100, 128} {
		for range 300 {
			b := wideBig([2]uint64{rnd.Uint64(), rnd.Uint64()})
			b.Rsh(b, uint(128-size+rnd.IntN(size-12)/(1+rnd.IntN(8)))).SetBit(b, 0, 1).SetBit(b, 11, 1)
			for rnd.IntN(3) > 0 && b.BitLen() <= size && !b.ProbablyPrime(0) {
				b.Add(b, big.NewInt(2))
			}
			if b.BitLen() <= size {
				ns = append(ns, wideWords(b))
			}
		}
	}
	checkPowers(t, ns)
}

// TestPowersEnds has the numbers just below the end of each kind, where its ranges are tightest.
func TestPowersEnds(t *testing.T) {
	var ns [][2]uint64
	for _, k := range vectorPowerKinds {
		for d := uint64(1); d < 2000; d += 2 {
			n := [2]uint64{^uint64(0)>>(64-k.bits) - d + 1, 0}
			if wideBig(n).ProbablyPrime(0) || d < 200 {
				ns = append(ns, n)
			}
		}
	}
	checkPowers(t, ns)
}

// TestPowersPseudoprimes has all small odd numbers, among them pseudoprimes of both
// halves.
func TestPowersPseudoprimes(t *testing.T) {
	var ns [][2]uint64
	for n := uint64(1001); n < 60000; n += 2 {
		ns = append(ns, [2]uint64{n, 0})
	}
	checkPowers(t, ns)
}

// TestPowersTwo has numbers with V(k) = 2 but not V(k+1) = P, and the other way round, found by
// search. Their P is not the first.
func TestPowersTwo(t *testing.T) {
	for _, p := range allPowers() {
		for _, c := range [][2]uint64{{2197, 34}, {2299, 14}, {3509, 14}, {3509, 21}, {5831, 48}, {6137, 7}, {6859, 42}, {6929, 8},
			{1271, 30}, {1691, 9}, {1739, 10}, {3905, 14}, {5863, 21}} {
			var m PowerModulus
			p.Prepare(&m, [2]uint64{c[0], 0})
			p.SetLucas(0, &m, c[1])
			if p.Lucas(1) != 0 || textbookLucas(new(big.Int).SetUint64(c[0]), c[1]) {
				t.Errorf("%s: %d passes with P = %d", p.name, c[0], c[1])
			}
		}
	}
}

// TestPowersIdle runs lanes in which nothing was set: no answer is wrong, but they end.
func TestPowersIdle(t *testing.T) {
	for _, p := range allPowers() {
		for _, count := range []int{0, 1, p.Width()} {
			p.Strong(count)
			p.Lucas(count)
		}
	}
}

// TestPowerKinds checks what there is at each level, also if the level changes before New is called.
func TestPowerKinds(t *testing.T) {
	var kinds [len(kernels.Levels)][]PowerKind
	kernelstest.Each(t, func(t *testing.T) { kinds[kernels.Active()] = PowerKinds() })
	for level, list := range kinds {
		last := 0
		for _, k := range list {
			p := k.New()
			_, vector := p.(*vectorPowers)
			_, word := p.(*wordPowers)
			narrow := k.Bits <= 64
			if vector != (narrow && kernels.Level(level) >= kernels.AVX2) || word != (narrow && kernels.Level(level) == kernels.Plain) {
				t.Errorf("level %v: %T for %d bits", kernels.Level(level), p, k.Bits)
			}
			if w := p.Width(); w < 1 || w > 32 || k.Bits <= last {
				t.Errorf("level %v: %d lanes for %d bits", kernels.Level(level), w, k.Bits)
			}
			last = k.Bits
		}
		if kernels.Level(level) <= kernels.Best() && last != MaxLaneBits {
			t.Errorf("level %v: kinds up to %d bits", kernels.Level(level), last)
		}
	}
}

func FuzzPowers(f *testing.F) {
	f.Add(uint64(1), uint64(0))
	f.Add(^uint64(0), ^uint64(0)>>28)
	f.Add(^uint64(0)-158, ^uint64(0))
	f.Add(^uint64(0)-58, uint64(0))
	f.Fuzz(func(t *testing.T, lo, hi uint64) {
		var ns [][2]uint64
		b := wideBig([2]uint64{lo | 1, hi})
		for b.Cmp(big.NewInt(1000)) > 0 {
			if b.Bit(0) == 1 && new(big.Int).Add(b, big.NewInt(1)).BitLen() <= 128 {
				ns = append(ns, wideWords(b))
			}
			b = new(big.Int).Rsh(b, 1)
		}
		checkPowers(t, ns)
	})
}

// BenchmarkPowers measures the kernels with full lanes, and the preparation; the time is
// for one number.
func BenchmarkPowers(b *testing.B) {
	for _, level := range kernels.Levels {
		b.Run(level.String(), func(b *testing.B) {
			kernelstest.At(b, level)
			for _, size := range []int{32, 48, 52, 60, 63, 64, 100, 127} {
				for _, k := range PowerKinds() {
					if k.Bits >= size {
						benchmarkPowers(b, k.New(), size)
						break
					}
				}
			}
		})
	}
}

func benchmarkPowers(b *testing.B, p Powers, size int) {
	max := new(big.Int).Lsh(big.NewInt(1), uint(size))
	ns := make([][2]uint64, p.Width())
	for i := range ns {
		max.Sub(max, big.NewInt(1))
		for !max.ProbablyPrime(0) {
			max.Sub(max, big.NewInt(1))
		}
		ns[i] = wideWords(max)
	}
	ms := make([]PowerModulus, len(ns))
	run := func(name string, f func()) {
		b.Run(fmt.Sprintf("%s/bits=%d", name, size), func(b *testing.B) {
			for i := 0; i < b.N; i += len(ns) {
				f()
			}
		})
	}
	run("prepare", func() {
		for i := range ns {
			p.Prepare(&ms[i], ns[i])
		}
	})
	for i := range ns { // for when only some are run
		p.Prepare(&ms[i], ns[i])
		p.SetStrong(i, &ms[i])
	}
	run("setStrong", func() {
		for i := range ns {
			p.SetStrong(i, &ms[i])
		}
	})
	run("strong", func() { p.Strong(len(ns)) })
	run("setLucas", func() {
		for i := range ns {
			p.SetLucas(i, &ms[i], 3+uint64(i&3))
		}
	})
	run("lucas", func() { p.Lucas(len(ns)) })
}

// pseudoprimes returns products p*(m*p+c) of two primes, of size bits, that are no primes but pass. With
// c = 1-m they are often strong pseudoprimes to base 2, as p-1 divides n-1; with m = 2, c = 3 Lucas
// pseudoprimes, as p+1 divides n+1.
func pseudoprimes(rnd *rand.Rand, size int, m, c int64, count int, pass func(a *powerAnswer) bool) (ns [][2]uint64) {
	for len(ns) < count {
		p := new(big.Int).SetUint64(rnd.Uint64()>>(64-(size-1)/2) | 1<<((size-1)/2-1) | 1)
		if !p.ProbablyPrime(0) {
			continue
		}
		q := new(big.Int).Mul(p, big.NewInt(m))
		if q.Add(q, big.NewInt(c)); !q.ProbablyPrime(0) {
			continue
		}
		if n := wideWords(q.Mul(p, q)); pass(newPowerAnswer(n)) {
			ns = append(ns, n)
		}
	}
	return ns
}

// TestPowersLargePseudoprimes has composites of all sizes that pass one of the tests, found by their form. None
// passes both.
func TestPowersLargePseudoprimes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	var ns [][2]uint64
	for size := 30; size <= 65; size++ {
		ns = append(ns, pseudoprimes(rnd, size, 2, -1, 2, func(a *powerAnswer) bool { return a.strong })...)
		ns = append(ns, pseudoprimes(rnd, size, 2, 3, 2, func(a *powerAnswer) bool { return a.lucas })...)
	}
	for _, n := range ns {
		if a := newPowerAnswer(n); a.strong == a.lucas {
			t.Errorf("%d: strong %v, Lucas %v", n, a.strong, a.lucas)
		}
	}
	checkPowers(t, ns)
}
