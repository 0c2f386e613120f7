package input

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"math/bits"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// decimal returns the value of digits without leading zeros, or the reason why it is invalid.
func decimal(d []byte) (n nat.Nat, why string) {
	switch {
	case len(d) > task.MaxDigits:
		return n, whyTooLong
	case len(d) > 20:
		return bigNumber(d)
	}
	// At most 20 digits. Before each of the first 19 iterations 10w + 9 < 10^19 < 2^64; the
	// 20th may overflow, then over != 0.
	var w, over uint64
	for _, c := range d {
		high, low := bits.Mul64(w, 10)
		var carry uint64
		w, carry = bits.Add64(low, uint64(c-'0'), 0)
		over |= high | carry
	}
	if over != 0 {
		return bigNumber(d)
	}
	return nat.New(w), ""
}

// bigNumber returns the value of decimal digits, or whyTooLong.
func bigNumber(digits []byte) (n nat.Nat, why string) {
	x, ok := new(big.Int).SetString(string(digits), 10)
	if !ok {
		panic("input: internal error: not digits: " + string(digits))
	}
	if x.BitLen() > task.MaxBits {
		return n, whyTooLong
	}
	return nat.FromBig(x), ""
}

// word reads a number of 1 to 19 digits at the start of b that is followed by white
// space, the usual case. It returns the value and the number of digits, or 0, 0 if b
// does not start so: the caller then uses token.
func word(b []byte) (w uint64, size int) {
	for size <= 8 && len(b)-size >= 8 {
		x := binary.LittleEndian.Uint64(b[size:])
		if !eightDigits(x) {
			break
		}
		w = w*1e8 + eightDigitValue(x)
		size += 8
	}
	for size < len(b) && size <= 19 {
		c := b[size]
		if space[c] {
			return w, size
		}
		if c < '0' || c > '9' {
			return 0, 0
		}
		w = w*10 + uint64(c-'0') // may overflow at the 20th digit: then 0, 0 is returned
		size++
	}
	return 0, 0
}

// long reads a number of any count of digits at the start of b that is followed by white space. It returns the value and
// the number of digits, or a size of 0 if b does not start so, or if the number is too long: the caller then uses token.
func long(b []byte) (n nat.Nat, size int) {
	for size < len(b) && '0' <= b[size] && b[size] <= '9' {
		size++
	}
	if size == 0 || size == len(b) || !space[b[size]] {
		return n, 0
	}
	n, why := decimal(bytes.TrimLeft(b[:size], "0"))
	if why != "" {
		return n, 0
	}
	return n, size
}

// eightDigits reports whether all eight bytes of x are decimal digits. A byte is a
// digit, 0x30 to 0x39, exactly if its high half is 3, and is still 3 after adding 6.
func eightDigits(x uint64) bool {
	const high, three = 0xf0f0f0f0f0f0f0f0, 0x3030303030303030
	return x&high == three && (x+0x0606060606060606)&high == three
}

// eightDigitValue returns the value of eight digits, of which the first one is in the
// lowest byte. Each step joins neighbours: to numbers below 10^2, 10^4 and 10^8.
func eightDigitValue(x uint64) uint64 {
	x &= 0x0f0f0f0f0f0f0f0f
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	return (x*10000 + x>>32) & 0xffffffff
}
