package gf2

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// bit returns entry i, j.
func (z *square) bit(i, j int) int {
	if z[i].at(j) {
		return 1
	}
	return 0
}

func randomSquare(rnd *rand.Rand) (z square) {
	for i := range z {
		z[i] = vec{rnd.Uint64(), rnd.Uint64()}
	}
	return z
}

// TestProducts compares the products with their definition.
func TestProducts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 3))
	x, y := randomSquare(rnd), randomSquare(rnd)
	y[3], y[70] = vec{}, ones
	var z, w, v square
	z.mul(&x, &y)
	w.addTransposed(&x, &y)
	p := slices.Clone(y[:])
	var scratch table
	scratch.addInnerProduct(&v, x[:], y[:])
	scratch[1][0].flip(5)
	scratch.setSums((*[64]vec)(y[:64]))
	if scratch[1][0] != (vec{}) {
		t.Error("the sum of no rows is not 0")
	}
	scratch.addProduct(p, x[:], &y)
	for i := range width {
		for j := range width {
			sum, inner := 0, 0
			for k := range width {
				sum ^= x.bit(i, k) & y.bit(k, j)
				inner ^= x.bit(k, i) & y.bit(k, j)
			}
			if z.bit(i, j) != sum || (*square)(p).bit(i, j) != sum^y.bit(i, j) || w.bit(i, j) != inner || v.bit(i, j) != inner {
				t.Fatalf("entry %d, %d: mul %d, addProduct %d, addTransposed %d, addInnerProduct %d, want %d and %d",
					i, j, z.bit(i, j), (*square)(p).bit(i, j)^y.bit(i, j), w.bit(i, j), v.bit(i, j), sum, inner)
			}
		}
	}
}

// TestInvert checks the inverse of symmetric matrices of all ranks, and which columns are
// chosen.
func TestInvert(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 4))
	for size := 0; size <= width; size += 4 {
		// B^T*B for a B of so many rows.
		var b, g square
		for i := range size {
			b[i] = vec{rnd.Uint64(), rnd.Uint64()}
		}
		g.addTransposed(&b, &b)
		last := vec{rnd.Uint64(), rnd.Uint64()}
		scratch := g
		var inverse, product square
		chosen := inverse.invert(&scratch, last)
		var columns [][]uint32
		for j := range width {
			columns = append(columns, nil)
			for i := range width {
				if g.bit(i, j) == 1 {
					columns[j] = append(columns[j], uint32(i))
				}
			}
		}
		var preferred, all [][]uint32
		taken := 0
		for j := range width {
			if chosen.at(j) {
				all = append(all, columns[j])
			}
			if !last.at(j) {
				preferred = append(preferred, columns[j])
				if chosen.at(j) {
					taken++
				}
			}
		}
		if got := rank(all, width); got != len(all) || got != rank(columns, width) || taken != rank(preferred, width) {
			t.Errorf("size %d: %d columns chosen, of rank %d, the whole has %d; %d of rank %d preferred", size, len(all), got, rank(columns, width), taken, rank(preferred, width))
		}
		part := g
		part.mask(chosen)
		product.mul(&inverse, &part)
		for i := range width {
			for j := range width {
				want := 0
				if i == j && chosen.at(i) {
					want = 1
				}
				if product.bit(i, j) != want || !chosen.at(i) && inverse[i] != (vec{}) || !chosen.at(j) && inverse.bit(i, j) != 0 {
					t.Fatalf("size %d: entry %d, %d of inverse*part is %d", size, i, j, product.bit(i, j))
				}
			}
		}
	}
}
