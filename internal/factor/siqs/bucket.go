package siqs

import "slices"

// polysPerFill is how many polynomials the buckets are filled for at a time: the primes and roots are
// more than the caches hold, and are read once for all of them.
const polysPerFill = 4

// buckets hold the hits of the primes above blockSize, block by block, so that a
// pass over all primes for the whole interval replaces one for each block. They do so
// for the polynomials ahead*q to ahead*q+ahead-1 at a time.
//
// An entry is (i-first)<<16 | position in the block, where i is the index of the prime and first
// that of its group, i < first + groupRoom. The position takes 15 bits, and bit 15 is 0: the lower
// half of an entry is an address. Entries are in the order of the groups.
type buckets struct {
	first    int      // index of the first prime above blockSize; the last index + 1 if there are no buckets
	far      int      // index of the first prime of two intervals or more, see pair; the last index + 1 if there is none
	blocks   int      // of a polynomial: its block b of polynomial ahead*q+k has the number k*blocks+b
	room     uint32   // for entries of a block
	stride   uint32   // room and what kernels overwrite; an odd number of cache lines
	entries  []uint32 // of all blocks, stride each
	count    []uint32 // of entries by block; those above the room are lost
	groups   []group
	starts   [][]uint32                         // starts[g][b]: count[b] before group g; one more than groups
	zeroStep []uint32                           // a step of zero
	found    [polysPerFill][hitRoom + 16]uint32 // results of kernels, which overwrite 16 more
}

// A polySwitch is how the roots move from one polynomial to the next.
type polySwitch struct {
	step []uint32 // of all primes
	up   bool     // else down
}

// A group is a run of at most groupRoom primes with the same logarithm.
type group struct {
	first, end int // indices
	log        uint8
}

// groupRoom is the room for primes of a group: the index in it has the upper half of an entry.
const groupRoom = 1 << 16

// prepare makes the buckets for a base and an interval; for one block there are none.
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
	// Hits are spread at random: the mean and a lot more than six deviations, and for the kernels
	// room for all hits of the last part.
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

// pair replaces the roots of the far primes at the start of a coefficient: root1 becomes one of
// them and root2 their distance, such that root1 - root2 is the other one modulo the prime. The
// distance is the same for all polynomials, so that only root1 has to be moved.
//
// Of the two distances, whose sum is the prime p, it is the lesser. So where root1 - root2 is
// negative the other root, root1 - root2 + p >= p/2, is behind the interval: root1 - root2 as an
// unsigned number is below the interval exactly if the other root is.
func (b *buckets) pair(prime, root1, root2 []uint32) {
	for i := b.far; i < len(prime); i++ {
		p, x, y := prime[i], root1[i], root2[i]
		d := min(x-y, x-y+p)
		if p-d < d {
			root1[i], d = y, p-d
		}
		root2[i] = d
	}
}

// fill makes the switches of the roots of the large primes one after the other, and puts all their
// hits after turn k into the buckets of polynomial k. The roots of the far primes are as pair leaves
// them.
func (b *buckets) fill(prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	clear(b.count)
	for g := range b.groups {
		copy(b.starts[g], b.count)
		b.fillGroup(&b.groups[g], prime, root1, root2, switches)
	}
	copy(b.starts[len(b.groups)], b.count)
}

// fillGroup is fill for the primes of a group.
//
// Whether a root hits is a coin toss that no branch predictor wins. So a first pass
// writes down all positions that may be hits, and moves on only after those that are; a second
// pass puts them into the buckets.
func (b *buckets) fillGroup(g *group, prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	for from := g.first; from < g.end; {
		trips := b.interval() / prime[from] // a root hits at most once more
		to := min(g.end, from+hitRoom/2/int(trips+1))
		if from < b.far {
			to = min(to, b.far)
		}
		b.fillPart(g, from, to, int(trips), prime, root1, root2, switches)
		from = to
	}
}

// fillPart is fill for the primes of the group from one index to another, hitRoom/2/(trips+1) at most.
func (b *buckets) fillPart(g *group, from, to, trips int, prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	var hits [polysPerFill]int
	switch {
	case hasKernels() && from >= b.far:
		up := 0
		for k := range switches {
			up |= b2i(switches[k].up) << k
		}
		// Turns 1 and 3 are made by the same step.
		hitsAheadLanes(&prime[from], &root1[from], &root2[from], &switches[0].step[from], &switches[1].step[from], &switches[2].step[from],
			to-from, up, int(b.interval()), &b.found[0][0], &hits[0])
	case hasKernels():
		sure := int(b.interval() / prime[to-1])
		for k, t := range switches {
			hits[k] = hitsLanes(&prime[from], &root1[from], &root2[from], &t.step[from], to-from, b2i(t.up), trips, sure, int(b.interval()), &b.found[k][0])
		}
	case from >= b.far:
		for k, t := range switches {
			hits[k] = b.hitsFar(&b.found[k], prime[from:to], root1[from:to], root2[from:to], t.step[from:to], t.up)
		}
	default:
		for k, t := range switches {
			hits[k] = b.hits(&b.found[k], prime[from:to], root1[from:to], root2[from:to], t.step[from:to], t.up, trips)
		}
	}
	id := uint32(from-g.first) << 16
	for k, n := range hits {
		b.scatter(k, n, id)
	}
}

// interval returns how many positions a polynomial has.
func (b *buckets) interval() uint32 { return uint32(b.blocks) * blockSize }

// hitRoom is the room for hits of a polynomial between the passes.
const hitRoom = 1 << 13

// hits moves the roots and writes i<<20 | position into found for each hit of
// prime[i]. It returns how many there are. Requires at most hitRoom/2/(trips+1) primes, hence
// 2^12, trips the most whole periods of one in the interval.
//
// Moving up by a step is moving down by the rest to the prime. All positions are
// below interval + prime[i] < 2^31, hence position - interval is negative, 1<<31 set, exactly for a hit.
func (b *buckets) hits(found *[hitRoom + 16]uint32, prime, root1, root2, step []uint32, up bool, trips int) int {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	interval, n := b.interval(), uint32(0)
	for i, p := range prime {
		d := step[i]
		if up {
			d = p - d
		}
		x, y := root1[i]-d, root2[i]-d
		x, y = min(x, x+p), min(y, y+p)
		root1[i], root2[i] = x, y
		key := uint32(i) << 20
		for t := trips; ; t-- {
			found[n%hitRoom] = key | x
			n += (x - interval) >> 31
			found[n%hitRoom] = key | y
			n += (y - interval) >> 31
			if t == 0 {
				break
			}
			x += p
			y += p
		}
	}
	return int(n)
}

// hitsFar is hits for at most 2^12 far primes, of which it moves root1.
func (b *buckets) hitsFar(found *[hitRoom + 16]uint32, prime, root1, root2, step []uint32, up bool) int {
	root1, root2, step = root1[:len(prime)], root2[:len(prime)], step[:len(prime)]
	interval, n := b.interval(), uint32(0)
	for i, p := range prime {
		d := step[i]
		if up {
			d = p - d
		}
		x := root1[i] - d
		x = min(x, x+p)
		root1[i] = x
		y := x - root2[i]
		key := uint32(i) << 20
		found[n%hitRoom] = key | x
		n += uint32(b2i(x < interval))
		found[n%hitRoom] = key | y
		n += uint32(b2i(y < interval))
	}
	return int(n)
}

// scatter puts the hits of polynomial k into its buckets, id being the entry of the first prime at position 0.
func (b *buckets) scatter(k, hits int, id uint32) {
	if hits == 0 {
		return
	}
	count, entries := b.count[k*b.blocks:][:b.blocks], b.entries[k*b.blocks*int(b.stride):]
	room, stride := b.room, b.stride
	if hasKernels() && slices.Max(count)+uint32(hits) <= room {
		scatterLanes(&b.found[k][0], hits, &count[0], b.blocks, &entries[0], int(stride), int(id))
		return
	}
	for _, e := range b.found[k][:hits] {
		position := e & (maxInterval - 1)
		at := position / blockSize
		c := count[at]
		entries[at*stride+min(c, room)] = id + e>>20<<16 | position%blockSize
		count[at] = c + 1
	}
}

// number returns that of the block which has the position of the polynomial with the number n.
func (b *buckets) number(n, position uint32) int {
	return int(n%polysPerFill)*b.blocks + int(position/blockSize)
}

// block returns the entries of block number n from start to end, which may be
// more than there is room for.
func (b *buckets) block(n int, start, end uint32) []uint32 {
	return b.entries[n*int(b.stride):][min(start, b.room):min(end, b.room)]
}

// add adds the logarithms of the entries of block number n to the block.
func (b *buckets) add(block *[blockSize]uint8, n int) {
	for g := range b.groups {
		entries := b.block(n, b.starts[g][n], b.starts[g+1][n])
		if hasKernels() && len(entries) > 0 {
			addLanes(&block[0], &entries[0], len(entries), b.groups[g].log)
		} else {
			addEntries(block, entries, b.groups[g].log)
		}
	}
}

func addEntries(block *[blockSize]uint8, entries []uint32, log uint8) {
	for _, e := range entries {
		block[e%blockSize] += log
	}
}

// divide divides r by the large primes that hit the position of the polynomial with the number, in
// the order of their indices.
func (b *buckets) divide(r *remainder, f *factorBase, number, position uint32) {
	if len(b.groups) == 0 {
		return
	}
	n, offset := b.number(number, position), position%blockSize
	entries := b.block(n, 0, b.count[n])
	for from := 0; from < len(entries); from += hitRoom {
		part := entries[from:min(len(entries), from+hitRoom)]
		var found []uint32
		if hasKernels() {
			found = b.found[0][:findLanes(&part[0], len(part), int(offset), &b.found[0][0])]
		} else {
			found = find(b.found[0][:0], part, offset)
		}
		g := 0 // places ascend, and so do groups
		for k, at := range found {
			for uint32(from)+at >= b.starts[g+1][n] {
				g++
			}
			found[k] = uint32(b.groups[g].first) + part[at]>>16
		}
		slices.Sort(found) // as they come without lanes, but for parts
		for _, i := range found {
			r.divide(f, int(i))
		}
	}
}

// find appends to dst the places of the entries that have the offset.
func find(dst, entries []uint32, offset uint32) []uint32 {
	for at, e := range entries {
		if e%blockSize == offset {
			dst = append(dst, uint32(at))
		}
	}
	return dst
}
