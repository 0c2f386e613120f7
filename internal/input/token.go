package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"factorfleet/internal/expr"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxShown bounds the part of an invalid token that its report shows, in bytes.
const maxShown = 40

// The reasons of invalid tokens, task.BadToken.Why.
const (
	whyNotInteger = "not a non-negative decimal integer"
	whyTooLong    = "longer than 16,384 bits (about 4,932 digits)" // task.MaxBits
	whyLongText   = "the expression is longer than 16 KiB"         // maxRaw
)

// A token collects the bytes of one token, in one or several pieces. Its memory is
// bounded, whatever the length of the token.
type token struct {
	column  int    // of its first byte in the line, or in the argument, from 1
	started bool   // at least one byte has been added
	joined  bool   // it has several words
	bad     bool   // there was a byte that is not allowed in a decimal number
	digit   bool   // there was a digit
	digits  []byte // the first task.MaxDigits+1 digits without leading zeros

	raw    []byte // the first maxRaw bytes, white space included
	size   int    // of raw without white space behind the last word
	cut    bool   // a word does not fit into raw
	parens int    // parentheses that were opened and not closed
	last   byte   // the last byte that is not white space
}

// maxRaw is the length of the longest expression, or of what is shown of a token.
const maxRaw = expr.MaxText

// reset makes t empty. It keeps the memory of its slices.
func (t *token) reset() { *t = token{digits: t.digits[:0], raw: t.raw[:0]} }

// white appends a byte of white space to a token that has started. It counts only if another word follows.
func (t *token) white(c byte) {
	if len(t.raw) < maxRaw {
		t.raw = append(t.raw, c)
	}
}

// add appends the bytes of b, which is not empty.
func (t *token) add(b []byte) {
	keep := min(len(b), maxRaw-len(t.raw))
	t.raw = append(t.raw, b[:keep]...)
	t.size = len(t.raw)
	t.cut = t.cut || keep < len(b)
	t.last = b[len(b)-1]
	if !t.started && b[0] == '+' {
		b = b[1:]
	}
	t.started = true
	if !t.bad {
		t.addDigits(b)
	}
	if t.bad {
		t.countParens(b)
	}
}

// countParens counts the parentheses of b that stay open. A closing one without an opening one does not count.
func (t *token) countParens(b []byte) {
	for _, c := range b {
		switch c {
		case '(':
			t.parens++
		case ')':
			t.parens = max(0, t.parens-1)
		}
	}
}

// addDigits appends b to a number that has had digits only.
func (t *token) addDigits(b []byte) {
	for _, c := range b {
		if c < '0' || c > '9' {
			t.bad = true
			return
		}
	}
	t.digit = t.digit || len(b) > 0
	if len(t.digits) == 0 {
		for len(b) > 0 && b[0] == '0' {
			b = b[1:]
		}
	}
	t.digits = append(t.digits, b[:min(len(b), task.MaxDigits+1-len(t.digits))]...)
}

// continues reports whether a word behind white space, which begins with c, belongs to t: within parentheses, after an
// operator, before an operator, and between the name of a function and its argument. A + or - before it is left to the
// caller, as it may be the sign of another token.
func (t *token) continues(c byte) bool {
	switch {
	case c == '#':
		return false // a comment
	case t.parens > 0 || operator[t.last]:
		return true
	case c == '(':
		return 'a' <= t.last|0x20 && t.last|0x20 <= 'z'
	}
	return joins[c] && c != '+' && c != '-'
}

// number returns the value of t, or the reason why it is invalid. written is the text of an expression, "" if t is plain
// digits or longer than task.MaxWritten.
func (t *token) number(s Syntax) (n nat.Nat, written, why string) {
	plain := !t.bad && !t.joined && t.digit
	switch {
	case plain:
		n, why = decimal(t.digits)
		return n, "", why
	case s.Strict:
		return n, "", whyNotInteger
	case t.cut:
		return n, "", whyLongText
	}
	n, err := expr.Eval(string(t.text()))
	if err != nil {
		var at *expr.Error
		if errors.As(err, &at) && at.Column > 0 {
			at.Column += t.column - 1
		}
		return n, "", err.Error()
	}
	if written = strings.Join(strings.Fields(string(t.text())), " "); len(written) > task.MaxWritten {
		written = ""
	}
	return n, written, ""
}

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

// text returns the bytes of t that are kept, without white space behind the last word.
func (t *token) text() []byte { return t.raw[:t.size] }

// quoted returns the beginning of t, see quoted.
func (t *token) quoted() string {
	b := t.text()
	return quoted(b[:min(len(b), maxShown+1)])
}

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

// spaces are the bytes that separate words.
const spaces = " \t\n\v\f\r"

var (
	// space marks the bytes of spaces.
	space = [256]bool{' ': true, '\t': true, '\n': true, '\v': true, '\f': true, '\r': true}
	// operator marks the operators of two operands.
	operator = [256]bool{'+': true, '-': true, '*': true, '/': true, '%': true, '^': true}
	// joins marks the bytes that may continue a number behind white space.
	joins = [256]bool{'+': true, '-': true, '*': true, '/': true, '%': true, '^': true, '!': true}
)
