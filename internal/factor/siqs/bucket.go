package siqs

// polysPerFill is the number of polynomials that the buckets are filled for at a time.
// The primes and roots of a large base do not fit in the caches; they are read once for
// all of these polynomials. It is a power of 2, and hitsAheadLanes is written for 4.
const polysPerFill = 4

// buckets hold the hits of the primes above blockSize. Each root of such a prime hits a
// block at most once, and mostly not at all, so that a pass over all primes for each
// block would be wasted. One pass over the primes for the whole interval, and for
// polysPerFill polynomials, sorts the hits by block. Source: K. Aoki, H. Ueda, Sieving
// using bucket sort (2004).
//
// The blocks are numbered: block b of polynomial polysPerFill*q+k has the number
// k*blocks+b.
//
// An entry is a word of 32 bits for the hit of prime i at a position of a block:
//
//	bits 31..16   i - first, where first is that of the group of i; below groupRoom = 2^16
//	bit  15       0
//	bits 14..0    position in the block, below blockSize = 2^15
//
// So the lower half is an offset into the block. The primes of a group have one
// logarithm, and the entries of a block are in the order of the groups, which starts
// delimits: an entry needs no logarithm.
//
// A bucket that is full loses further entries. prepare gives so much room that this
// does not happen, and a lost entry could cost a relation, but never make a wrong one.
type buckets struct {
	first    int      // index of the first prime above blockSize; F if there are no buckets
	far      int      // index of the first prime of at least two intervals, see pair; F if there is none
	blocks   int      // of a polynomial
	room     uint32   // entries of a block
	stride   uint32   // words of a block: room and what kernels overwrite; an odd number of cache lines
	entries  []uint32 // of all blocks, stride words each
	count    []uint32 // hits of each block; those above room are lost
	groups   []group
	starts   [][]uint32                         // starts[g][n]: count[n] before group g; one more than groups
	zeroStep []uint32                           // a step of zero for each prime
	found    [polysPerFill][hitRoom + 16]uint32 // hits of a part of a group, before they are sorted by block
}

// A polySwitch is how the roots move from one polynomial to the next.
type polySwitch struct {
	step []uint32 // of all primes
	up   bool     // else down
}

// A group is a run of at most groupRoom primes with the same logarithm.
type group struct {
	first, end int // indices in the base
	log        uint8
}

// groupRoom bounds the primes of a group, since 16 bits of an entry number them.
const groupRoom = 1 << 16

// prepare makes the buckets for a base and an interval. There are none for a single
// block, or if the base has no prime above blockSize.
//
// A block has on average
//
//	h = sum of 2*blockSize/p over the primes of the buckets
//
// hits, since each p has two roots. They are spread as at random, with a variance below
// h. The room is 1.05h + 512, which is more than h + 6*sqrt(h) for all h: 0.05h -
// 6*sqrt(h) + 512 has no zero, as 36 < 4*0.05*512. For F = 2^18, h is 13,900.
func (b *buckets) prepare(f *factorBase, interval uint32) {
	b.first, b.far, b.blocks = len(f.prime), len(f.prime), int(interval/blockSize)
	b.groups = b.groups[:0]
	if b.blocks < 2 || f.largest() < blockSize {
		return
	}
	b.first, b.far = f.index(blockSize), f.index(2*float64(interval))
	hits := 0.0
	for i := b.first; i < len(f.prime); i++ {
		hits += 2 * blockSize / float64(f.prime[i])
		if n := len(b.groups); n == 0 || f.logp[i] != f.logp[i-1] || i == b.groups[n-1].first+groupRoom {
			b.groups = append(b.groups, group{first: i, log: f.logp[i]})
		}
		b.groups[len(b.groups)-1].end = i + 1
	}
	// With hitRoom more the kernels need not check the room for each hit: see scatter.
	b.room = uint32(1.05*hits) + 512 + hitRoom
	b.stride = (b.room+48)&^31 + 16
	b.entries = resize(b.entries, polysPerFill*b.blocks*int(b.stride))
	b.count = resize(b.count, polysPerFill*b.blocks)
	for len(b.starts) <= len(b.groups) {
		b.starts = append(b.starts, nil)
	}
	for g := range b.starts {
		b.starts[g] = resize(b.starts[g], polysPerFill*b.blocks)
	}
	b.zeroStep = resize(b.zeroStep, len(f.prime))
	clear(b.zeroStep)
}
