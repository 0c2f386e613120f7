//go:build amd64 && !purego

package siqs

import "factorfleet/internal/factor/kernels"

// inAVX512 reports whether the kernels in AVX-512 run. Otherwise those in AVX2 run.
func inAVX512() bool { return kernels.Active() == kernels.AVX512 }

// startLanes works like Sieve.startPrime for count >= startLeast odd primes and so many
// factors.
func startLanes(prime, root *uint32, inverse, step *[maxFactors]*uint32, gamma *[maxFactors]uint32, factors, count, half int, root1, root2 *uint32) {
	if inAVX512() {
		startAVX512(prime, root, inverse, step, gamma, factors, count, half, root1, root2)
	} else {
		startAVX2(prime, root, inverse, step, gamma, factors, count, half, root1, root2)
	}
}

// moveLanes works like moveDown, or like moveUp if up is 1, for count primes.
func moveLanes(prime, root1, root2, step *uint32, count, up int) {
	if inAVX512() {
		moveAVX512(prime, root1, root2, step, count, up)
	} else {
		moveAVX2(prime, root1, root2, step, count, up)
	}
}

// hitsLanes works like buckets.hits for count primes, but the hits come in another
// order. At least sure <= trips periods of each prime are in the interval. It may
// overwrite 16 words after the hits.
func hitsLanes(prime, root1, root2, step *uint32, count, up, trips, sure, interval int, found *uint32) int {
	if inAVX512() {
		return hitsAVX512(prime, root1, root2, step, count, up, trips, interval, found)
	}
	return hitsAVX2(prime, root1, root2, step, count, up, trips, sure, interval, found)
}

// hitsAheadLanes works like buckets.hitsFar for count primes and four switches with the
// steps 0, 1, 2 and 1. Bit k of up is that of switch k. The hits of switch k, hits[k]
// of them, are at found + k*(hitRoom+16), in another order. It may overwrite 16 words
// after them.
func hitsAheadLanes(prime, root1, root2, step0, step1, step2 *uint32, count, up, interval int, found *uint32, hits *int) {
	if inAVX512() {
		hitsAheadAVX512(prime, root1, root2, step0, step1, step2, count, up, interval, found, hits)
	} else {
		hitsAheadAVX2(prime, root1, root2, step0, step1, step2, count, up, interval, found, hits)
	}
}

// scatterLanes works like buckets.scatter for hits > 0 and buckets with room for all of
// them, count and entries being those of the polynomial. It may overwrite 16 words
// after the entries of a block.
func scatterLanes(found *uint32, hits int, count *uint32, blocks int, entries *uint32, stride, id int) {
	if inAVX512() {
		scatterAVX512(found, hits, count, blocks, entries, stride, id)
	} else {
		scatterAVX2(found, hits, count, blocks, entries, stride, id)
	}
}

// addLanes adds log to the block at the positions of count entries.
//
//go:noescape
func addLanes(block *uint8, entries *uint32, count int, log uint8)

// matchLanes works like match for count odd primes, the first of which has the index
// first. It may overwrite 16 words after the result. Requires that both roots of a
// prime are below the prime, or both are at least noRoot - 2^28.
func matchLanes(prime, root1, root2, inverse, most *uint32, count, position, first int, out *uint32) int {
	if inAVX512() {
		return matchAVX512(prime, root1, root2, inverse, most, count, position, first, out)
	}
	return matchAVX2(prime, root1, root2, inverse, most, count, position, first, out)
}

// findLanes works like find for count entries. It may overwrite 16 words after the
// result.
func findLanes(entries *uint32, count, offset int, out *uint32) int {
	if inAVX512() {
		return findAVX512(entries, count, offset, out)
	}
	return findAVX2(entries, count, offset, out)
}

// topLanes works like top for a block of size bytes, from position from. Requires size
// and from to be multiples of 64.
func topLanes(block *uint8, from, size int) int {
	if inAVX512() {
		return topAVX512(block, from, size)
	}
	return topAVX2(block, from, size)
}

// sieveQuads adds logp[i] to 4*quads[i] bytes, prime[i] apart, from each of the two
// roots of count primes. It may write up to 4*prime[i] bytes behind the block.
//
//go:noescape
func sieveQuads(block *uint8, prime, root1, root2 *uint32, logp *uint8, quads *uint16, count int)

// sieveMiddle adds logp[i] to hits bytes, prime[i] apart, from each of the two roots of
// count primes. Requires 0 < hits <= 16. It may write up to prime[i] bytes behind the
// block.
//
//go:noescape
func sieveMiddle(block *uint8, prime, root1, root2 *uint32, logp *uint8, count, hits int)

// sieveLarge adds log at the position skip*prime[i] above each root of count primes, if
// that is within the size bytes of the block. It writes one byte behind the block, and
// 2*count+16 words of found.
func sieveLarge(block *uint8, size int, prime, root1, root2 *uint32, count, skip int, log uint8, found *uint32) {
	if inAVX512() {
		sieveLargeAVX512(block, size, prime, root1, root2, count, skip, log, found)
	} else {
		sieveLargeAVX2(block, size, prime, root1, root2, count, skip, log, found)
	}
}
