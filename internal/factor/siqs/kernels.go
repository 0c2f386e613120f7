package siqs

import "factorfleet/internal/factor/kernels"

// The inner loops exist in Go, in AVX2 with 8 lanes of 32 bits, and in AVX-512 with 16:
//
//	function        Go                    does
//	startLanes      Sieve.startPrime      roots and steps for a new A
//	moveLanes       moveUp, moveDown      roots for a new B
//	hitsLanes       buckets.hits          roots for a new B, and hits of large primes
//	hitsAheadLanes  buckets.hitsFar       the same for 4 polynomials
//	scatterLanes    buckets.scatter       hits sorted by block
//	addLanes        addEntries            entries of a block added to it
//	sieveQuads      addHits               primes below 2048 added to a block
//	sieveMiddle     addHits               primes from 2048, and certain hits of larger ones
//	sieveLarge      schedule.addLarge     last hits of primes from 8192
//	topLanes        top                   candidates of a block
//	matchLanes      match                 primes that have a root at a position
//	findLanes       find                  entries of a position
//
// All give the same relations: TestSameRelations. The arguments are pointers, as
// assembly does not check bounds; the caller answers for the lengths, and for the words
// that a kernel may overwrite behind its result.

// hasKernels reports whether there are kernels at the level in force. At level plain,
// and on other processors than amd64, the callers use Go.
func hasKernels() bool { return kernels.Active() > kernels.Plain }

// startLeast is the number of primes that startLanes needs. A base has at least
// minPrimes-2 of them.
const startLeast = 4
