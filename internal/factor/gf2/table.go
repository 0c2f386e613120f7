package gf2

// A table holds a vec for each value of each of the 8 bytes of a word: 8*256*16 bytes =
// 32 KiB, which fit in the first level cache. With it, a product of a block and a
// square takes 8 additions for 64 columns of a row, where bit by bit it would take 32
// on average.
type table [8][256]vec

// setSums makes t the table of a matrix of 64 rows: t[k][m] is the sum of the rows 8k+b
// for the bits b of m. The product of a word w and the matrix is the sum of t[k][byte k
// of w] over k.
func (t *table) setSums(rows *[64]vec) {
	for k := range t {
		t[k][0] = vec{}
		for b := range 8 {
			for m := range 1 << b {
				t[k][1<<b+m] = t[k][m]
				t[k][1<<b+m].add(&rows[8*k+b])
			}
		}
	}
}

// addRows adds to rows[8k+b] all t[k][m] for which m has bit b: the transpose of
// setSums. It destroys t.
//
// It takes bit 7 first. When the entries with that bit have been added to the row, they
// are added to the entry without that bit: after that 2^b entries are left for bit b.
func (t *table) addRows(rows *[64]vec) {
	for k := range t {
		for b := 7; b >= 0; b-- {
			for m := range 1 << b {
				rows[8*k+b].add(&t[k][1<<b+m])
				t[k][m].add(&t[k][1<<b+m])
			}
		}
	}
}

// half returns the word of x with the columns 64h..64h+63, h = 0 or 1.
func (x *vec) half(h int) *uint64 {
	if h == 0 {
		return &x.lo
	}
	return &x.hi
}

// addProducts adds to each z[i] the product of half h of x[i] and the matrix for which
// setSums has made t.
func (t *table) addProducts(z, x []vec, h int) {
	x = x[:len(z)]
	if hasKernels() && len(z) > 0 {
		addProductsAVX2(t, &z[0], x[0].half(h), len(z))
		return
	}
	for i := range z {
		w := *x[i].half(h)
		a, b, c, d := &t[0][w&255], &t[1][w>>8&255], &t[2][w>>16&255], &t[3][w>>24&255]
		e, f, g, h := &t[4][w>>32&255], &t[5][w>>40&255], &t[6][w>>48&255], &t[7][w>>56]
		z[i].lo ^= a.lo ^ b.lo ^ c.lo ^ d.lo ^ e.lo ^ f.lo ^ g.lo ^ h.lo
		z[i].hi ^= a.hi ^ b.hi ^ c.hi ^ d.hi ^ e.hi ^ f.hi ^ g.hi ^ h.hi
	}
}

// addInner adds each y[i] to the 8 entries of t for half h of x[i]. Then addRows makes
// rows 64h..64h+63 of x^T*y.
func (t *table) addInner(x, y []vec, h int) {
	x = x[:len(y)]
	if hasKernels() && len(y) > 0 {
		addInnerAVX2(t, x[0].half(h), &y[0], len(y))
		return
	}
	for i := range y {
		w, s := *x[i].half(h), y[i]
		t[0][w&255].add(&s)
		t[1][w>>8&255].add(&s)
		t[2][w>>16&255].add(&s)
		t[3][w>>24&255].add(&s)
		t[4][w>>32&255].add(&s)
		t[5][w>>40&255].add(&s)
		t[6][w>>48&255].add(&s)
		t[7][w>>56].add(&s)
	}
}

// addProduct sets z += x*c for blocks z and x: for each row 2*8 entries of tables. It
// overwrites t.
func (t *table) addProduct(z, x []vec, c *square) {
	for h := range 2 {
		t.setSums((*[64]vec)(c[64*h:]))
		t.addProducts(z, x, h)
	}
}

// addInnerProduct sets z += x^T*y for blocks x and y:
//
//	(x^T*y)[a] = sum of y[i] over the i for which x[i] has bit a.
//
// For each row it adds y[i] to 2*8 entries of tables, instead of to 64 rows of z on
// average. It overwrites t.
func (t *table) addInnerProduct(z *square, x, y []vec) {
	for h := range 2 {
		*t = table{}
		t.addInner(x, y, h)
		t.addRows((*[64]vec)(z[64*h:]))
	}
}
