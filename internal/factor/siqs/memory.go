package siqs

import (
	"math"

	"factorfleet/internal/factor/gf2"
)

// Bytes for each prime of the base in a Sieve.
const (
	baseBytes   = 4 + 4 + 1 + 8 + 4 + 4 // prime, root, logp, recip, inverse, maxQuotient
	liftedBytes = 4
	rootBytes   = 4*4 + 4   // root1, root2, work1, work2; zeroStep
	restBytes   = 1 + 4 + 4 // logp, blockMod, matched
)

// Bytes for each relation in a Set. Slices grow by a quarter, hash tables to at most 8
// slots for each element.
const (
	entryBytes  = 48 * 5 / 4 // entries
	primesBytes = 35 * 5 / 4 // primes
	seenBytes   = 8 * 4      // seen
	vertexBytes = 8*4 + 16   // graph: slots; prime and parent, of at most one new large prime a relation
)

// Memory bounds the bytes that the work on the number of p takes:
//
//   - sieve for each Sieve, hence for each core;
//   - set for the Set that accumulates relations;
//   - solve for the linear algebra on top of set, for a short while and without any
//     helper's sieve.
//
// With F primes, s primes of A, m members of both pools and R = 4/3*ExpectedRelations
// relations:
//
//	sieve = 5/4 * ( F*(base + lifted + 4m)                shared; 4m: inverses
//	              + F*(roots + rest + 4s)                 4s: step
//	              + polysPerFill*2M*8                     bucket entries
//	              + 2^18 )                                block, found, binomials, cofactors
//	set   = R*(entry + primes + seen + vertex) + 2^16
//	solve = R*36*5/4 + gf2.Memory(F + 16*extraCycles, F, w*(F + 16*extraCycles))
//
// The factor 5/4 is for what resize and append leave unused. A bucket entry takes 4
// bytes, and for each position there is room for at most 0.72 entries, 0.9 after resize;
// 8 bytes leave room for a base that is replaced. w bounds the mean number of 1s in a
// row: a cycle has one to six relations, each with some twenty odd exponents.
func (p *Params) Memory() (sieve, set, solve uint64) {
	primes := uint64(p.Primes)
	sieve = primes * (rootBytes + restBytes + 4*uint64(p.Factors))
	sieve += polysPerFill*8*uint64(p.Interval) + 1<<18
	sieve += sieve/4 + p.SharedMemory()

	relations := uint64(p.ExpectedRelations()) * 4 / 3
	set = relations*(entryBytes+primesBytes+seenBytes+vertexBytes) + 1<<16

	entries := 30
	if p.Double > 0 {
		entries = 60
	}
	rows := int(primes) + 16*extraCycles
	const forestBytes = 8 + 8 + 5*4 // ends; edges; first, parentEdge, depth, queue, and the cycles
	solve = relations*forestBytes*5/4 + gf2.Memory(rows, int(primes), entries*rows)
	return sieve, set, solve
}

// SharedMemory bounds the bytes of a Shared. They are part of what Memory returns for a
// Sieve: each of several sieves that use one Shared takes that much less.
func (p *Params) SharedMemory() uint64 {
	pools := uint64(p.PoolA[1]-p.PoolA[0]+p.PoolB[1]-p.PoolB[0])/2 + 2
	shared := uint64(p.Primes) * (baseBytes + liftedBytes + 4*pools)
	return shared + shared/4
}

// ExpectedRelations estimates the relations that are needed. Their number grows in
// proportion to time, which the number of cycles does not, so that it serves to report
// progress. The estimate is within a fifth from 96 bits on. It is fitted to
// measurements:
//
//	one large prime    F*(2.8 + log2(max(F/150, 1))/2)
//	two                F*(8 + 1.6*(room-6.5) + 1.3*max(log2(F/2^16), 0)),  room = log2(Double/P^2)
//
// The more room there is above P, the more often a large prime occurs only once: 7.9
// relations for each prime of the base at a room of 6.4 bits (265 bits), 9.3 at 7.3
// (281), 10.4 to 11.3 at 8.2 (297). The last term is for large bases: 12.4 at 8.4 (314
// bits, F = 120000); 13.8 at 338 and 348 bits and 14.8 at 359 by the cycleModel of the
// tests, against 13.3, 14.0 and 14.7 here. The result is between F and 80F also for
// parameters that NewParams would not choose.
func (p *Params) ExpectedRelations() int {
	primes := float64(p.Primes)
	if p.Double > 0 {
		room := math.Log2(float64(p.Double)) - 2*math.Log2(nthPrime(2*primes))
		return int(primes * max(8+1.6*(room-6.5)+1.3*max(math.Log2(primes/(1<<16)), 0), 1))
	}
	return int(primes * (2.8 + math.Log2(max(primes/150, 1))/2))
}

// nthPrime returns about the n-th prime. Half of the primes are in a base, so that P is
// about nthPrime(2F).
func nthPrime(n float64) float64 { return n * (math.Log(n) + math.Log(math.Log(n)) - 1) }
