package mont

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// anyNumber returns a number that a slot of the lane may hold, often at an end of the range.
func (l *Lanes) anyNumber(rnd *rand.Rand, lane int) avxNumber {
	return anyNumber(rnd, l.form, l.modulus(lane))
}

func anyNumber(rnd *rand.Rand, form avxForm, n *big.Int) avxNumber {
	x := edgy(rnd, new(big.Int).Add(n, one)) // up to n
	if f, ok := form.(floatForm); ok && f.halves {
		x = edgy(rnd, new(big.Int).Add(halfMost(n), one))
	}
	if rnd.IntN(2) == 0 {
		x.Neg(x)
	}
	switch f := form.(type) {
	case floatForm:
		return avxNumber{scaled(x.Int64(), 0)}
	case shortIntForm:
		return avxNumber{uint64(x.Int64())}
	case pairForm:
		return f.anyLimbs(rnd, x)
	}
	return avxNumber{edgy(rnd, n).Uint64()}
}

// halfMost returns the largest number that half returns: see halvingField of gen/avx2_field.go.
func halfMost(n *big.Int) *big.Int {
	most := new(big.Int).Rsh(n, 1)
	if n.Int64() < 1<<52-1 {
		most.Add(most, one)
	}
	return most
}

// anyLimbs returns x or a number near it, with a low limb often at an end of its range.
func (f pairForm) anyLimbs(rnd *rand.Rand, x *big.Int) avxNumber {
	low := edgy(rnd, big.NewInt(f.lowMost()+1)).Int64()
	if rnd.IntN(2) == 0 {
		low = -low
	}
	rest := new(big.Int).Sub(x, big.NewInt(low))
	high := rest.Quo(rest, new(big.Int).Lsh(one, uint(f.k))).Int64()
	a := avxNumber{scaled(low, -2*f.k), scaled(high, -f.k)}
	if rnd.IntN(2) == 0 || f.toBig(a).CmpAbs(x) > 0 {
		low, high = f.limbs(twosComplement(x))
		a = avxNumber{scaled(low, -2*f.k), scaled(high, -f.k)}
	}
	return a
}

// twosComplement returns x modulo 2^128.
func twosComplement(x *big.Int) [2]uint64 {
	return bigToWords(new(big.Int).And(x, new(big.Int).Sub(new(big.Int).Lsh(one, 128), one)))
}

// lowMost is the greatest low limb of what is stored.
func (f pairForm) lowMost() int64 {
	if f.carry {
		return 1 << (f.k - 1)
	}
	return 1334 << (f.k + 1) / 1000
}

// toBig returns the integer that a holds.
func (f floatForm) toBig(a avxNumber) *big.Int    { return big.NewInt(unscaled(a[0], 0)) }
func (f shortIntForm) toBig(a avxNumber) *big.Int { return big.NewInt(int64(a[0])) }
func (f intForm) toBig(a avxNumber) *big.Int      { return new(big.Int).SetUint64(a[0]) }
func (f pairForm) toBig(a avxNumber) *big.Int {
	high := big.NewInt(unscaled(a[1], -f.k))
	return high.Add(high.Lsh(high, uint(f.k)), big.NewInt(unscaled(a[0], -2*f.k)))
}

func toBig(f avxForm, a avxNumber) *big.Int {
	return f.(interface{ toBig(avxNumber) *big.Int }).toBig(a)
}

// formInRange is inRange for AVX2.
func (l *Lanes) formInRange(i, lane int, _ *big.Int) bool {
	times := int64(1)
	if i >= firstSum {
		times = 2
	}
	return inRange(l.form, l.number(i, lane), l.modulus(lane), times)
}

// inRange reports whether a is a number that may be stored, or times 2 a sum of two: see
// gen/avx2_field.go.
func inRange(form avxForm, a avxNumber, n *big.Int, times int64) bool {
	size := toBig(form, a)
	switch f := form.(type) {
	case intForm:
		return size.Sign() >= 0 && size.Cmp(n) < 0
	case floatForm:
		if f.halves {
			return size.CmpAbs(halfMost(n)) <= 0
		}
	case pairForm:
		if low := unscaled(a[0], -2*f.k); max(low, -low) > times*f.lowMost() {
			return false
		}
	}
	return size.CmpAbs(times64(n, times)) <= 0
}

// anyOperands returns two factors: sums and differences of stored numbers, but one at most where they are
// to be of least size.
func anyOperands(rnd *rand.Rand, form avxForm, c avxConstants, n *big.Int) (a, b avxNumber) {
	sum := func() avxNumber {
		x, y := anyNumber(rnd, form, n), anyNumber(rnd, form, n)
		switch rnd.IntN(4) {
		case 0:
			return x
		case 1:
			return form.add(c, x, x)
		case 2:
			return form.add(c, x, y)
		}
		return form.sub(c, x, y)
	}
	return sum(), form.half(c, sum())
}

// TestFormRanges multiplies operands at the ends of their ranges, modulo the largest numbers that a kind takes
// and others, and checks the product and its range: what lanes have proved.
func TestFormRanges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for _, k := range avxKinds {
		f := k.form
		rInv := new(big.Int).Lsh(one, uint(f.sizeOfR()))
		for range 400 {
			words := edgyModulus(rnd, k.bits)
			n := wordsToBig(words)
			c := f.constants(words)
			inv := new(big.Int).ModInverse(rInv, n)
			for range 50 {
				a, b := anyOperands(rnd, f, c, n)
				r := f.mul(c, a, b)
				want := new(big.Int).Mul(toBig(f, a), toBig(f, b))
				want.Mod(want.Mul(want, inv), n)
				got := toBig(f, r)
				if new(big.Int).Mod(got, n).Cmp(want) != 0 {
					t.Fatalf("%d bits: %v*%v modulo %v is %v, want %v", k.bits, toBig(f, a), toBig(f, b), n, got, want)
				}
				stored := f.half(c, r)
				if !inRange(f, stored, n, 1) || got.CmpAbs(n) > 0 {
					t.Fatalf("%d bits: %v*%v modulo %v is out of range: %v", k.bits, toBig(f, a), toBig(f, b), n, got)
				}
			}
		}
	}
}
