package siqs

import "slices"

// number returns the number of the block that has the position of polynomial n.
func (b *buckets) number(n, position uint32) int {
	return int(n%polysPerFill)*b.blocks + int(position/blockSize)
}

// block returns the entries start..end-1 of block number n, without those that were
// lost.
func (b *buckets) block(n int, start, end uint32) []uint32 {
	return b.entries[n*int(b.stride):][min(start, b.room):min(end, b.room)]
}

// add adds the logarithms of all entries of block number n to the block: one of the
// group for each entry.
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

// addEntries adds log to the block at the position of each entry. The masks replace a
// check of bounds.
func addEntries(block *[blockSize]uint8, entries []uint32, log uint8) {
	for _, e := range entries {
		block[e%blockSize] += log
	}
}

// divide divides r by the primes that have an entry for the position of polynomial
// number.
//
// Kernels leave the entries of a block in another order than Go does. So the indices
// found are sorted, and a relation lists its primes in the same order at each level of
// kernels. Only a block of more than hitRoom entries is searched in several parts,
// whose order may differ.
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
		g := 0 // the indices in found ascend, and so do the groups
		for k, at := range found {
			for uint32(from)+at >= b.starts[g+1][n] {
				g++
			}
			found[k] = uint32(b.groups[g].first) + part[at]>>16
		}
		slices.Sort(found)
		for _, i := range found {
			r.divide(f, int(i))
		}
	}
}

// find appends to dst the indices of the entries that have the offset, ascending.
func find(dst, entries []uint32, offset uint32) []uint32 {
	for at, e := range entries {
		if e%blockSize == offset {
			dst = append(dst, uint32(at))
		}
	}
	return dst
}
