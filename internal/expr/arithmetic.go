package expr

import "math/big"

// The operations take values of at most maxInner bits, which they may change, and return one, or nil after an error. at is
// the place of the operator. An operand may be nil if err is set.

// add returns x+y.
func (p *parser) add(at int, x, y *big.Int) *big.Int {
	if p.err != nil || !p.spend(at, words(x.BitLen())+words(y.BitLen())) {
		return nil
	}
	return p.checked(at, x.Add(x, y))
}

// multiply returns x*y.
func (p *parser) multiply(at int, x, y *big.Int) *big.Int {
	switch {
	case p.err != nil || !p.spend(at, words(x.BitLen())*words(y.BitLen())):
		return nil
	case x.BitLen()+y.BitLen()-1 > maxInner && x.Sign() != 0 && y.Sign() != 0:
		return p.tooLong(at)
	}
	return p.checked(at, new(big.Int).Mul(x, y))
}

// divide returns x/y, which must be an integer.
func (p *parser) divide(at int, x, y *big.Int) *big.Int {
	switch {
	case p.err != nil || !p.spend(at, words(x.BitLen())*words(y.BitLen())):
		return nil
	case y.Sign() == 0:
		return p.fail(at, "division by 0")
	}
	quotient, rest := new(big.Int).QuoRem(x, y, new(big.Int))
	if rest.Sign() != 0 {
		return p.fail(at, "the division leaves a remainder; only exact divisions are computed")
	}
	return quotient
}

// modulo returns the remainder r of x divided by y, 0 <= r < |y|.
func (p *parser) modulo(at int, x, y *big.Int) *big.Int {
	switch {
	case p.err != nil || !p.spend(at, words(x.BitLen())*words(y.BitLen())):
		return nil
	case y.Sign() == 0:
		return p.fail(at, "division by 0")
	}
	return x.Mod(x, y)
}

// raise returns x^y. See the package comment for the length of the result.
//
// Exp squares and multiplies from the highest bit of y on, so that no power on the way is longer than the last one, of W
// words. The squares take at most W^2 + (W/2)^2 + ... <= 4/3*W^2 steps, and the products with x, of wx words,
// wx*(W + W/2 + ...) <= 2*W^2.
func (p *parser) raise(at int, x, y *big.Int) *big.Int {
	switch {
	case p.err != nil:
		return nil
	case y.Sign() < 0:
		return p.fail(at, "the exponent is below 0")
	case x.BitLen() < 2: // 0, 1 or -1
		if y.Sign() == 0 || x.Sign() < 0 && y.Bit(0) == 0 {
			return x.SetInt64(1)
		}
		return x
	case y.BitLen() > 32 || (x.BitLen()-1)*int(y.Int64()) >= maxInner: // the product is below 2^16 * 2^32
		return p.tooLong(at)
	}
	w := words(x.BitLen() * int(y.Int64()))
	if !p.spend(at, 4*w*w) {
		return nil
	}
	return p.checked(at, new(big.Int).Exp(x, y, nil))
}
