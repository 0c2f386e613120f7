package fermat

import "sync"

// moduli are the odd primes whose product is a word. Together with 64 they let one in
// about 40,000 numbers pass that are no squares.
var moduli = [...]uint8{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53}

// product is the product of moduli, below 2^64.
const product = 16294579238595022365

// squares64 has bit v set if v is a square modulo 64.
const squares64 = 1<<0 | 1<<1 | 1<<4 | 1<<9 | 1<<16 | 1<<17 | 1<<25 | 1<<33 | 1<<36 | 1<<41 | 1<<49 | 1<<57

// A pattern is a set of integers with a period q < 64. It holds the integers from 0 to
// 127 as bits.
type pattern [2]uint64

// from returns which of the 64 integers from at on are in p, as bits. Requires at < 64.
func (p *pattern) from(at uint8) uint64 {
	return p[0]>>(at&63) | p[1]<<1<<(63-at&63)
}

// tables returns, at [i][c], for q = moduli[i] and each c < q the set of all u for
// which (2u)^2 - c is a square modulo q. A candidate x = x0 + 2i is 2u with u = x0/2 +
// i modulo q, so that a step adds 1 to u.
var tables = sync.OnceValue(func() (t [len(moduli)][]pattern) {
	for i, q := range moduli {
		q := int(q)
		var square [64]bool
		for z := range q {
			square[z*z%q] = true
		}
		t[i] = make([]pattern, q)
		for c := range q {
			for u := range 128 {
				if square[(4*u*u+q-c)%q] {
					t[i][c][u/64] |= 1 << (u % 64)
				}
			}
		}
	}
	return t
})
