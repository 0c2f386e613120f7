package gf2

import (
	"math/bits"
	"slices"
)

// A pair is a row of two blocks side by side.
type pair [2]vec

func (z *pair) add(x *pair) {
	z[0].add(&x[0])
	z[1].add(&x[1])
}

func (z *pair) at(i int) bool { return z[i/width].at(i % width) }
func (z *pair) flip(i int)    { z[i/width].flip(i % width) }

// first returns the index of the lowest bit that is set, 2*width if there is none.
func (z *pair) first() int {
	if z[0] != (vec{}) {
		return z[0].first()
	}
	return width + z[1].first()
}

// dot returns the number of bits in both, modulo 2.
func (z *pair) dot(x *pair) int {
	a, b := z[0].and(x[0]), z[1].and(x[1])
	return bits.OnesCount64(a.lo^a.hi^b.lo^b.hi) % 2
}

// An echelon is a basis of a space of pairs: row[i] is zero or has bit i as its lowest.
type echelon struct {
	row  [2 * width]pair
	rank int
}

// insert adds x to what the basis spans, and reports whether it was not in it.
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

// kernel returns a basis of the pairs that are orthogonal to all of e.
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

// solutions returns a word for each row of B, of which each of the lowest count bits is
// a vector x with B*x = 0, all independent of each other. Requires that run has come to
// an end.
func (l *lanczos) solutions() (x []uint64, count int, err error) {
	image, own, err := l.spaces()
	if err != nil {
		return nil, 0, err
	}
	// Combinations u of X-Y and V[m]: those with a zero image, but for those that are zero.
	var known echelon
	for _, u := range own.kernel() {
		known.insert(u)
	}
	var c [2]square // their columns are the u
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

// spaces returns what the rows of X-Y and V[m] side by side span, and those of their images.
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

// insertAll inserts the rows of the blocks x and y.
func (e *echelon) insertAll(x, y []vec, p *workMeter) error {
	for i := range x {
		e.insert(pair{x[i], y[i]})
		if err := p.spend(width); err != nil {
			return err
		}
	}
	return nil
}
