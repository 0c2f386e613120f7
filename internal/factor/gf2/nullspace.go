package gf2

import (
	"math/bits"
	"slices"
)

// A pair is a row of two blocks side by side, 2*width bits: columns 0..width-1 are
// those of X-Y, the others those of V[m].
type pair [2]vec

// add sets z += x.
func (z *pair) add(x *pair) {
	z[0].add(&x[0])
	z[1].add(&x[1])
}

// at reports whether bit i is set, and flip changes it, 0 <= i < 2*width.
func (z *pair) at(i int) bool { return z[i/width].at(i % width) }
func (z *pair) flip(i int)    { z[i/width].flip(i % width) }

// first returns the index of the lowest bit that is set, 2*width if there is none.
func (z *pair) first() int {
	if z[0] != (vec{}) {
		return z[0].first()
	}
	return width + z[1].first()
}

// dot returns the inner product: the number of bits that are in both, modulo 2.
func (z *pair) dot(x *pair) int {
	a, b := z[0].and(x[0]), z[1].and(x[1])
	return bits.OnesCount64(a.lo^a.hi^b.lo^b.hi) % 2
}

// Z = [X-Y | V[m]] has 2*width columns, so that combinations of its columns are pairs,
// and a space of such combinations has a rank of 256 at most: elimination of all rows
// of Z and of B*Z takes little time beside block Lanczos.

// An echelon is a basis of a space of pairs, of rank at most 2*width: row[i] is zero,
// or its lowest bit is bit i.
type echelon struct {
	row  [2 * width]pair
	rank int
}

// insert adds x to the space, and reports whether it was not in it.
func (e *echelon) insert(x pair) bool {
	for e.rank < len(e.row) && x != (pair{}) {
		i := x.first()
		if e.row[i] == (pair{}) {
			e.row[i] = x
			e.rank++
			return true
		}
		x.add(&e.row[i])
	}
	return false
}

// kernel returns a basis of the pairs that are orthogonal to all of e. For each bit
// without a row there is one: it has that bit, no other bit without a row, and the bits
// of the rows are determined from the highest down.
func (e *echelon) kernel() []pair {
	var basis []pair
	for free := range e.row {
		if e.row[free] != (pair{}) {
			continue
		}
		var u pair
		u.flip(free)
		for i := free - 1; i >= 0; i-- {
			if e.row[i].dot(&u) == 1 {
				u.flip(i)
			}
		}
		basis = append(basis, u)
	}
	return basis
}

// solutions returns a word for each row of the core. Each of the lowest count bits, at
// most 64, is a vector x with B*x = 0. All are independent of each other. Requires that
// run has ended.
//
// With Z = [X-Y | V[m]], a matrix with 2*width columns, it looks for combinations u of
// columns with
//
//	B*(Z*u) = 0  and  Z*u != 0.
//
// The first holds if u is orthogonal to all rows of B*Z. The u with Z*u = 0 are
// orthogonal to all rows of Z; they are inserted into known first, so that only u that
// are independent modulo these are taken.
func (l *lanczos) solutions() (x []uint64, count int, err error) {
	image, own, err := l.spaces()
	if err != nil {
		return nil, 0, err
	}
	var known echelon
	for _, u := range own.kernel() {
		known.insert(u)
	}
	var c [2]square // column i is the i-th u: c[0] has its rows for X-Y, c[1] those for V[m]
	for _, u := range image.kernel() {
		if count < 64 && known.insert(u) {
			for j := range 2 * width {
				if u.at(j) {
					c[j/width][j%width].flip(count)
				}
			}
			count++
		}
	}
	// x = Z*c, in the lower word of av.
	clear(l.av)
	t := &l.parts[0].table
	t.addProduct(l.av, l.x, &c[0])
	t.addProduct(l.av, l.v[0], &c[1])
	x = make([]uint64, len(l.av))
	for r := range x {
		x[r] = l.av[r].lo
	}
	return x, count, nil
}

// spaces returns the spaces that the rows of B*Z and of Z span, see solutions, or the
// error of alive.
func (l *lanczos) spaces() (image, own echelon, err error) {
	if err := l.image(l.x); err != nil {
		return image, own, err
	}
	light, heavy := slices.Clone(l.parts[0].light), slices.Clone(l.parts[0].heavy)
	if err := l.image(l.v[0]); err != nil {
		return image, own, err
	}
	p := workMeter{alive: l.alive}
	if err := image.insertAll(light, l.parts[0].light, &p); err != nil {
		return image, own, err
	}
	if err := image.insertAll(heavy, l.parts[0].heavy, &p); err != nil {
		return image, own, err
	}
	return image, own, own.insertAll(l.x, l.v[0], &p)
}

// insertAll inserts the rows of the blocks x and y side by side.
func (e *echelon) insertAll(x, y []vec, p *workMeter) error {
	for i := range x {
		e.insert(pair{x[i], y[i]})
		if err := p.spend(width); err != nil {
			return err
		}
	}
	return nil
}
