package input

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxShown bounds the part of an invalid token that its report shows, in bytes.
const maxShown = 40

// The reasons of invalid tokens, task.BadToken.Why.
const (
	whyNotInteger = "not a non-negative decimal integer"
	whyTooLong    = "longer than 16,384 bits (about 4,932 digits)" // task.MaxBits
)

// A token collects the bytes of one token, in one or several pieces. Its memory is
// bounded, whatever the length of the token.
type token struct {
	started bool   // at least one byte has been added
	bad     bool   // there was a byte that is not allowed
	digit   bool   // there was a digit
	digits  []byte // the first task.MaxDigits+1 digits without leading zeros
	shown   []byte // the first maxShown+1 bytes
	equals  bool   // there was a = behind the digits
	list    []byte // what follows it, at most maxKnownText+1 bytes
}

// reset makes t empty. It keeps the memory of its slices.
func (t *token) reset() { *t = token{digits: t.digits[:0], shown: t.shown[:0], list: t.list[:0]} }

// add appends the bytes of b, which is not empty.
func (t *token) add(b []byte) {
	t.shown = append(t.shown, b[:min(len(b), maxShown+1-len(t.shown))]...)
	if !t.started && b[0] == '+' {
		b = b[1:]
	}
	t.started = true
	if t.equals {
		t.list = append(t.list, b[:min(len(b), maxKnownText+1-len(t.list))]...)
		return
	}
	if t.bad {
		return
	}
	for i, c := range b {
		if c == '=' && (t.digit || i > 0) {
			t.addDigits(b[:i])
			t.equals = true
			t.list = append(t.list, b[i+1:min(len(b), i+1+maxKnownText+1)]...)
			return
		}
		if c < '0' || c > '9' {
			t.bad = true
			return
		}
	}
	t.addDigits(b)
}

// addDigits appends the bytes of b, which are digits.
func (t *token) addDigits(b []byte) {
	t.digit = t.digit || len(b) > 0
	if len(t.digits) == 0 {
		for len(b) > 0 && b[0] == '0' {
			b = b[1:]
		}
	}
	t.digits = append(t.digits, b[:min(len(b), task.MaxDigits+1-len(t.digits))]...)
}

// number returns the value of t, or the reason why it is invalid.
func (t *token) number() (n nat.Nat, why string) {
	d := t.digits
	switch {
	case t.bad || !t.digit:
		return n, whyNotInteger
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

// quoted returns the beginning of t, see quoted.
func (t *token) quoted() string { return quoted(t.shown) }

// quoted returns at most maxShown bytes of shown, quoted so that a terminal can show them.
func quoted(shown []byte) string {
	if len(shown) <= maxShown {
		return strconv.Quote(string(shown))
	}
	cut := maxShown
	for cut > maxShown-utf8.UTFMax && !utf8.RuneStart(shown[cut]) {
		cut--
	}
	return strconv.Quote(string(shown[:cut]) + "…")
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

// space marks the bytes that separate tokens.
var space = [256]bool{' ': true, '\t': true, '\n': true, '\v': true, '\f': true, '\r': true}
