package mont

import (
	"math/big"
	"math/rand/v2"
)

// anyNumber returns a number that a slot of the lane may hold, often at an end of the range.
func (l *Lanes) anyNumber(rnd *rand.Rand, lane int) avxNumber {
	n := l.modulus(lane)
	x := edgy(rnd, new(big.Int).Add(n, one)) // up to n
	switch f := l.form.(type) {
	case floatForm:
		if f.halves {
			x = edgy(rnd, new(big.Int).Rsh(new(big.Int).Add(n, big.NewInt(3)), 1)) // up to (n+1)/2
		}
		if rnd.IntN(2) == 0 {
			x.Neg(x)
		}
		return avxNumber{scaled(x.Int64(), 0)}
	case shortIntForm:
		if rnd.IntN(2) == 0 {
			x.Neg(x)
		}
		return avxNumber{uint64(x.Int64())}
	case pairForm:
		if rnd.IntN(2) == 0 {
			x.Neg(x)
		}
		low, high := f.limbs(twosComplement(x))
		if i := int64(rnd.IntN(3) - 1); !f.carry && low+i<<f.k <= f.lowMost() && low+i<<f.k >= -f.lowMost() {
			low, high = low+i<<f.k, high-i
		} else if f.carry && low == -1<<(f.k-1) && i > 0 {
			low, high = -low, high-1
		}
		return avxNumber{scaled(low, -2*f.k), scaled(high, -f.k)}
	}
	return avxNumber{edgy(rnd, n).Uint64()}
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

// formInRange is inRange for AVX2: see gen/avx2_field.go.
func (l *Lanes) formInRange(i, lane int, x *big.Int) bool {
	n, size := l.modulus(lane), new(big.Int).Abs(x)
	switch f := l.form.(type) {
	case intForm:
		return x.Sign() >= 0 && x.Cmp(n) < 0
	case floatForm:
		if f.halves {
			return size.Lsh(size, 1).Cmp(n.Add(n, one)) <= 0
		}
	case pairForm:
		low, most := unscaled(l.number(i, lane)[0], -2*f.k), f.lowMost()
		if i >= firstSum {
			most *= 2
		}
		if low > most || low < -most {
			return false
		}
	}
	if i >= firstSum {
		n.Lsh(n, 1)
	}
	return size.Cmp(n) <= 0
}
