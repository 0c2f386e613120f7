package prime

import (
	"math/big"

	"factorfleet/internal/factor/mont"
)

// IsProbablePrime reports whether n >= 0 passes the Baillie-PSW test, which is a proof
// below 2^64. It cannot be interrupted: see Test.
func IsProbablePrime(n *big.Int) bool {
	ok, _ := Test(n, func() error { return nil })
	return ok
}

// checkEvery is the number of word products between two calls of check. Each takes
// about a nanosecond.
const checkEvery = 1 << 16

// Test is IsProbablePrime, but it can be interrupted. It calls check about every tenth
// of a millisecond, or after each product modulo n if that takes longer. If check
// returns an error, Test returns it, and the answer is unknown.
func Test(n *big.Int, check func() error) (bool, error) {
	if n.IsUint64() {
		return IsPrime(n.Uint64()), nil
	}
	if n.Bit(0) == 0 {
		return false, nil
	}
	words := Words(n)
	for _, b := range blocks[:2] { // primes to 97
		r := Mod(words, b.product)
		for i := range b.divs {
			if _, ok := b.divs[i].Quotient(r); ok {
				return false, nil
			}
		}
	}
	t := &tester{w: mont.NewWide(n), n: n, words: words, check: check}
	ok := t.strongBase2() && t.extraStrongLucas()
	return ok && t.err == nil, t.err
}

// A tester holds one number above 2^64 under test. Once err is set, the loops end and
// the results have no meaning.
type tester struct {
	w     *mont.Wide
	n     *big.Int
	words []uint64 // of n
	check func() error
	done  int // word products since the last check
	err   error
}

// mul sets z = x*y/R mod n, and calls check if it is due. A product takes
// 2*len(words)^2 word products.
func (t *tester) mul(z, x, y mont.Element) {
	t.w.Mul(z, x, y)
	t.done += 2 * len(t.words) * len(t.words)
	if t.done >= checkEvery {
		t.done = 0
		t.err = t.check()
	}
}

// strongBase2 works like the function of that name for a word.
func (t *tester) strongBase2() bool {
	w := t.w
	x, minus := w.New(), w.New()
	copy(x, w.One())
	w.Sub(minus, minus, w.One())
	d := new(big.Int).Sub(t.n, big.NewInt(1))
	s := int(d.TrailingZeroBits())
	d.Rsh(d, uint(s))
	for i := d.BitLen() - 1; i >= 0 && t.err == nil; i-- {
		t.mul(x, x, x)
		if d.Bit(i) == 1 {
			w.Add(x, x, x)
		}
	}
	if x.Equal(w.One()) || x.Equal(minus) {
		return true
	}
	for i := 1; i < s && t.err == nil; i++ {
		if t.mul(x, x, x); x.Equal(minus) {
			return true
		}
	}
	return false
}

// extraStrongLucas works like the function of that name for a word.
func (t *tester) extraStrongLucas() bool {
	p := t.lucasP()
	if p == 0 {
		return false
	}
	w := t.w
	s := new(big.Int).Add(t.n, big.NewInt(1))
	r := int(s.TrailingZeroBits())
	s.Rsh(s, uint(r))
	pm, two, minusTwo, v, u := w.New(), w.New(), w.New(), w.New(), w.New()
	w.SetWord(pm, p)
	w.Add(two, w.One(), w.One())
	w.Sub(minusTwo, minusTwo, two)
	copy(v, two)
	copy(u, pm)
	// Before and after each step v = V(k), u = V(k+1), k the bits of s so far.
	for i := s.BitLen() - 1; i >= 0 && t.err == nil; i-- {
		x, y := v, u // x becomes V(k)*V(k+1) - P, y the square less 2
		if s.Bit(i) == 0 {
			x, y = u, v
		}
		t.mul(x, v, u)
		w.Sub(x, x, pm)
		t.mul(y, y, y)
		w.Sub(y, y, two)
	}
	if v.Equal(two) || v.Equal(minusTwo) {
		w.Add(u, u, u)
		t.mul(v, v, pm)
		return u.Equal(v)
	}
	for i := 1; i < r && t.err == nil; i++ {
		if v.IsZero() {
			return true
		}
		t.mul(v, v, v)
		w.Sub(v, v, two)
	}
	return false
}

// lucasP works like the function of that name for a word; here n is never P+2.
func (t *tester) lucasP() uint64 {
	mod := func(q uint64) uint64 { return Mod(t.words, q) }
	for p := uint64(3); ; p++ {
		if p == 30 && isSquareBig(t.n) {
			return 0
		}
		switch jacobi(p*p-4, t.words[0]%8, mod) {
		case -1:
			return p
		case 0:
			return 0
		}
	}
}

// isSquareBig reports whether n is a square.
func isSquareBig(n *big.Int) bool {
	r := new(big.Int).Sqrt(n)
	return r.Mul(r, r).Cmp(n) == 0
}
