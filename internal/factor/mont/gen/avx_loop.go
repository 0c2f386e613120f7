package main

// From avxLoop limbs on, a multiple of maxWindow, the windows of a product are loops. The limbs are in
// tiles of maxWindow, and a row of a window is the rows of a tile: in the lower half, window m adds the
// products of the tiles I of x and m-I of y, of which I = m ends at the limb 0 of y; in the upper half,
// window T+m, T being the number of tiles, those of I > m and T+m-I, and what is below limb
// maxWindow*T of y with the tile I = m.
//
// DX is the offset of tile m. R11 and AX are at tiles of x and y, or of q and n; BX is at n.
const (
	avxLoop   = 24
	tileBytes = 32 * maxWindow
)

// loopProduct is product with the windows in loops.
func (a *avx) loopProduct() {
	a.head("mul", "R8 = R9*R10/R mod n")
	w := &window{count: maxWindow}
	for c := range w.count {
		w.filled[c] = true
	}
	clear := func() {
		for c := range w.count {
			a.op("VPXOR %[1]s, %[1]s, %[1]s", w.sum(c))
		}
	}
	a.op("LEAQ %s, BX", a.n(0))
	a.op("VPXOR %[1]s, %[1]s, %[1]s", carryReg)
	a.op("XORQ DX, DX")
	a.label("lower")
	clear()
	a.op("MOVQ R9, R11")
	a.op("LEAQ (R10)(DX*1), AX")
	a.tiles("lowerX", w, "R10")
	a.tile(w, func(row, c int) bool { return c >= row })
	a.op("LEAQ %s, R11", a.q(0))
	a.op("LEAQ (BX)(DX*1), AX")
	a.tiles("lowerQ", w, "BX")
	a.loopReduce(w)
	a.op("ADDQ $%d, DX", tileBytes)
	a.op("CMPQ DX, $%d", 32*a.limbs)
	a.op("JNE lower")

	upper := func(name, y string) {
		a.op("ADDQ DX, R11")
		a.op("LEAQ %d(%s), AX", 32*a.limbs, y)
		a.op("LEAQ (%s)(DX*1), SI", y)
		a.tile(w, func(row, c int) bool { return c < row })
		a.op("ADDQ $%d, R11", tileBytes)
		a.op("SUBQ $%d, AX", tileBytes)
		a.tiles(name, w, "SI")
	}
	a.op("XORQ DX, DX")
	a.label("upper")
	clear()
	a.op("MOVQ R9, R11")
	upper("upperX", "R10")
	a.op("LEAQ %s, R11", a.q(0))
	upper("upperQ", "BX")
	a.op("LEAQ (R8)(DX*1), R11")
	for c := range w.count {
		a.op("VPADDQ %s, %s, %s", carryReg, w.sum(c), w.sum(c))
		a.op("VPSRLQ $%d, %s, %s", a.bits, w.sum(c), carryReg)
		a.op("VPAND %s, %s, %s", a.mask(), w.sum(c), w.sum(c))
		a.op("VMOVDQU %s, %s", w.sum(c), vec("R11", c))
	}
	a.op("ADDQ $%d, DX", tileBytes)
	a.op("CMPQ DX, $%d", 32*a.limbs)
	a.op("JNE upper")
	a.op("RET")
}

// tiles writes a loop over the tiles from R11 and AX on, upwards and downwards, until AX is at end.
func (a *avx) tiles(name string, w *window, end string) {
	a.label(name)
	a.op("CMPQ AX, %s", end)
	a.op("JEQ %sEnd", name)
	a.tile(w, func(row, c int) bool { return true })
	a.op("ADDQ $%d, R11", tileBytes)
	a.op("SUBQ $%d, AX", tileBytes)
	a.op("JMP %s", name)
	a.label(name + "End")
}

// tile adds the products of the limb row at R11 and c-row at AX that are in to column c.
func (a *avx) tile(w *window, in func(row, c int) bool) {
	a.cached = make(map[string]string)
	y := func(j int) string { return vec("AX", j-maxWindow) } // held needs j >= 0
	for row := range maxWindow {
		loaded := false
		for c := range w.count {
			if !in(row, c) {
				continue
			}
			if !loaded {
				a.op("VMOVDQU %s, %s", vec("R11", row), xReg)
				loaded = true
			}
			a.term(w, c, a.held(y, c-row+maxWindow))
		}
	}
}

// loopReduce is reduce with the place of q at R11, and n at BX.
func (a *avx) loopReduce(w *window) {
	a.cached = make(map[string]string)
	n := func(j int) string { return vec("BX", j) }
	a.reduce(w, n, func(c int) string { return vec("R11", c) })
}
