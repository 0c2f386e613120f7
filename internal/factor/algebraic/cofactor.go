package algebraic

import (
	"math"
	"math/big"

	"factorfleet/internal/factor/mont"
)

// Sizes in bits up to which all bases, and those to 12, are looked at; above there are 2 and 10.
const (
	manyBases = 1024
	someBases = 4096
)

// orderBound is up to how many times the length of n the length of b^e may be.
const orderBound = 4

// checkEvery is how many word products, about a nanosecond each, pass between two calls of check.
const checkEvery = 1 << 16

// bases returns the bases to look at for a number of so many bits: those that are no powers.
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

// OfDivisor returns a form b^e-1 or b^e+1 of small b that n divides, and of which n is a fourth or more
// of the length: repunits, or what is left of such a number after some of its factors were
// found. It returns false if there is none. Requires n odd, n > 2^64, without prime factors
// below 64. It calls check about every tenth of a millisecond, never less often than after each product
// modulo n, and returns its error if there is one.
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

// orders looks for the orders of small numbers modulo one n.
type orders struct {
	w     *mont.Wide
	check func() error
	done  int // word products since the last check
	err   error
}

func (s *orders) mul(z, x, y mont.Element) {
	s.w.Mul(z, x, y)
	if s.done += 2 * s.w.Words() * s.w.Words(); s.done >= checkEvery && s.err == nil {
		s.done, s.err = 0, s.check()
	}
}

// find returns the least e <= side^2 with b^e = 1 or -1 modulo n, and which of the two; e = 0 if there is
// none. Requires b^side < n.
//
// With e = side*g - i and 0 <= i < side that is b^(side*g) = b^i or -b^i: D. Shanks's baby steps
// and giant steps.
func (s *orders) find(b uint64, side int) (e int, plus bool) {
	w := s.w
	babies := w.NewSlice(side)
	at := make(map[uint64]int, side) // by hash
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

// hash returns a number that different elements hardly ever have in common. One word of them does not do:
// powers of 2 modulo 2^e-1 have nothing but zeros in most words.
func hash(x mont.Element) uint64 {
	h := uint64(0)
	for _, word := range x {
		h = (h^word)*0x9e3779b97f4a7c15 ^ h>>29
	}
	return h
}
