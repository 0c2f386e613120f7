package gf2

// invert chooses as many columns S as t has rank, so that the part of t in the rows and
// columns S is invertible. It sets z to the inverse of that part, with zeros outside of
// S: z = S*(S^T*t*S)^-1*S^T. It prefers columns that are not in last. Requires t to be
// symmetric; t is destroyed.
//
// It is Gauss's elimination of [t | z], where z begins as I. In a symmetric matrix of
// rank r the rows and columns of any r independent columns form an invertible part, so
// that the choice of independent columns suffices. Source: P. Montgomery, A block
// Lanczos algorithm for finding dependencies over GF(2) (1995), section 8.
//
// Before and after each column c, for the columns taken before it: column j of t is the
// unit vector j if j is chosen; row j is zero in t and z if j is not chosen. In the end
// t is the unit matrix on S, and z has become the inverse.
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
		// Column c of t is a sum of columns chosen before. Column c of z says of which.
		// It is eliminated instead, and the row, which is zero in t, is cleared.
		e.pivot(z, order[j:], c)
		t[c], z[c] = vec{}, vec{}
	}
	return chosen
}

// preferred returns the numbers of all columns, those in last at the end.
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

// An elimination is a pair of matrices, [t | z]. Each swap or addition of rows is done
// in both.
type elimination struct{ t, z *square }

// pivot makes row c the only row of m with a 1 in column c, where m is one of the pair.
// It swaps row c with the first of the given rows that has the 1, and reports whether
// there is one.
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

// clear adds row c to all other rows that have a 1 in column c of m.
func (e elimination) clear(m *square, c int) {
	for k := range m {
		if k != c && m[k].at(c) {
			e.t[k].add(&e.t[c])
			e.z[k].add(&e.z[c])
		}
	}
}
