package siqs

import (
	"math"

	"factorfleet/internal/factor/gf2"
)

// Memory bounds the bytes that the work on the number of p takes: sieve for each
// Sieve, set for the Set that accumulates relations, and solve for the linear algebra
// on top of it, for a short while. The last two are for a third more relations than are expected.
func (p *Params) Memory() (sieve, set, solve uint64) {
	primes := uint64(p.Primes)
	pool := uint64(p.PoolA[1]-p.PoolA[0]+p.PoolB[1]-p.PoolB[0])/2 + 2
	// Of each prime: the base, its roots twice, its lifted root, standing, what the kernels need, steps, inverses.
	sieve = primes * (25 + 20 + 4 + 9 + 4*uint64(p.Factors) + 4*pool)
	sieve += polysPerFill*8*uint64(p.Interval) + 1<<18 // buckets: less than one hit of large primes for two positions
	// resize and append leave a quarter unused.
	sieve += sieve / 4

	// An entry, its primes, its slots in the hash tables, its large primes; each grown by
	// doubling or more.
	relations := uint64(p.ExpectedRelations()) * 4 / 3
	set = relations*(48*5/4+35*5/4+32+48) + 1<<16

	// The forest and the cycles; the matrix and all that gf2 makes of it.
	entries := 30 // of a row; a cycle is of one to six relations, some twenty odd exponents each
	if p.Double > 0 {
		entries = 60
	}
	rows := int(primes) + 16*extraCycles
	solve = relations*(8+8+5*4)*5/4 + gf2.Memory(rows, int(primes), entries*rows)
	return sieve, set, solve
}

// ExpectedRelations returns about how many relations are needed: progress in
// proportion to time, which the cycles of a Set are not. It is within a tenth or two from 96 bits
// on.
//
// With two large primes it grows with the room that they have above the base: 7.9 for each prime of the
// base at 6.4 bits of room (265 bits), 9.3 at 7.3 (281), 10.4 to 11.3 at 8.2 (297); and with the base
// itself, 12.4 at 8.4 (314 bits, 120000 primes).
func (p *Params) ExpectedRelations() int {
	primes := float64(p.Primes)
	if p.Double > 0 {
		room := math.Log2(float64(p.Double)) - 2*math.Log2(nthPrime(2*primes))
		return int(primes * (8 + 1.6*(room-6.5) + 1.3*max(math.Log2(primes/(1<<16)), 0)))
	}
	return int(primes * (2.8 + math.Log2(max(primes/150, 1))/2))
}

// nthPrime returns about the n-th prime: half of the primes are in a base.
func nthPrime(n float64) float64 { return n * (math.Log(n) + math.Log(math.Log(n)) - 1) }
