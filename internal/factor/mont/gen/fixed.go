package main

import (
	"fmt"
	"go/format"
	"os"
	"strings"
)

// writeFixed writes the multiplications of Wide in Go: those of minFixed to maxFixed words,
// unrolled and with t in variables.
func writeFixed(name string) error {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p(generated + "package mont\n\nimport \"math/bits\"\n")
	p("// The functions of this file work like mulGeneric for one k each, unrolled and with t in")
	p("// registers, as far as there are some: each step adds x*y[i], and the q*n that makes the low")
	p("// word zero, and moves t down by a word. From %d words on the top bit of n is 0 and nothing is", minWords)
	p("// carried out of t[k].")
	for k := minFixed; k <= maxFixed; k++ {
		fixed(p, k)
	}
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(name, src, 0o644)
}

const minFixed, maxFixed = 2, 8

// fixed writes the function for k words.
func fixed(p func(string, ...any), k int) {
	list := func(format string) string {
		var s []string
		for i := range k {
			s = append(s, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return strings.Join(s, ", ")
	}
	p("\nfunc mul%d(z, x, y Element, n []uint64, neg uint64) {", k)
	p("	x, y, z, n = x[:%[1]d], y[:%[1]d], z[:%[1]d], n[:%[1]d]", k)
	p("	%s := %s", list("x#"), list("x[#]"))
	p("	%s := %s", list("n#"), list("n[#]"))
	exact := k < minWords // n may have its top bit set
	for i := range k {
		if i == 0 {
			p("\n	b := y[0]")
			p("	c, t0 := bits.Mul64(x0, b)")
			for j := 1; j < k; j++ {
				p("	c, t%d := mulAdd(x%d, b, c, 0)", j, j)
			}
			p("	t%d := c", k)
			if exact {
				p("	top := uint64(0)")
			}
			p("	q := t0 * neg")
		} else {
			p("\n	b = y[%d]", i)
			p("	c, t0 = mulAdd(x0, b, t0, 0)")
			for j := 1; j < k; j++ {
				p("	c, t%d = mulAdd(x%d, b, t%d, c)", j, j, j)
			}
			if exact {
				p("	t%d, top = bits.Add64(t%d, c, 0)", k, k)
			} else {
				p("	t%d = c", k)
			}
			p("	q = t0 * neg")
		}
		p("	c, _ = mulAdd(n0, q, t0, 0)")
		for j := 1; j < k; j++ {
			p("	c, t%d = mulAdd(n%d, q, t%d, c)", j-1, j, j)
		}
		if exact {
			p("	t%d, c = bits.Add64(t%d, c, 0)", k-1, k)
			p("	t%d = top + c", k)
		} else {
			p("	t%d = t%d + c", k-1, k)
		}
	}
	p("\n	d0, borrow := bits.Sub64(t0, n0, 0)")
	for j := 1; j < k; j++ {
		p("	d%d, borrow := bits.Sub64(t%d, n%d, borrow)", j, j, j)
	}
	if exact {
		p("	if t%d < borrow { // t < n", k)
	} else {
		p("	if borrow != 0 { // t < n")
	}
	p("		%s = %s", list("d#"), list("t#"))
	p("	}")
	p("	%s = %s", list("z[#]"), list("d#"))
	p("}")
}
