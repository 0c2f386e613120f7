package mont

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels"
)

// edgeWords are the words that carries and borrows trip over; 0 and -1 combine
// well, so they are there twice.
var edgeWords = []uint64{0, 0, 1, 2, 3, 1 << 32, 1<<32 - 1, 1 << 63, 1<<63 - 1, ^uint64(0), ^uint64(0), ^uint64(0) - 1}

func edgeWord(rnd *rand.Rand) uint64 {
	if rnd.IntN(3) == 0 {
		return rnd.Uint64()
	}
	return edgeWords[rnd.IntN(len(edgeWords))]
}

func TestModulusExhaustive(t *testing.T) {
	for n := uint64(3); n < 128; n += 2 {
		m := New(n)
		for a := range n {
			if got := m.Mul(m.Form(a), 1); got != a {
				t.Fatalf("n=%d: Form(%d)/R = %d", n, a, got)
			}
			for b := range n {
				x, y := m.Form(a), m.Form(b)
				if got := m.Mul(m.Mul(x, y), 1); got != a*b%n {
					t.Fatalf("n=%d: %d*%d = %d", n, a, b, got)
				}
				if got := m.Mul(m.Add(x, y), 1); got != (a+b)%n {
					t.Fatalf("n=%d: %d+%d = %d", n, a, b, got)
				}
				if got := m.Mul(m.Sub(x, y), 1); got != (n+a-b)%n {
					t.Fatalf("n=%d: %d-%d = %d", n, a, b, got)
				}
			}
		}
	}
}

func TestInverse(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 10000 {
		if n := edgeWord(rnd) | 1; n*Inverse(n) != 1 {
			t.Fatalf("Inverse(%d) = %d", n, Inverse(n))
		}
	}
}

func FuzzModulus(f *testing.F) {
	for _, n := range []uint64{3, 5, 1<<32 + 1, 1<<63 + 1, ^uint64(0), ^uint64(58)} {
		f.Add(n, n-1, n-1)
		f.Add(n, n/2, uint64(1))
	}
	f.Fuzz(func(t *testing.T, n, a, b uint64) {
		if n |= 1; n < 3 {
			return
		}
		m := New(n)
		bn, ba, bb := new(big.Int).SetUint64(n), new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		x, y := m.Form(a), m.Form(b)
		check := func(op string, got uint64, want *big.Int) {
			if got >= n || m.Mul(got, 1) != want.Mod(want, bn).Uint64() {
				t.Errorf("n=%d: %s(%d, %d) = %d, want %v", n, op, a, b, m.Mul(got, 1), want)
			}
		}
		check("Mul", m.Mul(x, y), new(big.Int).Mul(ba, bb))
		check("Add", m.Add(x, y), new(big.Int).Add(ba, bb))
		check("Sub", m.Sub(x, y), new(big.Int).Sub(ba, bb))
	})
}

func FuzzGCD(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(^uint64(0), ^uint64(0))
	f.Add(uint64(1<<63), uint64(1<<63+1))
	f.Fuzz(func(t *testing.T, a, n uint64) {
		n |= 1
		want := new(big.Int).GCD(nil, nil, new(big.Int).SetUint64(a), new(big.Int).SetUint64(n))
		if got := GCD(a, n); got != want.Uint64() {
			t.Errorf("GCD(%d, %d) = %d", a, n, got)
		}
	})
}

// bigOf reads 8-byte groups, little-endian, as a number.
func bigOf(words []uint64) *big.Int {
	b := make([]byte, 8*len(words))
	for i, w := range words {
		binary.BigEndian.PutUint64(b[8*(len(words)-1-i):], w)
	}
	return new(big.Int).SetBytes(b)
}

// TestWide checks every operation for every number of words, aliased and not,
// on moduli and residues made of edge words, against math/big.
func TestWide(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := func(k int) *big.Int {
		w := make([]uint64, k)
		for i := range w {
			w[i] = edgeWord(rnd)
		}
		return bigOf(w)
	}
	for k := 1; k <= 18; k++ {
		for range 800 {
			n := words(k)
			n.SetBit(n, 0, 1)
			if n.BitLen() < 2 {
				continue
			}
			a, b := words(k), words(k)
			testWide(t, n, a, b)
			testRaw(t, n, a, b)
			// n-1 and its like have the largest carries.
			testRaw(t, n, new(big.Int).Sub(n, big.NewInt(1)), new(big.Int).Sub(n, big.NewInt(2)))
		}
	}
}

// testWide checks the operations at every level of kernels.
func testWide(t *testing.T, n, a, b *big.Int) {
	for l := kernels.Best(); l >= kernels.Plain; l-- {
		before := kernels.Use(l)
		w := NewWide(n)
		kernels.Use(before)
		testWideAt(t, w, n, a, b)
	}
}

func testWideAt(t *testing.T, w *Wide, n, a, b *big.Int) {
	x, y := w.New(), w.New()
	w.SetBig(x, a)
	w.SetBig(y, b)
	ops := []struct {
		name string
		f    func(z, x, y Element)
		want func(z, x, y *big.Int) *big.Int
	}{
		{"Mul", w.Mul, (*big.Int).Mul},
		{"Add", w.Add, (*big.Int).Add},
		{"Sub", w.Sub, (*big.Int).Sub},
		{"addGo", w.addGo, (*big.Int).Add},
		{"subGo", w.subGo, (*big.Int).Sub},
	}
	for _, op := range ops {
		want := op.want(new(big.Int), a, b)
		want.Mod(want, n)
		z, zx, zy := w.New(), append(Element(nil), x...), append(Element(nil), y...)
		op.f(z, x, y)
		op.f(zx, zx, y)
		op.f(zy, x, zy)
		if bigOf(z).Cmp(n) >= 0 || w.Value(new(big.Int), z).Cmp(want) != 0 {
			t.Fatalf("n=%v: %s(%v, %v) = %v, want %v", n, op.name, a, b, w.Value(new(big.Int), z), want)
		}
		if !zx.Equal(z) || !zy.Equal(z) {
			t.Fatalf("n=%v: %s(%v, %v) depends on aliasing", n, op.name, a, b)
		}
	}
}

// testRaw multiplies a and b as they are, without taking them to Montgomery form,
// so that edge words meet edge words in the carries.
func testRaw(t *testing.T, n, a, b *big.Int) {
	t.Helper()
	w := NewWide(n)
	a, b = new(big.Int).Mod(a, n), new(big.Int).Mod(b, n)
	x, y := w.New(), w.New()
	w.words(x, a)
	w.words(y, b)
	testProducts(t, w, x, y)
	for i := range y {
		y[i] = ^uint64(0) // y may be any words
	}
	testProducts(t, w, x, y)
}

// products are the products for w, by name.
func products(w *Wide) map[string]wideProduct {
	ps, k := make(map[string]wideProduct), w.Words()
	switch {
	case k == 1:
		ps["mulOne"] = mulOne
	case k == 2:
		ps["mulTwo"] = mulTwo
	default:
		ps["mulGeneric"] = mulGeneric
	}
	if k > 1 && k < len(fixedMul) && w.big.BitLen() < 64*k { // the top bit is 0
		ps["fixedMul"] = fixedMul[k]
	}
	if kernels.HasADX() && hasWords(k) {
		ps["mulFast"] = mulFast
	}
	return ps
}

// testProducts checks that z*R = x*y mod n and z < n after Mul, z < 2n after all products.
func testProducts(t *testing.T, w *Wide, x, y Element) {
	t.Helper()
	check := func(name string, z Element, most int64) {
		t.Helper()
		got := bigOf(z)
		below := got.Cmp(new(big.Int).Mul(&w.big, big.NewInt(most))) < 0
		got.Lsh(got, uint(64*len(z)))
		if got.Sub(got, new(big.Int).Mul(bigOf(x), bigOf(y))).Mod(got, &w.big).Sign() != 0 || !below {
			t.Fatalf("n=%v: %s(%v, %v) = %v", w.N(), name, x, y, z)
		}
	}
	z := w.New()
	w.Mul(z, x, y)
	check("Mul", z, 1)
	for name, product := range products(w) {
		product(w, z, x, y)
		check(name, z, 2)
	}
}

// TestWideLazy checks the functions of lazy numbers at the ends of their ranges: products and squares
// of what is below 4n, sums and differences of what is below 2n.
func TestWideLazy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for k := 2; k <= 18; k++ {
		for range 300 {
			n := randomBig(rnd, 64*k-4-rnd.IntN(3))
			if rnd.IntN(3) == 0 {
				n.Lsh(big.NewInt(1), uint(64*k-4))
				n.Sub(n, big.NewInt(1))
			}
			w := NewWide(n)
			below := func(multiple int64) Element {
				top := new(big.Int).Mul(n, big.NewInt(multiple))
				a := new(big.Int).Sub(top, big.NewInt(1+int64(rnd.IntN(2))))
				switch rnd.IntN(4) {
				case 0:
					a.SetInt64(int64(rnd.IntN(2)))
				case 1, 2:
					a = randomBig(rnd, n.BitLen()+2)
					a.Mod(a, top)
				}
				z := w.New()
				w.words(z, a)
				return z
			}
			x, y := below(4), below(4)
			testProducts(t, w, x, y)
			testProducts(t, w, x, x)
			z := w.New()
			if k < len(fixedSqr) {
				fixedSqr[k](w, z, x, x)
				want := w.New()
				if mulGeneric(w, want, x, x); !z.Equal(want) {
					t.Fatalf("n=%v: square of %v is %v, want %v", n, x, z, want)
				}
			}
			testLinear(t, w, below(2), below(2))
		}
	}
}

func testLinear(t *testing.T, w *Wide, x, y Element) {
	t.Helper()
	k := w.Words()
	sum := new(big.Int).Add(bigOf(x), bigOf(y))
	diff := new(big.Int).Sub(bigOf(x), bigOf(y))
	diff.Add(diff, new(big.Int).Lsh(w.N(), 1))
	type linear struct {
		name string
		f    wideProduct
		want *big.Int
	}
	fs := []linear{{"sumGeneric", sumGeneric, sum}, {"diffGeneric", diffGeneric, diff}}
	if k < len(fixedSum) {
		fs = append(fs, linear{"fixedSum", fixedSum[k], sum}, linear{"fixedDiff", fixedDiff[k], diff})
	}
	for _, f := range fs {
		for alias := range 3 {
			a, b := append(Element(nil), x...), append(Element(nil), y...)
			z := [...]Element{w.New(), a, b}[alias]
			if f.f(w, z, a, b); bigOf(z).Cmp(f.want) != 0 {
				t.Fatalf("n=%v: %s(%v, %v) = %v", w.N(), f.name, x, y, z)
			}
		}
	}
}

func FuzzWide(f *testing.F) {
	f.Add([]byte{7}, []byte{3}, []byte{4})
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"), []byte{2})
	f.Fuzz(func(t *testing.T, n, a, b []byte) {
		m := new(big.Int).SetBytes(n)
		if m.SetBit(m, 0, 1); m.BitLen() < 2 || m.BitLen() > 2048 {
			return
		}
		x, y := new(big.Int).SetBytes(a), new(big.Int).SetBytes(b)
		testWide(t, m, x, y)
		testRaw(t, m, x, y)
	})
}

// TestWideReset compares new moduli with one that is reset, for all sizes.
func TestWideReset(t *testing.T) {
	w := NewWide(big.NewInt(3))
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		size := 2 + rnd.IntN(600)
		n := new(big.Int).Lsh(big.NewInt(1), uint(size-1))
		n.Add(n, new(big.Int).Rsh(n, uint(rnd.IntN(size)))).SetBit(n, 0, 1)
		w.Reset(n)
		fresh := NewWide(n)
		r := new(big.Int).Lsh(big.NewInt(1), uint(64*w.Words()))
		if !w.one.Equal(fresh.one) || !w.r2.Equal(fresh.r2) || w.N().Cmp(n) != 0 {
			t.Fatalf("n=%v: constants differ", n)
		}
		r2 := new(big.Int).Mul(r, r)
		if bigOf(w.one).Cmp(r.Mod(r, n)) != 0 || bigOf(w.r2).Cmp(r2.Mod(r2, n)) != 0 {
			t.Fatalf("n=%v: constants %v, %v", n, w.one, w.r2)
		}
		if size := n.BitLen(); size > 128 && size/64+1 != w.Words() {
			t.Fatalf("n=%v: %d words", n, w.Words())
		}
	}
	n := new(big.Int).Lsh(big.NewInt(1), 500)
	n.Sub(n, big.NewInt(863))
	if a := testing.AllocsPerRun(100, func() { w.Reset(n) }); a != 0 {
		t.Errorf("Reset allocates %v times", a)
	}
}

func TestWideExp(t *testing.T) {
	n, _ := new(big.Int).SetString("340282366920938463463374607431768211507", 10) // 2^128 + 51
	w := NewWide(n)
	x, z := w.New(), w.New()
	w.SetWord(x, 3)
	for _, e := range []uint64{0, 1, 2, 1<<63 + 5, ^uint64(0)} {
		w.Exp(z, x, e)
		want := new(big.Int).Exp(big.NewInt(3), new(big.Int).SetUint64(e), n)
		if got := w.Value(new(big.Int), z); got.Cmp(want) != 0 {
			t.Errorf("3^%d = %v, want %v", e, got, want)
		}
	}
}

func BenchmarkMul(b *testing.B) {
	m := New(1<<64 - 59)
	x := m.Form(12345)
	b.ReportAllocs()
	for b.Loop() {
		x = m.Mul(x, x)
	}
	sink = x
}

func BenchmarkWideMul(b *testing.B) {
	for _, k := range []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 256} {
		b.Run(big.NewInt(int64(64*k)).String(), func(b *testing.B) {
			n := new(big.Int).Lsh(big.NewInt(1), uint(64*k-2))
			w := NewWide(n.Sub(n, big.NewInt(59)))
			x := w.New()
			w.SetWord(x, 12345)
			b.ReportAllocs()
			for b.Loop() {
				w.Mul(x, x, x)
			}
		})
	}
}

var sink uint64
