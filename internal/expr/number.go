package expr

import (
	"math/big"
	"strings"
)

// number reads a decimal number, or a hexadecimal one after 0x. A _ may stand between two digits.
//
// The time is quadratic in the length: for all numbers of a text together at most (MaxText/16)^2 = 2^20 steps.
func (p *parser) number() *big.Int {
	base, digit := 10, isDigit
	if rest := p.text[p.at:]; len(rest) >= 2 && rest[0] == '0' && rest[1]|0x20 == 'x' {
		p.at += 2
		base, digit = 16, isHex
		if p.at == len(p.text) || !digit(p.text[p.at]) {
			return p.fail(p.at, "hexadecimal digits are missing after 0x")
		}
	}
	from := p.at
	for p.at < len(p.text) && (digit(p.text[p.at]) || p.text[p.at] == '_') {
		if p.text[p.at] == '_' && (p.at+1 == len(p.text) || !digit(p.text[p.at+1])) {
			return p.fail(p.at, "a _ stands between two digits")
		}
		p.at++
	}
	if p.at < len(p.text) && (isLetter(p.text[p.at]) || isDigit(p.text[p.at])) {
		return p.unexpected()
	}
	x, ok := new(big.Int).SetString(strings.ReplaceAll(p.text[from:p.at], "_", ""), base)
	if !ok {
		panic("expr: internal error: not digits: " + p.text[from:p.at])
	}
	return x
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
