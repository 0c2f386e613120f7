package siqs

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// TestSqrtMod compares with all squares for small primes, and squares random roots for large ones.
func TestSqrtMod(t *testing.T) {
	for _, p := range prime.Small()[1:200] {
		p, recip := uint64(p), reciprocal(p)
		square := make([]bool, p)
		for r := range p {
			square[r*r%p] = true
		}
		for a := range p {
			r, ok := sqrtMod(a, p, recip)
			if ok != square[a] || ok && (r >= p || r*r%p != a) {
				t.Errorf("sqrtMod(%d, %d) = %d, %v", a, p, r, ok)
			}
		}
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	// 2^k+1 parts of p-1: the last three have 16, 20 and 23 factors 2.
	for _, p := range []uint64{65521, 65537, 1000003, 7340033, 998244353} {
		recip := reciprocal(uint32(p))
		for range 100 {
			a := rnd.Uint64N(p)
			a = a * a % p
			if r, ok := sqrtMod(a, p, recip); !ok || r*r%p != a {
				t.Errorf("sqrtMod(%d, %d) = %d, %v", a, p, r, ok)
			}
		}
	}
}

func TestInverse(t *testing.T) {
	for _, p := range []uint32{2, 3, 5, 101, 65537, 1<<31 - 1} {
		for a := uint32(1); a < min(p, 2000); a++ {
			for _, a := range []uint32{a, p - a} {
				if inv := inverse(a, p); inv >= p || uint64(a)*uint64(inv)%uint64(p) != 1 {
					t.Fatalf("inverse(%d, %d) = %d", a, p, inv)
				}
			}
		}
	}
}

func FuzzReduce(f *testing.F) {
	f.Add(^uint64(0), uint32(3))
	f.Add(uint64(1<<63), ^uint32(0))
	f.Fuzz(func(t *testing.T, x uint64, p uint32) {
		p = max(p, 2)
		for _, x := range []uint64{x, x / uint64(p) * uint64(p), x/uint64(p)*uint64(p) - 1} {
			if got := reduce(x, uint64(p), reciprocal(p)); got != x%uint64(p) {
				t.Errorf("reduce(%d, %d) = %d", x, p, got)
			}
		}
	})
}

// big sets z = x and returns z. Requires x >= 0.
func (x *wide) big(z *big.Int) *big.Int {
	var h huge
	copy(h[:], x[:])
	return z.Set(h.big())
}

// FuzzModulus compares with math/big, for moduli of all sizes.
func FuzzModulus(f *testing.F) {
	f.Add([]byte{3}, []byte{1}, []byte{2})
	ones := make([]byte, 48)
	for i := range ones {
		ones[i] = 0xff
	}
	for _, size := range []int{8, 9, 16, 17, 24, 40, 48} {
		f.Add(ones[:size], ones[:size], ones[1:size])
		f.Add(append([]byte{0x80}, make([]byte, size-1)...), ones[:size], []byte{1})
	}
	f.Fuzz(func(t *testing.T, nb, xb, yb []byte) {
		if len(nb) > 48 || len(xb) > 48 || len(yb) > 48 {
			return
		}
		n, x, y := new(big.Int).SetBytes(nb), new(big.Int).SetBytes(xb), new(big.Int).SetBytes(yb)
		if n.SetBit(n, 0, 1); n.Cmp(one) == 0 {
			return
		}
		x.Mod(x, n)
		y.Mod(y, n)
		var hn, hx, hy, z huge
		hn.setBig(n)
		hx.setBig(x)
		hy.setBig(y)
		var m modulus
		m.set(&hn)
		want := new(big.Int).Mul(x, y)
		want.Mod(want, n)
		m.mul(&z, &hx, &hy)
		m.mul(&z, &z, &m.r2)
		if z.big().Cmp(want) != 0 {
			t.Errorf("%v*%v mod %v = %v, want %v", x, y, n, z.big(), want)
		}
		m.sub(&z, &hx, &hy)
		want.Mod(want.Sub(x, y), n)
		if z.big().Cmp(want) != 0 {
			t.Errorf("%v-%v mod %v = %v, want %v", x, y, n, z.big(), want)
		}
		d := gcdOdd(hx, hn)
		if want.GCD(nil, nil, x, n); d.big().Cmp(want) != 0 {
			t.Errorf("gcd(%v, %v) = %v, want %v", x, n, d.big(), want)
		}
	})
}

// FuzzQuoExact compares exact division with division, of multiples and of their neighbours.
func FuzzQuoExact(f *testing.F) {
	ones := ^uint64(0)
	f.Add(uint64(0), uint64(0), uint64(0), uint64(1), uint32(3))
	f.Add(ones, ones, ones, ones>>1, uint32(3))
	f.Add(ones, uint64(0), ones, uint64(0), ^uint32(0))
	f.Add(uint64(1), uint64(0), uint64(0), uint64(0), uint32(8191))
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, p uint32) {
		p |= 1
		x := wide{a, b, c, d &^ (1 << 63)}
		multiple, _ := x.quoWord(uint64(p))
		multiple.mulWord(&multiple, uint64(p))
		for words := 1; words <= wideWords; words++ {
			for _, v := range []wide{x, multiple} {
				clear(v[words:])
				for range 3 {
					want, rest := v.quoWord(uint64(p))
					got, ok := v.quoExact(words, uint64(p), mont.Inverse(uint64(p)))
					if ok != (rest == 0) || ok && got != want {
						t.Fatalf("%x / %d in %d words = %x, %v, want %x, rest %d", v, p, words, got, ok, want, rest)
					}
					v[0]++
					if v[0] == 0 {
						break
					}
				}
			}
		}
	})
}
