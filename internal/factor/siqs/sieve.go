package siqs

import (
	"encoding/binary"
	"math/bits"
)

// A Sieve finds the relations of one number after the other. It keeps its memory
// for the next number. It is not for concurrent use.
type Sieve struct {
	params Params
	base   factorBase
	pools  pools
	poly   polynomial
	half   int32 // half the interval: position i stands for x = i-half

	// Of each prime p of the base but those of the coefficient, at index i:
	// Q(x) = 0 mod p exactly for the positions root1[i], root2[i] mod p, both below p.
	// For the primes of the coefficient both are noRoot or a little less. Those of the large primes
	// are of the last polynomial that the buckets are filled for, and those of the far ones are as
	// buckets.pair leaves them.
	root1, root2 []uint32
	work1, work2 []uint32   // the same, counted from the block that is being sieved
	step         [][]uint32 // step[j][i] = 2*terms[j]/D mod prime[i]
	inverses     [][]uint32 // inverses[slot][i] = 1/p or 1/(2p) mod prime[i], by shift, for the p in that slot of the pools
	lifted       []uint32   // root of the base, with shift times 2^(s-1), s the primes of a coefficient
	prefix       []uint32   // scratch of fillInverses

	buckets buckets
	matched []uint32 // scratch of match: as many as primes, and 16 that kernels overwrite

	schedule schedule
	logp     []uint8  // of the base, but 0 for the primes of the coefficient
	blockMod []uint32 // blockSize modulo the primes to sieve with; if there are more blocks than one

	uselessSizes [3]int // see hopeless

	block []uint8 // with blockPad more
	blank []uint8 // a piece of a block without hits, blankSize

	rel       Relation
	cofactors cofactorBatch
	emit      func(*Relation) bool
	Stats     Stats
}

// Stats count the work of a Sieve.
type Stats struct {
	Coefficients, Polys   int
	Candidates, Divided   int // positions above the threshold, and after the small primes
	Full, Partial, Double int
}

// noRoot is a root that no position reaches: a coefficient has at most 2^15
// polynomials, and each moves it by less than maxFactor = 2^13, hence by less than 2^28
// in all, downwards.
const noRoot = 1<<31 - 1

// blankSize divides blockSize. A blank of a whole block would push that out of the first level cache.
const blankSize = 1 << 12

// startBlock fills the block with the value from which hits, at most 127 above the
// threshold in all, lead to a byte of 128 or more exactly where the threshold is
// reached. The primes of a value below 2^213 that are sieved with have no larger sum.
func (s *Sieve) startBlock(block []uint8) {
	for len(block) > 0 {
		block = block[copy(block, s.blank):]
	}
}

// sievePoly sieves the whole interval of the polynomial and reports the candidates.
// It returns false if emit did.
func (s *Sieve) sievePoly() bool {
	s.Stats.Polys++
	s.startWork()
	for start := uint32(0); start < s.params.Interval; start += blockSize {
		block := s.sieveBlockAt(start)
		if !s.scan(block, start) {
			return false
		}
	}
	return true
}

// startWork sets the roots for the first block. For the primes of the coefficient, which
// have the logarithm 0, they are as good as any others below them.
func (s *Sieve) startWork() {
	low, high := int(s.params.Small), s.buckets.first
	copy(s.work1[low:high], s.root1[low:high])
	copy(s.work2[low:high], s.root2[low:high])
	for _, i := range s.poly.factors {
		s.work1[i], s.work2[i] = 0, 0
	}
}

// sieveBlockAt sieves the block that begins at the position start, the blocks before it
// having been sieved, and returns it.
func (s *Sieve) sieveBlockAt(start uint32) []uint8 {
	low, high := int(s.params.Small), s.buckets.first
	block := s.block[:min(blockSize, s.params.Interval-start)]
	s.startBlock(block)
	prime, work1, work2 := s.base.prime, s.work1, s.work2
	if low < high {
		s.schedule.sieve(block, prime, work1, work2, s.logp)
		if s.params.Interval > start+blockSize {
			move(prime[low:high], work1[low:high], work2[low:high], s.blockMod[low:high], false)
		}
	}
	if len(s.buckets.groups) > 0 {
		s.buckets.add((*[blockSize]uint8)(block), s.buckets.number(s.poly.number, start))
	}
	return block
}

// scan reports all positions of the block that begins at start whose byte is 128 or
// more.
func (s *Sieve) scan(block []uint8, start uint32) bool {
	for i := 0; ; {
		if i = s.top(block, i); i == len(block) {
			return true
		}
		for end := i + 64; i < end; i += 8 {
			for tops := binary.LittleEndian.Uint64(block[i:]) & topBits; tops != 0; tops &= tops - 1 {
				at := i + bits.TrailingZeros64(tops)/8
				if !s.candidate(start+uint32(at), block[at]-s.blank[0]) {
					return false
				}
			}
		}
	}
}

// top returns the first multiple of 64 from i on at which there are 64 bytes with one of 128 or
// more, or the length of the block. That is a multiple of 64, as i is.
func (s *Sieve) top(block []uint8, i int) int {
	if hasKernels() && i < len(block) {
		return topLanes(&block[0], i, len(block))
	}
	return top(block, i)
}

// topBits are the highest bits of eight bytes.
const topBits = 0x8080808080808080

func top(block []uint8, i int) int {
	for ; i+64 <= len(block); i += 64 {
		b := block[i : i+64 : i+64]
		or := uint64(0)
		for j := 0; j < 64; j += 32 {
			b := b[j : j+32 : j+32]
			or |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
				binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		}
		if or&topBits != 0 {
			break
		}
	}
	return i
}
