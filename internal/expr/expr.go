// Package expr computes the value of an expression such as 2^127-1 or (10^40-1)/9.
//
// From the tightest to the loosest:
//
//	n  0xff  1_000  (x)  fib(x)  luc(x)   decimal and hexadecimal numbers; Fibonacci and Lucas numbers
//	x!  x#                                factorial; primorial, the product of the primes up to x
//	x^y  x**y                             power, from right to left: 2^3^2 = 2^9; 0^0 = 1
//	-x  +x                                -2^2 = -4, and an exponent may have a sign: 2^+3
//	x*y  x/y  x%y                         from left to right; x/y must be an integer, 0 <= x%y < |y|
//	x+y  x-y                              from left to right
//
// A _ may stand between two digits. White space may stand anywhere but within a number or a name. x!! and x## are
// refused: some read x!! as the double factorial. An intermediate value may be negative, the value of the
// expression may not.
//
// # Bounds
//
// Let w be the number of 64-bit words of a value, and bits(x) the length of |x|.
//
//	text       MaxText bytes. So a number in it has less than 2^16 bits: a hexadecimal digit is 4 bits.
//	depth      maxDepth nested calls of unary. Every cycle of the grammar goes through it.
//	a value    maxInner bits, each intermediate one; the value of the expression task.MaxBits.
//	work       maxWork steps. A step is the product of two words: less than 1 ns.
//	memory     three operands a level of depth wait for their operation: 3 * maxDepth * 8 KiB = 1.5 MiB.
//
// No operation makes a value that is much longer than maxInner, which is compared with the exact length afterwards:
//
//	x+y        has at most maxInner+1 bits
//	x*y        has bits(x)+bits(y)-1 bits or one more; it is refused before if the former exceed maxInner
//	x/y  x%y   are not longer than x, y
//	x^y        |x| >= 2 has b >= 2 bits, so 2^((b-1)*y) <= |x|^y < 2^(b*y). It is refused before if (b-1)*y >= maxInner, and
//	           else has at most b*y <= 2*(b-1)*y < 2*maxInner bits
//	functions  the argument is compared with the largest one whose value has at most maxInner bits
package expr

import (
	"fmt"
	"math/big"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

const (
	// MaxText is the length of the longest expression, in bytes.
	MaxText = 16 << 10

	maxInner = 1 << 16 // bits of an intermediate value
	maxDepth = 64      // of parentheses, signs and powers within each other
	maxWork  = 1 << 27 // steps
)

// The reasons of errors that do not belong to one place.
const (
	whyTooLong  = "longer than 16,384 bits (about 4,932 digits)" // task.MaxBits
	whyNegative = "the value is below 0"
	whyLongText = "the expression is longer than 16 KiB" // MaxText
)

// An Error says why a text is not an expression, or has no value.
type Error struct {
	Column int // of the byte at which the error was found, from 1; 0 = it is an error of the whole
	Why    string
}

// Error returns "column 7: why", or "why".
func (e *Error) Error() string {
	if e.Column == 0 {
		return e.Why
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Why)
}

// Eval returns the value of an expression, 0 to 2^task.MaxBits - 1. An error is an *Error.
func Eval(text string) (n nat.Nat, _ error) {
	if len(text) > MaxText {
		return n, &Error{Why: whyLongText}
	}
	p := parser{text: text}
	x := p.sum()
	if p.err == nil && p.skip() < len(text) {
		p.unexpected()
	}
	switch {
	case p.err != nil:
		return n, p.err
	case x.Sign() < 0:
		return n, &Error{Why: whyNegative}
	case x.BitLen() > task.MaxBits:
		return n, &Error{Why: whyTooLong}
	}
	return nat.FromBig(x), nil
}

// words returns the words of a value of so many bits, at least 1.
func words(bits int) int { return bits/64 + 1 }

// spend counts steps at a place of the text, and reports whether there are so many left.
func (p *parser) spend(at, steps int) bool {
	if p.work += steps; p.work > maxWork {
		p.fail(at, "the expression takes too long to compute")
	}
	return p.err == nil
}

// checked returns x if it is not too long.
func (p *parser) checked(at int, x *big.Int) *big.Int {
	if x.BitLen() > maxInner {
		return p.tooLong(at)
	}
	return x
}

// tooLong fails because of a value at a place of the text.
func (p *parser) tooLong(at int) *big.Int {
	return p.fail(at, "an intermediate value is longer than 65,536 bits (about 19,700 digits)") // maxInner
}
