package algebraic

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

func always() error { return nil }

func big10(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

// value returns the number that f is.
func (f Form) value() *big.Int {
	v := new(big.Int).Exp(f.Base, big.NewInt(int64(f.Exp)), nil)
	if f.Plus {
		return v.Add(v, one)
	}
	return v.Sub(v, one)
}

// TestDivisors: all divisors divide the form, and the cyclotomic ones multiply to it.
func TestDivisors(t *testing.T) {
	for base := int64(2); base < 40; base++ {
		for exp := 1; exp <= 40; exp++ {
			for _, plus := range []bool{false, true} {
				f := Form{big.NewInt(base), exp, plus}
				list, err := f.Divisors(always)
				if err != nil {
					t.Fatal(err)
				}
				n := f.value()
				for _, d := range list {
					if new(big.Int).Rem(n, d).Sign() != 0 {
						t.Errorf("%v: %v does not divide it", f, d)
					}
				}
				order := f.order()
				product := big.NewInt(1)
				for _, d := range divisors(order) {
					if !f.Plus || order/d%2 == 1 {
						product.Mul(product, f.cyclotomic(d, map[int]*big.Int{}))
					}
				}
				if product.Cmp(n) != 0 {
					t.Errorf("%v: the product of the Phi is %v, not %v", f, product, n)
				}
			}
		}
	}
}

// TestParts says into how many parts the greatest common divisors with all divisors split a number.
func TestParts(t *testing.T) {
	for _, test := range []struct {
		base  string
		exp   int
		plus  bool
		parts int
		why   string
	}{
		{"10", 120, true, 4, "120 = 8*15, so d = 16, 48, 80, 240"},
		{"3", 300, false, 23, "18 divisors of 300, of which 3^300-1 has 5 split for s = 3"},
		{"2", 58, true, 3, "5, and the two factors that Landry and Aurifeuille found"},
		{"2", 61, false, 1, "a prime exponent"},
		{"5", 15, false, 6, "d = 1, 3, 5, 15, the last two split"},
		{"7", 21, true, 6, "d = 2, 6, 14, 42, the last two split"},
		{"1000000000000000000000000000058", 2, false, 2, "a^2-1"},
		{"2000000000000000000000000000000", 2, true, 2, "a = 2t^2: Germain's identity"},
		{"3000000000000000000000000000000", 3, true, 3, "a = 3t^2"},
		{"1000000000000000000000000000000000000", 2, true, 1, "a power as base: 10^72+1 is for the caller"},
	} {
		f := Form{big10(test.base), test.exp, test.plus}
		list, err := f.Divisors(always)
		if err != nil {
			t.Fatal(err)
		}
		parts := split(f.value(), list)
		if len(parts) != test.parts {
			t.Errorf("%v falls into %d parts, want %d: %s: %v", f, len(parts), test.parts, test.why, parts)
		}
	}
}

// split returns the parts of n that the gcds with list make.
func split(n *big.Int, list []*big.Int) []*big.Int {
	parts := []*big.Int{n}
	for _, d := range list {
		for i := 0; i < len(parts); i++ {
			g := new(big.Int).GCD(nil, nil, parts[i], d)
			if g.Cmp(one) != 0 && g.Cmp(parts[i]) != 0 {
				parts[i] = new(big.Int).Quo(parts[i], g)
				parts = append(parts, g)
			}
		}
	}
	return parts
}

// TestLucas compares C(x)^2 - s x D(x)^2 with Phi_s'(x) for all s, at an x above the coefficients.
func TestLucas(t *testing.T) {
	most := int64(0)
	for s := 2; s <= maxSquarefree; s++ {
		if moebius(s) == 0 {
			continue
		}
		c, d := lucas(s)
		for _, list := range [][]int64{c, d} {
			for _, v := range list {
				most = max(most, v, -v)
			}
		}
		for _, x := range []*big.Int{big.NewInt(2), big.NewInt(1<<40 + 1)} {
			left := evaluate(c, x)
			left.Mul(left, left)
			right := evaluate(d, x)
			right.Mul(right, right).Mul(right, x).Mul(right, big.NewInt(int64(s)))
			want := Form{Base: x}.cyclotomic(prime4(s), map[int]*big.Int{})
			if left.Sub(left, right).Cmp(want) != 0 {
				t.Errorf("s=%d, x=%v: %v, want %v", s, x, left, want)
			}
		}
	}
	if t.Logf("coefficients to %d", most); most >= 1<<31 {
		t.Errorf("a coefficient %d", most)
	}
}

// TestOfDivisor takes factors out of numbers of the form.
func TestOfDivisor(t *testing.T) {
	rnd := rand.New(rand.NewPCG(12, 3))
	for _, test := range []struct {
		base     int64
		exp      int
		plus     bool
		cofactor string // taken out
	}{
		{10, 101, false, "9"},
		{2, 251, false, "503"},
		{2, 251, false, "27271151"},
		{2, 1061, false, "1"},
		{12, 151, true, "13"},
		{50, 131, true, "51"},
		{47, 120, true, "1"},
		{2, 2200, true, "257"},
		{10, 1501, false, "9"},
	} {
		f := Form{big.NewInt(test.base), test.exp, test.plus}
		n, r := new(big.Int).QuoRem(f.value(), big10(test.cofactor), new(big.Int))
		if r.Sign() != 0 {
			t.Fatalf("%v is not divisible by %s", f, test.cofactor)
		}
		for p := int64(2); p < 64; p++ {
			for new(big.Int).Rem(n, big.NewInt(p)).Sign() == 0 {
				n.Quo(n, big.NewInt(p))
			}
		}
		got, ok, err := OfDivisor(n, always)
		if !ok || err != nil || got.String() != f.String() {
			t.Errorf("a factor of %v is taken for one of %v, %v, %v", f, got, ok, err)
		}
	}
	for bits := 80; bits < 600; bits += 37 {
		n := new(big.Int).SetUint64(rnd.Uint64())
		for n.BitLen() < bits {
			n.Lsh(n, 1).SetBit(n, 0, uint(rnd.IntN(2)))
		}
		for n.SetBit(n, 0, 1); !n.ProbablyPrime(0); n.Add(n, big.NewInt(2)) {
		}
		if f, ok, err := OfDivisor(n, always); ok || err != nil {
			t.Errorf("the prime %v is taken for a divisor of %v, %v", n, f, err)
		}
	}
}

// TestStops: an error of check comes back from wherever it occurs.
func TestStops(t *testing.T) {
	stop := errors.New("stop")
	n := new(big.Int).Lsh(one, 1279)
	n.Sub(n, big.NewInt(569))
	f := Form{big.NewInt(6), 360, true}
	for name, do := range map[string]func(func() error) error{
		"OfDivisor": func(check func() error) error { _, _, err := OfDivisor(n, check); return err },
		"Divisors":  func(check func() error) error { _, err := f.Divisors(check); return err },
	} {
		calls := 0
		if err := do(func() error { calls++; return nil }); err != nil || calls < 3 {
			t.Errorf("%s: %v, %d calls", name, err, calls)
		}
		for at := range calls {
			i := 0
			if err := do(func() error {
				if i++; i > at {
					return stop
				}
				return nil
			}); err != stop || i != at+1 {
				t.Errorf("%s stopped at call %d: %v after %d", name, at, err, i)
			}
		}
	}
}

func TestString(t *testing.T) {
	for _, test := range []struct {
		f    Form
		want string
	}{
		{Form{big.NewInt(10), 120, true}, "10^120+1"},
		{Form{big.NewInt(3), 300, false}, "3^300-1"},
		{Form{new(big.Int).Lsh(one, 200), 2, false}, "a^2-1"},
	} {
		if got := test.f.String(); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

func BenchmarkOfDivisor(b *testing.B) {
	for _, e := range []uint{127, 521, 1279, 4423, 11213} {
		n := new(big.Int).Lsh(one, e)
		n.Sub(n, big.NewInt(1)).Sub(n, new(big.Int).Lsh(one, e/2)) // of no form
		b.Run(fmt.Sprint(e), func(b *testing.B) {
			for b.Loop() {
				OfDivisor(n, always)
			}
		})
	}
}
