package expr

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/text"
)

// A function has a value for the arguments 0 to most.
type function struct {
	shown string                  // as errors show it
	most  int64                   // the largest argument whose value has at most maxInner bits: see TestMost
	value func(n uint64) *big.Int // at most maxInner bits
}

var functions = map[string]*function{
	"fib": {"fib(n)", 94401, fibonacci},
	"luc": {"luc(n)", 94399, lucas},
}

var postfixes = map[string]*function{
	"!": {"n!", 5910, func(n uint64) *big.Int { return new(big.Int).MulRange(1, int64(n)) }},
	"#": {"n#", 45676, primorial},
}

// call returns the value of f for x. at is the place of f.
//
// All values are products that are at least twice as long as their factors, down to small ones, or nearly so: with W words
// in the result W^2 + 2*(W/2)^2 + 4*(W/4)^2 + ... <= 2*W^2 steps. A step of fibonacci has three products.
func (p *parser) call(at int, f *function, x *big.Int) *big.Int {
	switch {
	case p.err != nil:
		return nil
	case x.Sign() < 0 || x.Cmp(big.NewInt(f.most)) > 0:
		return p.fail(at, "%s needs n from 0 to %s", f.shown, text.Thousands(uint64(f.most)))
	}
	n := x.Uint64()
	w := words(min(maxInner, int(n)*bits.Len64(n))) // every function is at most n^n
	if !p.spend(at, 4*w*w) {
		return nil
	}
	return f.value(n)
}

// fibonacciPair returns the Fibonacci numbers F(n) and F(n+1), F(0) = 0, by
//
//	F(2k)   = F(k) * (2*F(k+1) - F(k))
//	F(2k+1) = F(k)^2 + F(k+1)^2
func fibonacciPair(n uint64) (a, b *big.Int) {
	a, b = big.NewInt(0), big.NewInt(1)
	for i := bits.Len64(n) - 1; i >= 0; i-- {
		// a = F(k), b = F(k+1), where k is n without its last i+1 bits
		c := new(big.Int).Lsh(b, 1)
		c.Mul(c.Sub(c, a), a)
		d := new(big.Int).Mul(a, a)
		d.Add(d, b.Mul(b, b))
		if n>>i&1 == 0 {
			a, b = c, d
		} else {
			a, b = d, c.Add(c, d)
		}
	}
	return a, b
}

func fibonacci(n uint64) *big.Int {
	a, _ := fibonacciPair(n)
	return a
}

// lucas returns the Lucas number L(n) = F(n-1) + F(n+1) = 2*F(n+1) - F(n).
func lucas(n uint64) *big.Int {
	a, b := fibonacciPair(n)
	return b.Sub(b.Lsh(b, 1), a)
}

// primorial returns the product of the primes up to n.
func primorial(n uint64) *big.Int {
	composite := make([]bool, n+1)
	var primes []uint64
	for p := uint64(2); p <= n; p++ {
		if composite[p] {
			continue
		}
		primes = append(primes, p)
		for k := p * p; k <= n; k += p {
			composite[k] = true
		}
	}
	return product(primes)
}

// product returns the product of a list. It multiplies factors of about the same length.
func product(list []uint64) *big.Int {
	switch len(list) {
	case 0:
		return big.NewInt(1)
	case 1:
		return new(big.Int).SetUint64(list[0])
	}
	half := len(list) / 2
	x := product(list[:half])
	return x.Mul(x, product(list[half:]))
}
