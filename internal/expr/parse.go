package expr

import (
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"
)

// A parser computes the value of a text while it reads it. Its methods return nil, and read no further, once err is set.
type parser struct {
	text  string
	at    int // text[:at] is read
	depth int // calls of unary that have not returned
	work  int // steps that were spent
	err   *Error
}

// fail sets err for a place of the text. The first error counts.
func (p *parser) fail(at int, format string, args ...any) *big.Int {
	if p.err == nil {
		p.err = &Error{Column: at + 1, Why: fmt.Sprintf(format, args...)}
	}
	return nil
}

// skip skips white space and returns at.
func (p *parser) skip() int {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\v\f\r", p.text[p.at]) >= 0 {
		p.at++
	}
	return p.at
}

// next reports whether the text continues with a symbol, after white space, and reads it.
func (p *parser) next(symbol string) bool {
	if p.err != nil || !strings.HasPrefix(p.text[p.skip():], symbol) {
		return false
	}
	p.at += len(symbol)
	return true
}

// sum reads x+y-z.
func (p *parser) sum() *big.Int {
	x := p.product()
	for p.err == nil {
		switch at := p.skip(); {
		case p.next("+"):
			x = p.add(at, x, p.product())
		case p.next("-"):
			if y := p.product(); p.err == nil {
				x = p.add(at, x, y.Neg(y))
			}
		default:
			return x
		}
	}
	return nil
}

// product reads x*y/z%t.
func (p *parser) product() *big.Int {
	x := p.unary()
	for p.err == nil {
		switch at := p.skip(); {
		case p.next("*"):
			x = p.multiply(at, x, p.unary())
		case p.next("/"):
			x = p.divide(at, x, p.unary())
		case p.next("%"):
			x = p.modulo(at, x, p.unary())
		default:
			return x
		}
	}
	return nil
}

// unary reads -x, +x or a power. Every nested part of an expression is read within a call of unary.
func (p *parser) unary() *big.Int {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return p.fail(p.at, "more than %d parentheses, signs or powers within each other", maxDepth)
	}
	switch {
	case p.next("-"):
		x := p.unary()
		if p.err != nil {
			return nil
		}
		return x.Neg(x)
	case p.next("+"):
		return p.unary()
	}
	return p.power()
}

// power reads x^y or x**y. The exponent is a unary, so that it includes further powers.
func (p *parser) power() *big.Int {
	x := p.postfix()
	if p.err != nil {
		return nil
	}
	if at := p.skip(); p.next("^") || p.next("**") {
		return p.raise(at, x, p.unary())
	}
	return x
}

// postfix reads x! or x#.
func (p *parser) postfix() *big.Int {
	x := p.primary()
	last := ""
	for p.err == nil {
		at := p.skip()
		symbol := p.text[at:min(at+1, len(p.text))]
		f := postfixes[symbol]
		switch {
		case f == nil:
			return x
		case symbol == last:
			return p.fail(at, "x%s%s has two meanings; write (x%s)%s", symbol, symbol, symbol, symbol)
		}
		p.at++
		x, last = p.call(at, f, x), symbol
	}
	return nil
}

// primary reads a number, a function or an expression in parentheses.
func (p *parser) primary() *big.Int {
	if p.err != nil {
		return nil
	}
	switch at := p.skip(); {
	case p.at == len(p.text) && strings.TrimSpace(p.text) == "":
		return p.fail(at, "a number is missing")
	case p.at == len(p.text):
		return p.fail(at, "the expression ends where a number is expected")
	case isDigit(p.text[at]):
		return p.number()
	case isLetter(p.text[at]):
		return p.function()
	case p.next("("):
		return p.inner(at)
	}
	return p.unexpected()
}

// inner reads the rest of an expression in parentheses, of which the first one is at open.
func (p *parser) inner(open int) *big.Int {
	x := p.sum()
	switch {
	case p.err != nil:
		return nil
	case p.next(")"):
		return x
	case p.at == len(p.text):
		return p.fail(open, "the parenthesis is not closed")
	}
	return p.unexpected()
}

// function reads fib(x) or luc(x).
func (p *parser) function() *big.Int {
	at := p.at
	for p.at < len(p.text) && (isLetter(p.text[p.at]) || isDigit(p.text[p.at])) {
		p.at++
	}
	f := functions[p.text[at:p.at]]
	if f == nil {
		return p.fail(at, "neither a number nor an expression; the functions are fib(n) and luc(n)")
	}
	open := p.skip()
	if !p.next("(") {
		return p.fail(at, "write the argument of a function in parentheses: %s", f.shown)
	}
	x := p.inner(open)
	if p.err != nil {
		return nil
	}
	return p.call(at, f, x)
}

// unexpected fails at the next character.
func (p *parser) unexpected() *big.Int {
	at := p.at
	_, size := utf8.DecodeRuneInString(p.text[at:])
	c := p.text[at : at+size]
	hint := ""
	switch digit := at > 0 && isDigit(p.text[at-1]); {
	case c == "," && digit:
		hint = "; digits are grouped by _"
	case c == "." && digit:
		hint = "; numbers are integers"
	case (c == "e" || c == "E") && digit:
		hint = "; a power of ten is written 10^n"
	case c == "=":
		hint = "; an expression has no ="
	}
	return p.fail(at, "unexpected %q%s", c, hint)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
