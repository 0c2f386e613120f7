package nat

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	tenTo8  = 100_000_000
	tenTo16 = tenTo8 * tenTo8

	mostDigits = 20 // of a word: 2^64 < 10^20
)

// appendWord appends w in decimal, eight digits at a time.
func appendWord(b []byte, w uint64) []byte {
	switch { // the commonest prime factors
	case w < 10:
		return append(b, '0'+byte(w))
	case w < 100:
		tens := w / 10
		return append(b, '0'+byte(tens), '0'+byte(w-10*tens))
	}
	at := len(b)
	// Each store writes eight bytes, and the next store overwrites the surplus ones. So
	// there is room for the digits and seven bytes more.
	const room = mostDigits + 7
	if cap(b)-at < room {
		b = slices.Grow(b, room)
	}
	buf := b[:at+room]
	switch {
	case w < tenTo8:
		at += putTop(buf[at:], w)
	case w < tenTo16:
		top := w / tenTo8
		at += putTop(buf[at:], top)
		at += putEight(buf[at:], w-top*tenTo8)
	default:
		high := w / tenTo8
		top := high / tenTo8 // at most 1844
		at += putTop(buf[at:], top)
		at += putEight(buf[at:], high-top*tenTo8)
		at += putEight(buf[at:], w-high*tenTo8)
	}
	return buf[:at]
}

// zeros has the digit '0' in each of its eight bytes.
const zeros = 0x3030303030303030

// putEight writes w < 10^8 with all eight digits, and returns 8.
func putEight(b []byte, w uint64) int {
	binary.LittleEndian.PutUint64(b, eightDigits(w)+zeros)
	return 8
}

// putTop writes w, 0 < w < 10^8, without leading zeros, and returns the number of
// digits. It writes to eight bytes of b.
func putTop(b []byte, w uint64) int {
	x := eightDigits(w)
	leading := bits.TrailingZeros64(x) / 8
	binary.LittleEndian.PutUint64(b, (x+zeros)>>(8*leading))
	return 8 - leading
}

// eightDigits returns the eight digits of w < 10^8 as bytes, the first digit in the
// lowest byte. It splits w into two parts below 10^4, these into parts below 10^2, and
// these into digits. One multiplication computes the quotients of all parts at once:
//
//	floor(x/100) = floor(5243*x / 2^19), x < 10^4:  5243/2^19 - 1/100 < 1/(100*10^4)
//	floor(x/10)  = floor(103*x / 2^10),  x < 10^2:  103/2^10 - 1/10 < 1/(10*10^2)
//
// A part has 32 bits, then 16, and the products fit: 5243*9999 < 2^26 and 103*99 <
// 2^14. The quotient q of a part x gives the two parts q and x - 100*q, the second
// above the first.
func eightDigits(w uint64) uint64 {
	q := w / 10_000
	x := q + (w-10_000*q)<<32
	q = x * 5243 >> 19 & 0x0000007f_0000007f
	x = q + (x-100*q)<<16
	q = x * 103 >> 10 & 0x000f_000f_000f_000f
	return q + (x-10*q)<<8
}
