package gf2

// invert chooses as many columns S as t has rank, so that the part of t in the rows and
// columns S can be inverted, and sets z to that inverse, with zeros outside of S. It prefers
// columns that are not in last. t must be symmetric; it is destroyed.
//
// Gauss's elimination of [t | z], where z begins as I. Source: P. Montgomery, A block Lanczos
// algorithm for finding dependencies over GF(2) (1995), section 8.
func (z *square) invert(t *square, last vec) (chosen vec) {
	*z = square{}
	z.addOne()
	order := preferred(last)
	e := elimination{t, z}
	for j, c := range order {
		if e.pivot(t, order[j:], c) {
			chosen.flip(c)
			continue
		}
		// Column c of t is a sum of those chosen. Then z has the column that says of which, and
		// that goes instead.
		e.pivot(z, order[j:], c)
		t[c], z[c] = vec{}, vec{}
	}
	return chosen
}

// preferred returns the numbers of the columns, those that are in last at the end.
func preferred(last vec) (order [width]int) {
	from, to := 0, width
	for c := range width {
		if last.at(c) {
			to--
			order[to] = c
		} else {
			order[from] = c
			from++
		}
	}
	return order
}

// An elimination is a pair of matrices of which the same rows are swapped and added.
type elimination struct{ t, z *square }

// pivot makes row c the only one with column c in m, which is one of the pair. It takes one of the
// given rows for it, and reports whether there is one.
func (e elimination) pivot(m *square, rows []int, c int) bool {
	for _, k := range rows {
		if m[k].at(c) {
			e.t[k], e.t[c] = e.t[c], e.t[k]
			e.z[k], e.z[c] = e.z[c], e.z[k]
			e.clear(m, c)
			return true
		}
	}
	return false
}

// clear adds row c to all others that have column c in m.
func (e elimination) clear(m *square, c int) {
	for k := range m {
		if k != c && m[k].at(c) {
			e.t[k].add(&e.t[c])
			e.z[k].add(&e.z[c])
		}
	}
}
