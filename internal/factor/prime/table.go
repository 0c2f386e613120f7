package prime

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// Bound is the end of the tables: all primes below it are in them.
const Bound = 1 << 16

// A Divisor tells without a division whether the odd prime P divides a word. P is below
// Bound.
type Divisor struct {
	P   uint64
	inv uint64 // P^-1 mod 2^64
	max uint64 // floor((2^64-1) / P)
}

// Quotient returns n/P and true if P divides n, else an undefined number and false.
//
// Multiplication by P^-1 modulo 2^64 permutes the words. It takes the multiples P*q, q
// = 0..max, to q. So it takes all other words to numbers above max.
func (d *Divisor) Quotient(n uint64) (q uint64, ok bool) {
	q = n * d.inv
	return q, q <= d.max
}

// Divides reports whether P divides n, as Quotient does.
func (d *Divisor) Divides(n uint64) bool { return n*d.inv <= d.max }

// The tables of the package, made at the start of the process and never changed: 6542
// primes, 6541 odd ones.
var (
	small  = sieve(Bound)
	table  = makeTable(small[1:])
	blocks = makeBlocks(table)
)

// Small returns the primes below Bound in ascending order. The caller must not change
// them.
func Small() []uint32 { return small }

// Divisors returns the odd primes below Bound in ascending order. The caller must not
// change them.
func Divisors() []Divisor { return table }

// sieve returns the primes below n, n >= 3, by the sieve of Eratosthenes.
func sieve(n int) []uint32 {
	primes := []uint32{2}
	composite := make([]bool, n/2) // composite[i] belongs to 2i+1
	for i := 1; i < n/2; i++ {
		if composite[i] {
			continue
		}
		p := 2*i + 1
		primes = append(primes, uint32(p))
		for j := p * p / 2; j < n/2; j += p {
			composite[j] = true
		}
	}
	return primes
}

// makeTable returns the divisors of the odd primes.
func makeTable(primes []uint32) []Divisor {
	t := make([]Divisor, len(primes))
	for i, p := range primes {
		t[i] = Divisor{uint64(p), mont.Inverse(uint64(p)), ^uint64(0) / uint64(p)}
	}
	return t
}

// A block is a run of divisors whose product is a word. So one remainder of a big
// number modulo the product serves all of them. The first block has the primes 3 to 53,
// the last ones have four each.
type block struct {
	product uint64
	divs    []Divisor
}

// makeBlocks divides the divisors into blocks, as many in each as fit in a word.
func makeBlocks(divs []Divisor) []block {
	var bs []block
	for len(divs) > 0 {
		product, n := uint64(1), 0
		for n < len(divs) {
			hi, lo := bits.Mul64(product, divs[n].P)
			if hi != 0 {
				break
			}
			product = lo
			n++
		}
		bs = append(bs, block{product, divs[:n:n]})
		divs = divs[n:]
	}
	return bs
}

// Words returns the 64-bit words of n >= 0, least significant first.
func Words(n *big.Int) []uint64 {
	w := make([]uint64, (n.BitLen()+63)/64)
	for i, word := range n.Bits() {
		at := i * bits.UintSize
		w[at/64] |= uint64(word) << (at % 64)
	}
	return w
}

// Mod returns n mod d for the words n, least significant first. Requires d > 0.
func Mod(n []uint64, d uint64) uint64 {
	var r uint64
	for i := len(n) - 1; i >= 0; i-- {
		_, r = bits.Div64(r, n[i], d) // r < d
	}
	return r
}
