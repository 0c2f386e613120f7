package mont

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// A Wide is an odd modulus n of k words, k >= 1, with R = 2^(64k). Residues are
// Elements of k words in Montgomery form, least significant word first, always
// below n. A Wide has scratch space: it is not for concurrent use.
type Wide struct {
	n    []uint64
	neg  uint64  // -n^-1 mod 2^64
	one  Element // R mod n
	r2   Element // R^2 mod n
	t    []uint64
	big  big.Int // n
	conv []byte
}

// An Element is a residue modulo the Wide that made it.
type Element []uint64

// NewWide returns the modulus n, which must be odd and at least 3.
func NewWide(n *big.Int) *Wide {
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() < 2 {
		panic("mont: internal error: modulus is even or 1")
	}
	k := (n.BitLen() + 63) / 64
	w := &Wide{n: make([]uint64, k), t: make([]uint64, k+2), conv: make([]byte, 8*k)}
	w.big.Set(n)
	w.words(w.n, n)
	w.neg = -Inverse(w.n[0])
	r := new(big.Int).Lsh(big.NewInt(1), uint(64*k))
	r.Mod(r, n)
	w.one, w.r2 = w.New(), w.New()
	w.words(w.one, r)
	w.words(w.r2, r.Mod(r.Mul(r, r), n))
	return w
}

// words sets z to the words of x. Requires 0 <= x < 2^(64 len(z)).
func (w *Wide) words(z []uint64, x *big.Int) {
	x.FillBytes(w.conv)
	for i := range z {
		z[i] = binary.BigEndian.Uint64(w.conv[8*(len(z)-1-i):])
	}
}

// N returns n, which the caller must not change.
func (w *Wide) N() *big.Int { return &w.big }

// Words returns k, the number of words of n.
func (w *Wide) Words() int { return len(w.n) }

// New returns a new element 0.
func (w *Wide) New() Element { return make(Element, len(w.n)) }

// NewSlice returns count new elements 0 that lie one after the other in memory.
func (w *Wide) NewSlice(count int) []Element {
	k := len(w.n)
	words, s := make([]uint64, k*count), make([]Element, count)
	for i := range s {
		s[i] = words[i*k : (i+1)*k : (i+1)*k]
	}
	return s
}

// One returns the form of 1, which the caller must not change.
func (w *Wide) One() Element { return w.one }

// SetBig sets z to the form of x mod n. Requires x >= 0.
func (w *Wide) SetBig(z Element, x *big.Int) {
	if x.Cmp(&w.big) >= 0 {
		x = new(big.Int).Mod(x, &w.big)
	}
	w.words(z, x)
	w.Mul(z, z, w.r2)
}

// SetWord sets z to the form of x mod n.
func (w *Wide) SetWord(z Element, x uint64) {
	if len(w.n) == 1 {
		x %= w.n[0]
	}
	clear(z)
	z[0] = x
	w.Mul(z, z, w.r2)
}

// Value sets z to the number whose form is x, 0 <= z < n, and returns z.
func (w *Wide) Value(z *big.Int, x Element) *big.Int {
	e := w.New()
	e[0] = 1
	w.Mul(e, x, e)
	return w.Raw(z, e)
}

// Raw sets z to the number that the words of x spell, which is the value of x
// times R, and returns z. It has the same gcd with n as the value.
func (w *Wide) Raw(z *big.Int, x Element) *big.Int {
	for i, word := range x {
		binary.BigEndian.PutUint64(w.conv[8*(len(x)-1-i):], word)
	}
	return z.SetBytes(w.conv)
}

// IsZero reports whether x = 0.
func (x Element) IsZero() bool {
	var or uint64
	for _, word := range x {
		or |= word
	}
	return or == 0
}

// Equal reports whether x = y.
func (x Element) Equal(y Element) bool {
	var or uint64
	for i, word := range x {
		or |= word ^ y[i]
	}
	return or == 0
}

// Add sets z = x+y mod n. z may alias x and y.
func (w *Wide) Add(z, x, y Element) {
	if len(w.n) == 2 {
		add2(z, x, y, w.n)
		return
	}
	var carry, borrow uint64
	t := w.t[:len(w.n)]
	for i, word := range w.n {
		z[i], carry = bits.Add64(x[i], y[i], carry)
		t[i], borrow = bits.Sub64(z[i], word, borrow)
	}
	// x+y >= n exactly if the sum left the k words or n could be subtracted.
	if carry >= borrow {
		copy(z, t)
	}
}

// Sub sets z = x-y mod n. z may alias x and y.
func (w *Wide) Sub(z, x, y Element) {
	if len(w.n) == 2 {
		sub2(z, x, y, w.n)
		return
	}
	var borrow, carry uint64
	for i := range w.n {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	if borrow == 0 {
		return
	}
	for i, word := range w.n {
		z[i], carry = bits.Add64(z[i], word, carry)
	}
}

// Exp sets z to the form of v^e, where x is the form of v; v^0 = 1. z must not
// alias x.
func (w *Wide) Exp(z, x Element, e uint64) {
	copy(z, w.one)
	for i := bits.Len64(e) - 1; i >= 0; i-- {
		w.Mul(z, z, z)
		if e>>i&1 == 1 {
			w.Mul(z, z, x)
		}
	}
}
