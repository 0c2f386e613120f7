package main

import "fmt"

func init() { register("lanes_avx", emitAVX) }

// The machines of WideLanes in AVX2: 4 lanes of one modulus n, residues in limbs of few enough bits
// that the 64-bit sums of a product cannot overflow. Below b is the number of bits of a limb and
// R = 2^(b*limbs).
//
// Ranges. Let n <= R/16*(1 - 2^-20). X, Z and products are below 2n, with limbs below 2^b. A sum of
// two such is below 4n, its limbs are below 2^(b+1); it is not carried. A difference x-y is
// computed limb by limb as x + K - y, where K = 2n is written with limbs from 2^b-1 to 2^(b+1)-1, so that
// no limb is negative; it is below 4n, its limbs are below 3*2^b. For the top limb, which is less,
// that is proved in package mont, see QuadLanes.constants.
//
// A product of factors x, y is x*y/R mod n plus less than n: (x*y + q*n)/R < x*y/R + n with q < R,
// which is at most 2n for x, y <= 4n as 16n <= R.
//
// No sum of column products overflows: of the 2*limbs terms x[i]*y[j] and q[i]*n[j], those of a
// square of a difference are the largest, 9*2^(2b) and 2^(2b), and the carry of the column before is
// below 2^(64-b). So 10*limbs*2^(2b) + 2^(64-b) < 2^64 is enough: 25 limbs of 28 bits, 100 of 27.
type avx struct {
	f           *file
	limbs, bits int
	cached      map[string]string // what a row register holds, by register
}

// avxSizes are the limbs and the bits of the machines.
var avxSizes = [][2]int{{3, 28}, {4, 28}, {5, 28}, {6, 28}, {7, 28}, {8, 28}, {9, 28}, {10, 28}, {11, 28}, {12, 28}, {13, 28},
	{14, 28}, {16, 28}, {18, 28}, {20, 28}, {24, 28}, {30, 27}, {36, 27}, {42, 27}}

func emitAVX(f *file) {
	for _, size := range avxSizes {
		a := &avx{f: f, limbs: size[0], bits: size[1]}
		if a.limbs < avxLoop {
			a.product(false)
			a.product(true)
		} else {
			a.loopProduct()
		}
		a.linearCores()
		name := fmt.Sprintf("runAVX%d", a.limbs)
		doc := fmt.Sprintf("%s executes count instructions, which is not 0, on 4 lanes of %d limbs.", name, a.limbs)
		f.head(name, doc, 0, []param{{"ctx", "*uint64"}, {"mem", "*uint64"}, {"code", "*Instruction"}, {"count", "int"}})
		a.machine()
	}
}

func (a *avx) op(format string, args ...any) { fmt.Fprintf(&a.f.text, "\t"+format+"\n", args...) }

func (a *avx) label(name string) { fmt.Fprintf(&a.f.text, "%s:\n", name) }

// head begins a core, a function without Go declaration: its operands are numbers at the addresses in
// registers, with the constants of the modulus at CX. It leaves DI and R12 to R15 alone.
func (a *avx) head(core, doc string) {
	name := fmt.Sprintf("%sAVX%d", core, a.limbs)
	fmt.Fprintf(&a.f.text, "\n// %s sets %s.\nTEXT %s<>(SB), NOSPLIT|NOFRAME, $0-0\n", name, doc, name)
}

// A vec is the address of a vector of 32 bytes, relative to a register.
func vec(base string, i int) string { return fmt.Sprintf("%d(%s)", 32*i, base) }

// At CX, a vector each: -1/n mod 2^b, 2^b-1; the limbs of n and of K; then room for q, and four
// numbers.
func (a *avx) inverse() string { return vec("CX", 0) }
func (a *avx) mask() string    { return vec("CX", 1) }
func (a *avx) n(i int) string  { return vec("CX", 2+i) }
func (a *avx) k(i int) string  { return vec("CX", 2+a.limbs+i) }
func (a *avx) q(i int) string  { return vec("CX", 2+2*a.limbs+i) }
func (a *avx) slotSize() int   { return 32 * a.limbs }

// The registers of a product: a window of up to maxWindow columns has its sums in Y0 and so on; the
// limbs of one factor stay in the registers from rowReg on while the rows pass by.
const (
	maxWindow = 6
	rowReg    = 6
	xReg      = "Y12"
	carryReg  = "Y15"
)

// A window is the columns from first on of a product.
type window struct {
	first, count int
	filled       [maxWindow]bool // the sum has a term
}

func (w *window) sum(c int) string { return fmt.Sprintf("Y%d", c) }

// windows parts the columns [from, to) evenly.
func windows(from, to int) (ws []*window) {
	parts := (to - from + maxWindow - 1) / maxWindow
	for i := range parts {
		first, end := from+(to-from)*i/parts, from+(to-from)*(i+1)/parts
		ws = append(ws, &window{first: first, count: end - first})
	}
	return ws
}

// product: the columns of x*y + q*n, window by window, where column k is the sum of the
// x[i]*y[k-i] and q[i]*n[k-i]. A column of the lower half gives q[k], which makes it divisible by
// 2^b; one of the upper half gives a limb of the result.
//
// The destination may be a factor: when limb r of it is written only limbs above r are read later.
func (a *avx) product(square bool) {
	if square {
		a.head("sqr", "R8 = R9*R9/R mod n")
	} else {
		a.head("mul", "R8 = R9*R10/R mod n")
	}
	a.cached = make(map[string]string)
	a.op("VPXOR %[1]s, %[1]s, %[1]s", carryReg)
	x := func(i int) string { return vec("R9", i) }
	y := func(i int) string { return vec("R10", i) }
	for _, w := range append(windows(0, a.limbs), windows(a.limbs, 2*a.limbs)...) {
		if square {
			a.squares(w, x)
		} else {
			a.rows(w, x, y, 0, a.limbs, func(i int) int { return 0 })
		}
		a.rows(w, a.q, a.n, 0, min(w.first, a.limbs), func(i int) int { return 1 })
		if w.first < a.limbs {
			a.reduce(w, a.n, func(c int) string { return a.q(w.first + c) })
		} else {
			a.carry(w)
		}
	}
	a.op("RET")
}

// rows adds x[i]*y[j] to the columns i+j of w, for the rows from <= i < to and least(i) <= j.
func (a *avx) rows(w *window, x, y func(int) string, from, to int, least func(i int) int) {
	for i := max(from, w.first-a.limbs+1); i < min(to, w.first+w.count); i++ {
		loaded := false
		for c := range w.count {
			j := w.first + c - i
			if j < least(i) || j >= a.limbs {
				continue
			}
			if !loaded {
				a.op("VMOVDQU %s, %s", x(i), xReg)
				loaded = true
			}
			a.term(w, c, a.held(y, j))
		}
	}
}

// held returns the register with limb j of y, which it loads if no other row has done so.
func (a *avx) held(y func(int) string, j int) string {
	reg := fmt.Sprintf("Y%d", rowReg+j%maxWindow)
	if m := y(j); a.cached[reg] != m {
		a.op("VMOVDQU %s, %s", m, reg)
		a.cached[reg] = m
	}
	return reg
}

// term adds xReg*y to column c of w.
func (a *avx) term(w *window, c int, y string) {
	if !w.filled[c] {
		a.op("VPMULUDQ %s, %s, %s", y, xReg, w.sum(c))
		w.filled[c] = true
		return
	}
	tmp := fmt.Sprintf("Y%d", 13+c%2)
	a.op("VPMULUDQ %s, %s, %s", y, xReg, tmp)
	a.op("VPADDQ %s, %s, %s", tmp, w.sum(c), w.sum(c))
}

// squares adds the columns of x*x: twice the x[i]*x[j] with i < j, and the squares of limbs.
func (a *avx) squares(w *window, x func(int) string) {
	a.rows(w, x, x, 0, a.limbs, func(i int) int { return i + 1 })
	for c := range w.count {
		if w.filled[c] {
			a.op("VPADDQ %s, %s, %s", w.sum(c), w.sum(c), w.sum(c))
		}
	}
	for c := range w.count {
		if k := w.first + c; k%2 == 0 {
			a.op("VMOVDQU %s, %s", x(k/2), xReg)
			a.term(w, c, xReg)
		}
	}
}

// reduce makes the columns of w, of the lower half, divisible by 2^b one after the other: q =
// -column/n mod 2^b, and column + q*n[0] is carried into the next. It adds the q*n[j] of the other
// columns of w; first that of the next one, which waits for it.
func (a *avx) reduce(w *window, n, q func(int) string) {
	for c := range w.count {
		sum := w.sum(c)
		a.op("VPADDQ %s, %s, %s", carryReg, sum, sum)
		a.op("VPMULUDQ %s, %s, %s", a.inverse(), sum, xReg)
		a.op("VPAND %s, %s, %s", a.mask(), xReg, xReg)
		a.term(w, c, a.held(n, 0))
		a.op("VPSRLQ $%d, %s, %s", a.bits, sum, carryReg)
		a.op("VMOVDQU %s, %s", xReg, q(c))
		for next := c + 1; next < w.count; next++ {
			a.term(w, next, a.held(n, next-c))
		}
	}
}

// carry stores the limbs of the result that the columns of w, of the upper half, are. The last
// column has no terms: it is the carry.
func (a *avx) carry(w *window) {
	for c := range w.count {
		sum, limb := w.sum(c), w.first+c-a.limbs
		if limb == a.limbs-1 {
			a.op("VMOVDQU %s, %s", carryReg, vec("R8", limb))
			return
		}
		a.op("VPADDQ %s, %s, %s", carryReg, sum, sum)
		a.op("VPSRLQ $%d, %s, %s", a.bits, sum, carryReg)
		a.op("VPAND %s, %s, %s", a.mask(), sum, sum)
		a.op("VMOVDQU %s, %s", sum, vec("R8", limb))
	}
}
