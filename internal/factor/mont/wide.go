package mont

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// A Wide is an odd modulus n with R = 2^(64k). Residues are Elements of k words in
// Montgomery form, the least significant word first, always below n. For n >= 2^128, k
// is so large that the top bit of n is 0, which saves a word in Mul. A Wide has scratch
// space: it is not for concurrent use.
type Wide struct {
	n     []uint64
	neg   uint64   // -n^-1 mod 2^64
	twice []uint64 // 2n mod R
	one   Element  // R mod n
	r2    Element  // R^2 mod n
	t     []uint64
	unit  Element // for Value and Reset
	big   big.Int // n
	conv  []byte

	product wideProduct
	exact   bool // products are below n
	adx     bool // there is assembly
}

// A wideProduct sets z = x*y/R mod n, or that plus n. Requires x < n, or x*y < R*n and
// x+n < R. y may be any k words, and z may be x or y.
type wideProduct func(w *Wide, z, x, y Element)

// An Element is a residue modulo the Wide that made it.
type Element []uint64

// NewWide returns the modulus n, which must be odd and at least 3.
func NewWide(n *big.Int) *Wide {
	w := new(Wide)
	w.Reset(n)
	return w
}

// Reset makes w the modulus n, which must be odd and at least 3. Elements made before
// are void. It allocates only if n has more words than any modulus of w before.
func (w *Wide) Reset(n *big.Int) {
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() < 2 {
		panic("mont: internal error: modulus is even or 1")
	}
	size := n.BitLen()
	k := (size + 63) / 64
	if size%64 == 0 && size > 128 {
		k++
	}
	if cap(w.n) < k {
		mem := make([]uint64, 6*k)
		for i, s := range w.vectors() {
			*s = mem[i*k : (i+1)*k : (i+1)*k]
		}
		w.conv = make([]byte, 8*k)
	}
	for _, s := range w.vectors() {
		*s = (*s)[:k]
	}
	w.conv = w.conv[:8*k]
	w.big.Set(n)
	w.words(w.n, n)
	w.neg = -Inverse(w.n[0])
	w.choose()
	var top uint64
	for i, word := range w.n {
		w.twice[i], top = word<<1|top, word>>63
	}
	w.constants(size)
}

// vectors returns all numbers of k words of w.
func (w *Wide) vectors() [6]*[]uint64 {
	return [...]*[]uint64{&w.n, &w.twice, (*[]uint64)(&w.one), (*[]uint64)(&w.r2), (*[]uint64)(&w.unit), &w.t}
}

// constants sets one and r2. size is that of n.
func (w *Wide) constants(size int) {
	// The largest power of 2 below n is doubled until it is R, the form of 1, and then
	// 64 times more, the form of 2^64. The form of R is the k-th power of that.
	k := len(w.n)
	clear(w.one)
	w.one[(size-1)/64] = 1 << ((size - 1) % 64)
	for range 64*k - size + 1 {
		w.Add(w.one, w.one, w.one)
	}
	copy(w.unit, w.one)
	for range 64 {
		w.Add(w.unit, w.unit, w.unit)
	}
	w.Exp(w.r2, w.unit, uint64(k))
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
	clear(w.unit)
	w.unit[0] = 1
	w.Mul(w.unit, w.unit, x)
	return w.Raw(z, w.unit)
}

// Raw sets z to the number that the words of x spell, which is the value of x times R,
// and returns z. R is prime to n, so it has the same gcd with n as the value.
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

// Exp sets z to the form of v^e, where x is the form of v; v^0 = 1. z must not alias x.
func (w *Wide) Exp(z, x Element, e uint64) {
	copy(z, w.one)
	for i := bits.Len64(e) - 1; i >= 0; i-- {
		w.Mul(z, z, z)
		if e>>i&1 == 1 {
			w.Mul(z, z, x)
		}
	}
}

// powerOfTwo sets z to 2^e mod n itself, not its form. Requires e >= 0.
func (w *Wide) powerOfTwo(z Element, e int) {
	two := w.unit
	w.Add(two, w.one, w.one)
	w.Exp(z, two, uint64(e))
	clear(two)
	two[0] = 1
	w.Mul(z, z, two)
}
