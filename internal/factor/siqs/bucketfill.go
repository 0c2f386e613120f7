package siqs

// pair replaces the roots of the far primes at the start of a coefficient: root1
// becomes one of the two roots and root2 becomes a distance d, such that the other root
// is root1 - d modulo p. The distance is the same for all polynomials of the
// coefficient, so that only root1 has to be moved.
//
// The two possible distances add up to p; d is the smaller one, d <= p/2. If root1-d is
// negative, the other root is
//
//	root1 - d + p >= p/2 >= interval,  as p >= 2*interval for far primes,
//
// so it does not hit. Hence root1-d, as an unsigned number, is below the interval
// exactly if the other root hits: no correction modulo p is needed.
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

// fill applies the switches one after the other to the roots of the large primes, and
// puts the hits after switch k into the buckets of polynomial k. The roots of the far
// primes are as pair leaves them.
func (b *buckets) fill(prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	clear(b.count)
	for g := range b.groups {
		copy(b.starts[g], b.count)
		b.fillGroup(&b.groups[g], prime, root1, root2, switches)
	}
	copy(b.starts[len(b.groups)], b.count)
}

// fillGroup is fill for the primes of a group, in parts whose hits fit in found.
//
// Whether a root hits cannot be predicted, so that a branch for each root would cost
// more than all the rest. A first pass writes every position to found and moves on only
// after those that hit. A second pass sorts the hits by block.
func (b *buckets) fillGroup(g *group, prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	for from := g.first; from < g.end; {
		trips := b.interval() / prime[from]
		to := min(g.end, from+hitRoom/2/int(trips+1))
		if from < b.far {
			to = min(to, b.far)
		}
		b.fillPart(g, from, to, int(trips), prime, root1, root2, switches)
		from = to
	}
}

// fillPart is fill for the primes of the group with indices from..to-1, of which there
// are at most hitRoom/2/(trips+1). trips is the number of whole periods of the smallest
// prime in the interval, so that a root hits at most trips+1 times.
func (b *buckets) fillPart(g *group, from, to, trips int, prime, root1, root2 []uint32, switches *[polysPerFill]polySwitch) {
	var hits [polysPerFill]int
	switch {
	case hasKernels() && from >= b.far:
		up := 0
		for k := range switches {
			up |= b2i(switches[k].up) << k
		}
		// Switches 1 and 3 have the same step: the numbers 4q+1 and 4q+3 are odd.
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
