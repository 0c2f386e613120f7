package siqs

import "math"

// Memory bounds the bytes that the work on the number of p takes: sieve for each
// Sieve, set for the Set that accumulates relations, and solve for the linear algebra
// on top of it, for a short while. The last two are for as many relations as have ever
// been needed for numbers like this, and a half more.
func (p *Params) Memory() (sieve, set, solve uint64) {
	primes := uint64(p.Primes)
	pool := uint64(p.PoolA[1]-p.PoolA[0]+p.PoolB[1]-p.PoolB[0])/2 + 2
	// Of each prime: the base, its roots twice, standing, what the kernels need, steps, inverses.
	sieve = primes * (25 + 16 + 4 + 9 + 4*uint64(p.Factors) + 4*pool)
	sieve += ahead*8*uint64(p.Interval) + 1<<18 // buckets: less than one hit of large primes for two positions
	// resize and append leave a quarter unused.
	sieve += sieve / 4

	relations := 9 * primes
	if p.Double > 0 {
		relations = 13 * primes
	}
	// An entry, its primes, its slots in the hash tables, its large primes; each grown by
	// doubling or more.
	set = relations*(48*5/4+35*5/4+32+48) + 1<<16

	// Rows of the matrix and what the filter makes of them; then the dense matrix.
	dense := primes
	if primes >= 1000 {
		dense = primes * 45 / 100
	}
	solve = primes*2000 + dense*dense*5/32 + 64*dense + 1<<16
	return sieve, set, solve
}

// ExpectedRelations returns about how many relations are needed: progress in
// proportion to time, which the cycles of a Set are not. It is within a tenth or two from 96 bits
// on.
func (p *Params) ExpectedRelations() int {
	primes := float64(p.Primes)
	if p.Double > 0 {
		return int(8.3 * primes)
	}
	return int(primes * (2.8 + math.Log2(max(primes/150, 1))/2))
}
