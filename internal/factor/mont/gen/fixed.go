package main

import (
	"fmt"
	"go/format"
	"os"
	"strings"
)

// Numbers of words with Go code of their own; from minLoop on the rows of a product are a loop.
const minFixed, minLoop, maxFixed = 2, 9, 16

// writeFixed writes the arithmetic of Wide in Go for minFixed to maxFixed words.
//
// Products keep t in memory on purpose. In variables, of which there are more than registers, the
// compiler computes all the word products of a row, or of many, before it adds any, and spills them:
// three times slower for 8 words. It does not move a load before a store.
func writeFixed(name string) error {
	g := new(fixed)
	g.p(generated + "package mont\n\nimport \"math/bits\"\n")
	g.table("fixedMul", "mulFixed", "the products", maxFixed)
	g.table("fixedSqr", "sqrFixed", "the squares", minLoop-1)
	g.table("fixedSum", "sumFixed", "the sums", maxFixed)
	g.table("fixedDiff", "diffFixed", "the differences", maxFixed)
	for k := minFixed; k <= maxFixed; k++ {
		g.k = k
		g.mul()
		if k < minLoop {
			g.sqr()
		}
		g.linear("sum", "x+y", "Requires x+y < R")
		g.linear("diff", "x-y+2n", "Requires y <= 2n and x+2n < R")
	}
	src, err := format.Source([]byte(g.b.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(name, src, 0o644)
}

// fixed writes the functions for k words.
type fixed struct {
	b strings.Builder
	k int
}

func (g *fixed) p(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

// table writes the functions by number of words.
func (g *fixed) table(name, function, what string, last int) {
	g.p("// %s are %s by number of words, see %s%d.", name, what, function, minFixed)
	g.p("var %s = [...]func(w *Wide, z, x, y Element){", name)
	for k := minFixed; k <= last; k++ {
		g.p("%d: %s%d,", k, function, k)
	}
	g.p("}\n")
}

// arrays makes pointers to arrays of the operands.
func (g *fixed) arrays(operands ...string) {
	for _, o := range operands {
		name := o[strings.LastIndexByte(o, '.')+1:]
		g.p("	%s := (*[%d]uint64)(%s)", name, g.k, o)
	}
}

// mul: in row i, x*y[i] and n*q are added to t, and t moves down by a word, which q makes 0. The two
// chains of carries, a and c, run side by side.
func (g *fixed) mul() {
	k := g.k
	g.p("// mulFixed%d sets z = x*y/R mod n, plus n at most, see mulGeneric.", k)
	g.p("func mulFixed%d(w *Wide, zs, xs, ys Element) {", k)
	g.p("	z, x, y := (*[%[1]d]uint64)(zs), (*[%[1]d]uint64)(xs), (*[%[1]d]uint64)(ys)", k)
	g.arrays("w.n", "w.t")
	g.p("	neg, b := w.neg, y[0]")
	g.p("	a, u := bits.Mul64(x[0], b)")
	g.startRow()
	for j := 1; j < k; j++ {
		g.p("	a, u = mulAdd1(x[%d], b, a)", j)
		g.column(j)
	}
	g.p("	t[%d] = a + c", k-1)
	if k < minLoop {
		for i := 1; i < k; i++ {
			g.p("	b = y[%d]", i)
			g.row()
		}
	} else {
		g.p("	for _, b := range y[1:] {")
		g.row()
		g.p("	}")
	}
	g.p("	*z = *t\n}\n")
}

// row is a row of mul after the first.
func (g *fixed) row() {
	g.p("	a, u = mulAdd1(x[0], b, t[0])")
	g.p("	q = u * neg")
	g.p("	c, _ = mulAdd1(n[0], q, u)")
	for j := 1; j < g.k; j++ {
		g.p("	a, u = mulAdd(x[%d], b, t[%d], a)", j, j)
		g.column(j)
	}
	g.p("	t[%d] = a + c", g.k-1)
}

func (g *fixed) startRow() {
	g.p("	q := u * neg")
	g.p("	c, _ := mulAdd1(n[0], q, u)")
}

// column adds n[j]*q to u, which is column j.
func (g *fixed) column(j int) { g.p("	c, t[%d] = mulAdd(n[%d], q, u, c)", j-1, j) }

// sqr: row i adds x[i]^2 to column 2i, and x[i] times the words of 2x above i to those that follow; of
// the first of these the low bit, which comes from x[i], is left out. Rows up to i hold all products of
// column i. After row i, t is below (2*x*(x mod 2^(64(i+1))) + q*n) / 2^(64(i+1)) < 2x + n.
func (g *fixed) sqr() {
	k := g.k
	g.p("// sqrFixed%d sets z = x*x/R mod n, plus n at most. Requires 2x+n < R.", k)
	g.p("func sqrFixed%d(w *Wide, zs, xs, _ Element) {", k)
	g.p("	z, x := (*[%[1]d]uint64)(zs), (*[%[1]d]uint64)(xs)", k)
	g.arrays("w.n", "w.t")
	g.p("	neg, b := w.neg, x[0]")
	g.p("	a, u := bits.Mul64(b, b)")
	g.startRow()
	for j := 1; j < k; j++ {
		g.p("	a, u = mulAdd1(%s, b, a)", doubled(0, j))
		g.column(j)
	}
	g.p("	t[%d] = a + c", k-1)
	for i := 1; i < k; i++ {
		g.p("	b = x[%d]", i)
		g.p("	u = t[0]")
		g.p("	q = u * neg")
		g.p("	c, _ = mulAdd1(n[0], q, u)")
		for j := 1; j < k; j++ {
			switch {
			case j < i:
				g.p("	u = t[%d]", j)
			case j == i:
				g.p("	a, u = mulAdd1(b, b, t[%d])", j)
			default:
				g.p("	a, u = mulAdd(%s, b, t[%d], a)", doubled(i, j), j)
			}
			g.column(j)
		}
		g.p("	t[%d] = a + c", k-1)
	}
	g.p("	*z = *t\n}\n")
}

// doubled is word j of twice the words of x above i.
func doubled(i, j int) string {
	if j == i+1 {
		return fmt.Sprintf("x[%d]<<1", j)
	}
	return fmt.Sprintf("x[%d]<<1|x[%d]>>63", j, j-1)
}

// linear writes a function that sets z, which may be x or y, to a sum or a difference.
func (g *fixed) linear(name, what, requires string) {
	g.p("// %sFixed%d sets z = %s. %s.", name, g.k, what, requires)
	g.p("func %sFixed%d(w *Wide, zs, xs, ys Element) {", name, g.k)
	g.p("	z, x, y := (*[%[1]d]uint64)(zs), (*[%[1]d]uint64)(xs), (*[%[1]d]uint64)(ys)", g.k)
	if name == "sum" {
		g.chain("z", "Add64", "x", "y")
	} else {
		g.arrays("w.twice", "w.t")
		g.chain("t", "Add64", "x", "twice")
		g.chain("z", "Sub64", "t", "y")
	}
	g.p("}\n")
}

// chain sets z to x+y or x-y.
func (g *fixed) chain(z, op, x, y string) {
	carry := map[string]string{"Add64": "c", "Sub64": "b"}[op]
	for i := range g.k {
		switch i {
		case 0:
			g.p("	var %s uint64", carry)
			g.p("	%[1]s[0], %[2]s = bits.%[3]s(%[4]s[0], %[5]s[0], 0)", z, carry, op, x, y)
		case g.k - 1:
			g.p("	%[1]s[%[2]d], _ = bits.%[3]s(%[4]s[%[2]d], %[5]s[%[2]d], %[6]s)", z, i, op, x, y, carry)
		default:
			g.p("	%[1]s[%[2]d], %[6]s = bits.%[3]s(%[4]s[%[2]d], %[5]s[%[2]d], %[6]s)", z, i, op, x, y, carry)
		}
	}
}
