package algebraic

import (
	"math"
	"math/big"

	"factorfleet/internal/factor/mont"
)

// Sizes in bits up to which all bases are tried, and those up to 12. Above, only 2 and
// 10 are.
const (
	manyBases = 1024
	someBases = 4096
)

// orderBound bounds the length of b^e, as a multiple of the length of n.
const orderBound = 4

// checkEvery is the number of word products, about a nanosecond each, between two calls
// of check.
const checkEvery = 1 << 16

// bases returns the bases to try for a number of so many bits. None of them is a power,
// since the form of a power is also one of its root.
func bases(bits int) []uint64 {
	switch {
	case bits <= manyBases:
		return []uint64{2, 3, 5, 6, 7, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28, 29, 30,
			31, 33, 34, 35, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50}
	case bits <= someBases:
		return []uint64{2, 3, 5, 6, 7, 10, 11, 12}
	default:
		return []uint64{2, 10}
	}
}

// OfDivisor returns a form b^e-1 or b^e+1 of small b that n divides, with at most four
// times the length of n. Such n are repunits, and cofactors of a form after some of its
// factors were found. It returns false if there is none. Requires n odd, n > 2^64,
// without prime factors below 64.
//
// The error is one of check. OfDivisor calls check about every 0.1 ms, never less often
// than after each product modulo n.
func OfDivisor(n *big.Int, check func() error) (Form, bool, error) {
	s := &orders{w: mont.NewWide(n), check: check}
	for _, b := range bases(n.BitLen()) {
		most := orderBound * float64(n.BitLen()) / math.Log2(float64(b))
		e, plus := s.find(b, int(math.Ceil(math.Sqrt(most))))
		if s.err != nil {
			return Form{}, false, s.err
		}
		if e > 0 {
			return Form{new(big.Int).SetUint64(b), e, plus}, true, nil
		}
	}
	return Form{}, false, nil
}

// An orders searches the orders of small numbers modulo one n.
type orders struct {
	w     *mont.Wide
	check func() error
	done  int // word products since the last check
	err   error
}

// mul sets z = x*y, and calls check from time to time.
func (s *orders) mul(z, x, y mont.Element) {
	s.w.Mul(z, x, y)
	if s.done += 2 * s.w.Words() * s.w.Words(); s.done >= checkEvery && s.err == nil {
		s.done, s.err = 0, s.check()
	}
}

// find returns the least e <= side^2 with b^e = 1 or b^e = -1 modulo n, and plus for
// -1. It returns e = 0 if there is none. Requires b^side < n.
//
// With e = side*g - i, 1 <= g <= side and 0 <= i < side, that is b^(side*g) = b^i or
// -b^i: D. Shanks's baby steps b^i and giant steps b^(side*g), with about 2*side
// products instead of side^2.
func (s *orders) find(b uint64, side int) (e int, plus bool) {
	w := s.w
	babies := w.NewSlice(side)
	at := make(map[uint64]int, side) // at[hash(b^i)] = i
	step, giant, minus := w.New(), w.New(), w.New()
	w.SetWord(step, b)
	copy(giant, w.One())
	for i := range babies {
		copy(babies[i], giant)
		at[hash(giant)] = i
		if s.mul(giant, giant, step); s.err != nil {
			return 0, false
		}
	}
	copy(step, giant)
	zero := w.New()
	for g := 1; g <= side; g++ {
		if i, ok := at[hash(giant)]; ok && giant.Equal(babies[i]) {
			return side*g - i, false
		}
		w.Sub(minus, zero, giant)
		if i, ok := at[hash(minus)]; ok && minus.Equal(babies[i]) {
			return side*g - i, true
		}
		if s.mul(giant, giant, step); s.err != nil {
			return 0, false
		}
	}
	return 0, false
}

// hash returns a word that practically never is the same for different elements. One
// word of an element does not suffice: powers of 2 modulo 2^e-1 have only zeros in most
// words.
func hash(x mont.Element) uint64 {
	h := uint64(0)
	for _, word := range x {
		h = (h^word)*0x9e3779b97f4a7c15 ^ h>>29
	}
	return h
}
