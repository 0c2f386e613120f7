package siqs

import (
	"encoding/binary"
	"math/bits"
)

// A Sieve finds the relations of one number after the other. It keeps its memory for
// the next number. It is not for concurrent use: each goroutine has its own.
//
// Primes are treated in four classes, by their index i in the base:
//
//	1 .. Small-1                not sieved; candidates are divided by them first
//	Small .. buckets.first-1    sieved block by block: schedule
//	buckets.first .. far-1      sieved through buckets, both roots are moved
//	far .. F-1                  the same, but one root and a distance: buckets.pair
//
// Before sievePoly and until nextPoly, for each prime p = prime[i] of the first two
// classes that does not divide A, Q(x) = 0 mod p exactly for the positions root1[i] and
// root2[i] modulo p. Both are below p. The primes of A have noRoot, or a little less.
// In the last two classes the roots are those of the last polynomial that the buckets
// are filled for.
type Sieve struct {
	params Params
	base   factorBase
	pools  pools
	poly   polynomial
	half   int32 // M: position i stands for x = i-M

	root1, root2 []uint32
	work1, work2 []uint32   // the same for the block that is sieved: relative to its start, modulo p
	step         [][]uint32 // step[j][i] = 2T(j)/D mod prime[i]; 0 for the primes of A
	inverses     [][]uint32 // inverses[slot][i] = 1/q or 1/(2q) mod prime[i] for the q in that slot of the pools
	lifted       []uint32   // r(p), or r(p)*2^(s-1) mod p for D = 2A
	prefix       []uint32   // scratch of fillInverse
	shared       bool       // params, base, inverses and lifted are those of another sieve: read-only

	buckets buckets
	matched []uint32 // scratch of match: F words, and 16 that kernels overwrite

	schedule schedule
	logp     []uint8  // as in the base, but 0 for the primes of A
	blockMod []uint32 // blockSize mod p for the second class, if there are several blocks

	uselessSizes [3]int // see setUselessSizes

	block []uint8 // the block that is sieved, and blockPad bytes behind it
	blank []uint8 // blankSize bytes of 128-Candidate

	rel       Relation      // the one that is being made
	cofactors cofactorBatch // relations whose two large primes are not yet known
	emit      func(*Relation) bool
	Stats     Stats
}

// Stats count the work of a Sieve since Reset.
type Stats struct {
	Coefficients, Polys   int
	Candidates, Divided   int // positions above Candidate, and those that also reach Smooth
	Full, Partial, Double int // relations with no, one and two large primes
}

// noRoot is the root of a prime of A. No position reaches it: a coefficient has at most
// 2^15 polynomials, and each lowers it by p < maxFactor = 2^13 or leaves it (see move).
// So it stays above 2^31 - 2^28, and position mod p, which match compares it with, is
// below p.
const noRoot = 1<<31 - 1

// blankSize divides blockSize. A blank as long as a block would push the block out of
// the first level cache.
const blankSize = 1 << 12

// startBlock fills the block with 128-Candidate. After the sieve a byte is 128 -
// Candidate + S, where S is the sum of the logarithms. So bit 7 is set exactly where S
// >= Candidate, if no byte overflows:
//
//	S <= Candidate + 127.
//
// A sieved p has a logarithm of at most 1.08*log2(p) (log2(13) = 3.7 becomes 4), so
// that a value of b bits has S <= 1.08*b. TestBounds shows that the byte stays below
// 230 for all parameters of the table.
func (s *Sieve) startBlock(block []uint8) {
	for len(block) > 0 {
		block = block[copy(block, s.blank):]
	}
}

// sievePoly sieves the interval of the current polynomial block by block and examines
// the candidates. It returns false if emit did.
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

// startWork sets work1 and work2 for the first block. The primes of A get the root 0
// and have the logarithm 0: the schedule needs some root below p, and adds nothing.
func (s *Sieve) startWork() {
	low, high := int(s.params.Small), s.buckets.first
	copy(s.work1[low:high], s.root1[low:high])
	copy(s.work2[low:high], s.root2[low:high])
	for _, i := range s.poly.factors {
		s.work1[i], s.work2[i] = 0, 0
	}
}

// sieveBlockAt sieves the block that begins at position start and returns it. Requires
// that all blocks before it have been sieved, as work1 and work2 move on by a block
// each time: root - blockSize mod p.
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

// scan examines all positions of the block that begins at start whose byte is 128 or
// more, ascending. It passes the sum of the logarithms on, S = byte - (128-Candidate).
// It returns false if emit did.
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

// top returns the first multiple of 64, at least i, where one of 64 bytes is 128 or
// more. If there is none it returns the length of the block. Requires i and that length
// to be multiples of 64.
func (s *Sieve) top(block []uint8, i int) int {
	if hasKernels() && i < len(block) {
		return topLanes(&block[0], i, len(block))
	}
	return top(block, i)
}

// topBits has bit 7 of each of eight bytes.
const topBits = 0x8080808080808080

// top works like Sieve.top, without kernels.
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
