package input

import (
	"bytes"
	"errors"
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
	whyNoNumber   = "there must be a number before ="
	whyLongText   = "the expression is longer than 16 KiB" // maxRaw
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

	equals bool   // there was a =; all fields above but raw, size and last are of what is before it
	number int    // bytes of raw before the =
	list   []byte // what follows the =, at most maxKnownText+1 bytes
}

// The content of a token.
type content struct {
	n       nat.Nat
	written string    // the text of an expression, "" if n is plain digits or the text is longer than task.MaxWritten
	known   []nat.Nat // factors that are known of n, see knownFactors
}

// maxRaw is the length of the longest expression, or of what is shown of a token.
const maxRaw = expr.MaxText

// reset makes t empty. It keeps the memory of its slices.
func (t *token) reset() { *t = token{digits: t.digits[:0], raw: t.raw[:0], list: t.list[:0]} }

// white appends a byte of white space to a token that has started. It counts only if another word follows.
func (t *token) white(c byte) {
	if len(t.raw) < maxRaw {
		t.raw = append(t.raw, c)
	}
}

// add appends the bytes of b, which is not empty: of the number, and behind a = those of its factors.
func (t *token) add(b []byte) {
	if !t.equals {
		at := bytes.IndexByte(b, '=')
		if at < 0 {
			t.addNumber(b)
			return
		}
		if at > 0 {
			t.addNumber(b[:at])
		}
		t.started, t.equals, t.number = true, true, t.size
		t.keep(b[at : at+1])
		b = b[at+1:]
	}
	t.keep(b)
	t.list = append(t.list, b[:min(len(b), maxKnownText+1-len(t.list))]...)
}

// keep appends b to raw as far as it fits, and reports whether all of it does.
func (t *token) keep(b []byte) bool {
	n := min(len(b), maxRaw-len(t.raw))
	t.raw = append(t.raw, b[:n]...)
	t.size = len(t.raw)
	return n == len(b)
}

// addNumber appends the bytes of b, which is not empty, to the number or expression.
func (t *token) addNumber(b []byte) {
	t.cut = !t.keep(b) || t.cut
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

// read returns the content of t, or the reason why it is invalid.
func (t *token) read(s Syntax) (x content, why string) {
	if t.equals && s.Strict {
		return x, whyNotInteger
	}
	if x.n, x.written, why = t.value(s); why == "" && t.equals {
		x.known, why = knownFactors(x.n, t.list)
	}
	return x, why
}

// value returns the value of the number or expression, or the reason why it is invalid. written is that of content.
func (t *token) value(s Syntax) (n nat.Nat, written, why string) {
	plain := !t.bad && !t.joined && t.digit
	switch {
	case plain:
		n, why = decimal(t.digits)
		return n, "", why
	case s.Strict:
		return n, "", whyNotInteger
	case t.equals && t.number == 0:
		return n, "", whyNoNumber
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

// text returns the bytes of the number that are kept, without white space behind the last word.
func (t *token) text() []byte {
	if t.equals {
		return t.raw[:t.number]
	}
	return t.raw[:t.size]
}

// quoted returns the beginning of t, see quoted.
func (t *token) quoted() string {
	return quoted(t.raw[:min(t.size, maxShown+1)])
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
