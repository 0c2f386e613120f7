package main

import (
	"fmt"
	"go/format"
	"os"
	"strings"
)

// A wordField is the arithmetic of a kind of Words: residues are words, R = 2^64, inv =
// n^-1 mod R. A product is reduced by
//
//	r = hi - h,  a*b = hi*R + lo,  q = lo*inv mod R,  q*n = h*R + lo,  0 <= h < n,
//
// which is a*b/R modulo n. Requires a*b < n*R, so that 0 <= hi < n and -n < r < n.
//
//	kind    n below   products are   sums and differences are
//	Free    2^60      < 2n           < 4n
//	Lazy    2^62      < 2n           < 2n
//	Strict  2^64      < n            < n
//	Alone   2^64      < n            < n
//
// The operands of sums and differences are products.
//
// Free and Lazy return r + n, which is above 0 and below 2n. Operands of products of Free are
// below 4n, and (4n)^2 = 16n*n <= R*n; those of Lazy are below 2n, and (2n)^2 = 4n*n <= R*n.
//
// Sums and differences of Free are a+b and a-b+2n, which for a, b < 2n are in [0, 4n), and 4n <
// R. Those of Lazy are corrected: for s = a+b < 4n < R one of s and s-2n is in [0, 2n), and
// is the smaller one as a word, since s < 2n makes s-2n wrap to at least R-2n > 2n. For
// s = a-b in (-2n, 2n) one of s and s+2n is in [0, 2n): a negative s is at least R-2n as a
// word, above s+2n, and with s >= 0 the other is s+2n, which does not wrap.
//
// Strict adds n to r, and to a-b, if it is negative; the borrow of the subtraction, as a mask,
// takes the place of a branch. Its sum is a-c with c = n-b, and that plus n = a+b if a < c: a+b
// may have a carry, a-c has none. Alone has the ranges of Strict, and for one lane compares instead,
// which takes more instructions and a shorter time until the result is there.
type wordField struct {
	name, limit   string
	lanes         []int  // there are kernels for so many
	mul, add, sub string // the last statements, with hi, h, a, b, n
}

const strictSum = "c := n - b\nd, s := a-c, a+b\nif a < c {\nd = s\n}\nreturn d"

var wordFields = []wordField{
	{"Free", "2^60", []int{1, 2}, "return hi - h + n", "return a + b", "return a - b + 2*n"},
	{"Lazy", "2^62", []int{1, 2}, "return hi - h + n", "s := a + b\nreturn min(s, s-2*n)", "s := a - b\nreturn min(s, s+2*n)"},
	{"Alone", "2^64", []int{1}, "d := hi - h\ns := d + n\nif hi < h {\nd = s\n}\nreturn d", strictSum,
		"d := a - b\ns := d + n\nif a < b {\nd = s\n}\nreturn d"},
	{"Strict", "2^64", []int{2}, "d, borrow := bits.Sub64(hi, h, 0)\nreturn d + n&-borrow", strictSum,
		"d, borrow := bits.Sub64(a, b, 0)\nreturn d + n&-borrow"},
}

// writeWord writes the kernels of Words, for one lane and for two, whose instructions alternate.
// With two the registers of amd64 suffice; more gain little: a point addition of kind Free took
// 1.84, 1.30, 1.25 and 1.25 ns a product with 1 to 4 lanes, one of kind Strict 2.29, 1.69, 1.58
// and 1.65, on a Zen 4.
func writeWord(name string) error {
	var b strings.Builder
	b.WriteString(generated + "package mont\n\nimport \"math/bits\"\n")
	for _, f := range wordFields {
		w := wordWriter{f.name, 1, &b}
		w.arithmetic(f)
		for _, w.lanes = range f.lanes {
			w.points()
			w.pairs()
			w.run()
		}
	}
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(name, src, 0o644)
}

// A wordWriter writes the code for a kind and a number of lanes.
type wordWriter struct {
	kind  string
	lanes int
	b     *strings.Builder
}

// p writes lines of code: @ is the kind, % the number of lanes, and a line with # is written for
// each lane.
func (w *wordWriter) p(lines ...string) {
	for _, line := range lines {
		line = strings.NewReplacer("@", w.kind, "%", fmt.Sprint(w.lanes), "[S]", fmt.Sprintf("[[%d]uint64]", w.lanes), "*S", fmt.Sprintf("*[%d]uint64", w.lanes)).Replace(line)
		if !strings.Contains(line, "#") {
			fmt.Fprintln(w.b, line)
			continue
		}
		for lane := range w.lanes {
			fmt.Fprintln(w.b, strings.ReplaceAll(line, "#", fmt.Sprint(lane)))
		}
	}
}

func (w *wordWriter) arithmetic(f wordField) {
	w.p("", "// The arithmetic for n below "+f.limit+": see gen/word.go.", "",
		"func mul@(a, b, n, inv uint64) uint64 {", "hi, lo := bits.Mul64(a, b)", "h, _ := bits.Mul64(lo*inv, n)", f.mul, "}", "",
		"func add@(a, b, n uint64) uint64 {", f.add, "}", "",
		"func sub@(a, b, n uint64) uint64 {", f.sub, "}")
}

// modulus loads the constants of the moduli.
func (w *wordWriter) modulus() { w.p("n#, i# := w.n[#], w.inv[#]") }

// points writes the addition d = p+q, given e = p-q, and the doubling d = 2p.
func (w *wordWriter) points() {
	const store = "d[0][#], d[1][#], d[2][#], d[3][#] = s#, t#, add@(s#, t#, n#), sub@(s#, t#, n#)"
	w.p("", "func pointAdd@%(w *Words[S], d, p, q, e *wordPoint[S]) {")
	w.modulus()
	w.p("u# := mul@(p[3][#], q[2][#], n#, i#); v# := mul@(p[2][#], q[3][#], n#, i#)",
		"s# := add@(u#, v#, n#); t# := sub@(u#, v#, n#)",
		"s# = mul@(s#, s#, n#, i#); t# = mul@(t#, t#, n#, i#)",
		"s# = mul@(s#, e[1][#], n#, i#); t# = mul@(t#, e[0][#], n#, i#)",
		store, "}", "", "func pointDouble@%(w *Words[S], d, p *wordPoint[S]) {")
	w.modulus()
	w.p("num, den := &w.mem[SlotNum], &w.mem[SlotDen]",
		"s# := mul@(p[2][#], p[2][#], n#, i#); t# := mul@(p[3][#], p[3][#], n#, i#)",
		"e# := mul@(t#, den[#], n#, i#); t# = sub@(s#, t#, n#)",
		"f# := mul@(t#, num[#], n#, i#); s# = mul@(s#, e#, n#, i#)",
		"t# = mul@(t#, add@(e#, f#, n#), n#, i#)",
		store, "}")
}

// pairs writes the instruction Pairs.
func (w *wordWriter) pairs() {
	w.p("", "func pairs@%(w *Words[S], a, b, c, d *S) {")
	w.modulus()
	w.p("x# := a[#]", "m := &w.mem")
	for i, x := range []string{"b", "c", "d"} {
		w.p(fmt.Sprintf("m[%d][#] = mul@(m[%d][#], sub@(x#, %s[#], n#), n#, i#)", i, i, x))
	}
	w.p("}")
}

// run writes the loop over a program.
func (w *wordWriter) run() {
	w.p("", "func run@%(w *Words[S], code []Instruction) {", "for _, in := range code {",
		"switch in & opMask {",
		"case opAdd: pointAdd@%(w, w.point(in.slot(0)), w.point(in.slot(1)), w.point(in.slot(2)), w.point(in.slot(3)))",
		"case opDouble: pointDouble@%(w, w.point(in.slot(0)), w.point(in.slot(1)))",
		"case opPairs: pairs@%(w, &w.mem[in.slot(0)], &w.mem[in.slot(1)], &w.mem[in.slot(2)], &w.mem[in.slot(3)])",
		"case opMul: d, a, b := &w.mem[in.slot(0)], &w.mem[in.slot(1)], &w.mem[in.slot(2)]",
		"d[#] = mul@(a[#], b[#], w.n[#], w.inv[#])",
		"case opSum: d, a, b := &w.mem[in.slot(0)], &w.mem[in.slot(1)], &w.mem[in.slot(2)]",
		"d[#] = add@(a[#], b[#], w.n[#])",
		"case opDiff: d, a, b := &w.mem[in.slot(0)], &w.mem[in.slot(1)], &w.mem[in.slot(2)]",
		"d[#] = sub@(a[#], b[#], w.n[#])",
		"case opPoint: d := w.point(in.slot(0))",
		"d[2][#], d[3][#] = add@(d[0][#], d[1][#], w.n[#]), sub@(d[0][#], d[1][#], w.n[#])",
		"case opGCD: d, a := &w.mem[in.slot(0)], &w.mem[in.slot(1)]", "*d = gcds%(*a, w.n)",
		"}", "}", "}")
}
