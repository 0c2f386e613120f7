package gf2

import "math/bits"

// A dense is a system of linear equations modulo 2, with one bit for each coefficient.
//
// The unknowns are the rows of a Matrix, x[r] = 1 for the rows of a set. Each column of
// the Matrix is an equation: the sum of the x[r] with a 1 in the column is 0. A
// solution other than 0 is a dependency.
type dense struct {
	unknowns int
	words    int           // of an equation: unknowns/64, rounded up
	bits     []uint64      // the words of all equations
	row      [][]uint64    // row[i]: equation i, a part of bits; reduce swaps them
	pivot    []int         // pivot[x]: the equation that the unknown x leads, or -1
	table    [256][]uint64 // table[m]: a sum of up to 8 equations, see sumLeaders
	sums     []uint64      // the words of table
	set      []uint32      // the solution that is handed out
}

// reset makes the system of so many equations whose coefficients are all 0.
func (d *dense) reset(equations, unknowns int) {
	d.unknowns, d.words = unknowns, (unknowns+63)/64
	d.bits = resize(d.bits, equations*d.words)
	clear(d.bits)
	d.row = resize(d.row, equations)
	for i := range d.row {
		d.row[i] = d.bits[i*d.words : (i+1)*d.words : (i+1)*d.words]
	}
	d.pivot = resize(d.pivot, unknowns)
	for x := range d.pivot {
		d.pivot[x] = -1
	}
	d.sums = resize(d.sums, len(d.table)*d.words)
	for i := range d.table {
		d.table[i] = d.sums[i*d.words : (i+1)*d.words : (i+1)*d.words]
	}
	clear(d.table[0])
}

// resize returns a slice of n elements, s if it has the room. The elements are
// undefined. A new slice has a quarter more room than needed: see grown.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n, n+n/4)
	}
	return s[:n]
}

// flip changes the coefficient of an unknown in an equation.
func (d *dense) flip(equation, unknown int) { d.row[equation][unknown/64] ^= 1 << (unknown % 64) }

// at reports whether an unknown is in an equation.
func (d *dense) at(equation, unknown int) bool {
	return d.row[equation][unknown/64]>>(unknown%64)&1 == 1
}

// reduce brings the system to reduced row echelon form: an unknown that leads an
// equation is in no other equation. It returns the error of alive.
//
// It takes 8 unknowns at a time. It finds the equations that they lead, makes a table
// of the 256 sums of these, and clears the 8 unknowns from each other equation by one
// addition of a sum: the method of the four Russians. Source: M. Albrecht, G. Bard, W.
// Hart, Efficient multiplication of dense matrices over GF(2) (2010). For n equations
// and unknowns this takes n^3/1024 word operations, and n/8 tables.
//
// Before and after each iteration the first done equations are led by unknowns below x,
// which are in no other equation. All other equations are zero below x.
func (d *dense) reduce(alive func() error) error {
	done, work := 0, 0
	for x := 0; x < d.unknowns && done < len(d.row); x += 8 {
		mask := d.leaders(x, &done)
		d.sumLeaders(x, mask)
		d.clear(x, done-bits.OnesCount8(mask), done, mask)
		if work += len(d.row) * (d.words - x/64); work > 1<<20 {
			work = 0
			if err := alive(); err != nil {
				return err
			}
		}
	}
	return nil
}

// eight returns the coefficients of the unknowns x to x+7, 8 dividing x.
func (d *dense) eight(equation, x int) uint8 {
	return uint8(d.row[equation][x/64] >> (x % 64))
}

// leaders finds equations that the unknowns x..x+7 lead, and moves them to index *done,
// which it increments each time. It reduces them among themselves. Bit j of the result
// is 1 if x+j leads an equation.
func (d *dense) leaders(x int, done *int) (mask uint8) {
	// Equations from *done on are cleared of the leaders found so far only when they
	// are looked at; clear does the same for the others at the end.
	first := *done
	for j := x; j < min(x+8, d.unknowns) && *done < len(d.row); j++ {
		for i := *done; i < len(d.row); i++ {
			for l := first; l < *done; l++ { // clear the leaders so far
				if d.eight(i, x)&d.eight(l, x)&mask != 0 {
					xor(d.row[i][x/64:], d.row[l][x/64:])
				}
			}
			if !d.at(i, j) {
				continue
			}
			d.row[*done], d.row[i] = d.row[i], d.row[*done]
			for l := first; l < *done; l++ {
				if d.at(l, j) {
					xor(d.row[l][x/64:], d.row[*done][x/64:])
				}
			}
			d.pivot[j] = *done
			mask |= 1 << (j - x)
			*done++
			break
		}
	}
	return mask
}

// sumLeaders fills table[m] with the sum of the equations that the unknowns x+j lead,
// for the bits j of m, and for all m within the mask. Each sum is one addition to the
// sum for m without its lowest bit. Words before x/64 are zero in all of these
// equations and are left out.
func (d *dense) sumLeaders(x int, mask uint8) {
	from := x / 64
	for m := 1; m < 256; m++ {
		if uint8(m)&^mask != 0 {
			continue
		}
		rest := d.table[m&(m-1)][from:]
		leader := d.row[d.pivot[x+bits.TrailingZeros8(uint8(m))]][from:]
		sum := d.table[m][from:]
		leader, rest = leader[:len(sum)], rest[:len(sum)]
		for i := range sum {
			sum[i] = rest[i] ^ leader[i]
		}
	}
}

// clear clears those of the unknowns x..x+7 that are in the mask from all equations but
// first..last-1, which they lead.
func (d *dense) clear(x, first, last int, mask uint8) {
	for i := range d.row {
		if i >= first && i < last {
			continue
		}
		if m := d.eight(i, x) & mask; m != 0 {
			xor(d.row[i][x/64:], d.table[m][x/64:])
		}
	}
}

// xor sets z += x. Requires len(x) >= len(z).
func xor(z, x []uint64) {
	x = x[:len(z)]
	for len(z) >= 4 && len(x) >= 4 {
		z[0] ^= x[0]
		z[1] ^= x[1]
		z[2] ^= x[2]
		z[3] ^= x[3]
		z, x = z[4:], x[4:]
	}
	x = x[:len(z)]
	for i := range z {
		z[i] ^= x[i]
	}
}

// kernel calls f with a solution for each free unknown, until f returns false. A
// solution is the list of the unknowns that are 1: the free one, and those whose
// equations have it. The solutions are a basis of all. Requires reduce. The list is
// valid within the call.
func (d *dense) kernel(f func(set []uint32) bool) {
	for x := range d.unknowns {
		if d.pivot[x] >= 0 {
			continue
		}
		d.set = append(d.set[:0], uint32(x))
		for y := range d.unknowns {
			if e := d.pivot[y]; e >= 0 && d.at(e, x) {
				d.set = append(d.set, uint32(y))
			}
		}
		if !f(d.set) {
			return
		}
	}
}
