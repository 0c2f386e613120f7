package siqs

import "slices"

// interval returns 2M, the positions of a polynomial.
func (b *buckets) interval() uint32 { return uint32(b.blocks) * blockSize }

// hitRoom is the room of found for the hits of one polynomial.
const hitRoom = 1 << 13

// hits moves the roots down, or up if up is true, and writes a word for each hit of
// prime[i] to found:
//
//	bits 31..20   i, below hitRoom/2 = 2^12
//	bits 19..0    position in the interval, below maxInterval = 2^20
//
// It returns the number of hits, at most hitRoom. Requires at most hitRoom/2/(trips+1)
// primes, trips being the most whole periods of one of them in the interval.
//
// Moving up by a step is moving down by p less the step. All positions are below
// interval + p < 2^31. So position - interval has bit 31 set exactly for a hit, and n
// moves on by that bit. A position that does not hit may spoil the bits of i, but the
// next word overwrites it.
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

// hitsFar is hits for at most 2^12 far primes, each of which hits at most twice. It
// moves root1 only; root2 is the distance to the other root: see pair.
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

// scatter sorts the hits of polynomial k, which are in found[k], into its buckets. id
// is the entry of the first prime of the part at position 0, that is (from-first)<<16,
// to which the prime's number in the part is added.
//
// The kernel does not check the room. It runs only if all hits would fit even into the
// fullest block.
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
