// Command gen writes the assembly of package mont: *_amd64.s, and the Go declarations beside
// it, into the working directory, and wide_fixed.go and word_kernels.go. It is run by go generate.
//
// To add a file of kernels, write a function that makes them with the methods of
// kernel and register it in an init:
//
//	func init() { register("lanes_curve", emitCurve) } // lanes_curve_amd64.s and .go
//
//	func emitCurve(f *file) {
//		k := f.kernel("square2", "Square2 sets dst to a^2.", field{limbs: 2, groups: 1},
//			param{"ctx", "*uint64"}, param{"dst", "*uint64"}, param{"a", "*uint64"})
//		k.op("MOVQ ctx+0(FP), CX") // the constants of a modulus: CX, see kernel.n
//		k.op("MOVQ dst+8(FP), DI")
//		k.op("MOVQ a+16(FP), SI")
//		r := k.sqr(0, k.loadAt("SI", 0, 0))
//		k.normalise(r, false)
//		k.storeAt(r, "DI", 0, 0)
//		k.ret()
//	}
//
// The arithmetic, with the ranges of its operands and their proofs, is in field.go.
package main

import (
	"fmt"
	"os"
	"sort"
)

var emitters = make(map[string]func(*file))

// register has the kernels that emit makes written to <name>_amd64.s and .go.
func register(name string, emit func(*file)) { emitters[name] = emit }

func main() {
	var names []string
	for name := range emitters {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		f := new(file)
		emitters[name](f)
		if err := f.write(name + "_amd64"); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
	for name, write := range map[string]func(string) error{"wide_fixed.go": writeFixed, "word_kernels.go": writeWord} {
		if err := write(name); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}
