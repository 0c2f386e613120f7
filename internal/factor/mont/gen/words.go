package main

import "fmt"

func init() { register("wide_mul", emitWords) }

// The arithmetic of Wide in 64-bit registers, for each number k of words a function of its
// own. The top bit of n is 0, and x < n. The Go twins are mulGo, addGo and subGo.

// Up to maxInRegisters words a sum is in registers, with maxWords at most in memory.
const (
	minWords, maxInRegisters, maxWords = 3, 8, 16
)

// A routine is an assembly function in general registers.
type routine struct{ f *file }

// routine begins the function name with its pointers to words, and with frame bytes of stack.
func (f *file) routine(name, doc string, frame int, params ...param) *routine {
	f.head(name, doc, frame, params)
	return &routine{f}
}

func (r *routine) op(format string, args ...any) { fmt.Fprintf(&r.f.text, "\t"+format+"\n", args...) }

// word returns word i behind the register base.
func word(base string, i int) string { return fmt.Sprintf("%d(%s)", 8*i, base) }

// generalRegs are the registers that hold numbers. AX, BX and DX are for products, SI and DI for
// addresses.
var generalRegs = []string{"CX", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

func emitWords(f *file) {
	args := []param{{"z", "*uint64"}, {"x", "*uint64"}, {"y", "*uint64"}, {"n", "*uint64"}}
	for k := minWords; k <= maxWords; k++ {
		name := fmt.Sprintf("mulWords%d", k)
		doc := fmt.Sprintf("%s sets z = x*y/R mod n for %d words, neg being -1/n.", name, k)
		with := append(args[:4:4], param{"neg", "uint64"})
		if k <= maxInRegisters {
			f.routine(name, doc, 0, with...).mulRegisters(k)
		} else {
			f.routine(name, doc, 8*k, with...).mulMemory(k)
		}
	}
	for k := minWords; k <= maxInRegisters; k++ {
		name := fmt.Sprintf("addWords%d", k)
		f.routine(name, fmt.Sprintf("%s sets z = x+y mod n for %d words.", name, k), 0, args...).add(k)
		name = fmt.Sprintf("subWords%d", k)
		f.routine(name, fmt.Sprintf("%s sets z = x-y mod n for %d words.", name, k), 0, args...).sub(k)
	}
}

// mulRegisters: t is in the registers t[0] to t[k].
//
// Before and after each row t = (x*y[:i] + q*n) / 2^(64i) for some q < 2^(64i), hence
// t < x + n < 2n < R: k words, and t[k] = 0. Inside a row t < 2n*2^64 < R*2^64: k+1 words. So
// nothing is carried out of t[k].
//
// A row adds the low words of the products by the carry of ADCX, the high ones by that of
// ADOX, so that neither waits for the other.
func (r *routine) mulRegisters(k int) {
	t := generalRegs[:k+1]
	r.op("MOVQ x+8(FP), SI")
	r.op("MOVQ n+24(FP), DI")
	for i := range k {
		r.op("MOVQ y+16(FP), AX")
		r.op("MOVQ %s, DX", word("AX", i))
		if i == 0 {
			r.firstRow(t)
		} else {
			r.row("SI", t)
		}
		r.op("MOVQ %s, DX", t[0])
		r.op("IMULQ neg+32(FP), DX")
		r.row("DI", t)
		t = append(t[1:k+1:k+1], t[0]) // which has become 0
	}
	r.op("MOVQ z+0(FP), SI")
	r.store(t[:k])
	r.chain("SUBQ", "SBBQ", "DI", t[:k])
	r.choose("CS", t[:k])
	r.op("RET")
}

// firstRow sets t to DX times the number at SI.
func (r *routine) firstRow(t []string) {
	k := len(t) - 1
	r.op("MULXQ (SI), %s, %s", t[0], t[1])
	for j := 1; j < k; j++ {
		r.op("MULXQ %s, AX, %s", word("SI", j), t[j+1])
		r.op("%s AX, %s", [2]string{"ADDQ", "ADCQ"}[min(j-1, 1)], t[j])
	}
	r.op("ADCQ $0, %s", t[k])
}

// row adds DX times the number at base to t.
func (r *routine) row(base string, t []string) {
	k := len(t) - 1
	r.op("XORQ AX, AX")
	for j := range k {
		r.op("MULXQ %s, AX, BX", word(base, j))
		r.op("ADCXQ AX, %s", t[j])
		r.op("ADOXQ BX, %s", t[j+1])
	}
	r.op("ADCQ $0, %s", t[k])
}

// store stores t at SI.
func (r *routine) store(t []string) {
	for i, reg := range t {
		r.op("MOVQ %s, %s", reg, word("SI", i))
	}
}

// chain applies first to t[0] and the word at base, and next to the others.
func (r *routine) chain(first, next, base string, t []string) {
	for i, reg := range t {
		op := next
		if i == 0 {
			op = first
		}
		r.op("%s %s, %s", op, word(base, i), reg)
	}
}

// choose stores t at SI, but leaves what is there under the condition.
func (r *routine) choose(condition string, t []string) {
	for i, reg := range t {
		r.op("CMOVQ%s %s, %s", condition, word("SI", i), reg)
	}
	r.store(t)
}

// mulMemory is mulRegisters with t[:k] on the stack, and the rows in a loop. Between rows t[k] = 0;
// inside it is in R11. R10 is 0. The last high word alternates between CX and BX.
func (r *routine) mulMemory(k int) {
	r.op("MOVQ y+16(FP), R8")
	r.op("MOVQ x+8(FP), SI")
	r.op("MOVQ n+24(FP), DI")
	r.op("XORQ R10, R10")
	for j := range k {
		r.op("MOVQ R10, %s", word("SP", j))
	}
	r.op("MOVQ $%d, R9", k)
	fmt.Fprintf(&r.f.text, "row:\n")
	high := [2]string{"CX", "BX"}
	r.op("MOVQ (R8), DX")
	r.op("ADDQ $8, R8")
	r.op("XORQ BX, BX") // the high word before the first
	for j := range k {
		r.op("MULXQ %s, AX, %s", word("SI", j), high[j%2])
		r.op("ADCXQ %s, AX", word("SP", j))
		r.op("ADOXQ %s, AX", high[(j+1)%2])
		r.op("MOVQ AX, %s", word("SP", j))
	}
	r.op("MOVQ %s, R11", high[(k-1)%2])
	r.op("ADCXQ R10, R11")
	r.op("ADOXQ R10, R11")
	r.op("MOVQ (SP), DX")
	r.op("IMULQ neg+32(FP), DX")
	r.op("XORQ AX, AX")
	for j := range k {
		r.op("MULXQ %s, AX, %s", word("DI", j), high[j%2])
		r.op("ADCXQ %s, AX", word("SP", j))
		if j > 0 {
			r.op("ADOXQ %s, AX", high[(j+1)%2])
			r.op("MOVQ AX, %s", word("SP", j-1))
		}
	}
	r.op("ADCXQ %s, R11", high[(k-1)%2])
	r.op("ADOXQ R10, R11")
	r.op("MOVQ R11, %s", word("SP", k-1))
	r.op("DECQ R9")
	r.op("JNZ row")
	r.op("MOVQ z+0(FP), SI")
	for j := range k {
		r.op("MOVQ %s, AX", word("SP", j))
		r.op("%s %s, AX", [2]string{"SUBQ", "SBBQ"}[min(j, 1)], word("DI", j))
		r.op("MOVQ AX, %s", word("SI", j))
	}
	for j := range k {
		r.op("MOVQ %s, AX", word("SI", j))
		r.op("CMOVQCS %s, AX", word("SP", j))
		r.op("MOVQ AX, %s", word("SI", j))
	}
	r.op("RET")
}

// load loads x to registers.
func (r *routine) load(k int) []string {
	t := generalRegs[:k]
	r.op("MOVQ z+0(FP), SI")
	r.op("MOVQ x+8(FP), AX")
	r.op("MOVQ y+16(FP), BX")
	r.op("MOVQ n+24(FP), DI")
	for i, reg := range t {
		r.op("MOVQ %s, %s", word("AX", i), reg)
	}
	return t
}

// add: x+y < 2n has k words, n does not go into it if there is a borrow.
func (r *routine) add(k int) {
	t := r.load(k)
	r.chain("ADDQ", "ADCQ", "BX", t)
	r.store(t)
	r.chain("SUBQ", "SBBQ", "DI", t)
	r.choose("CS", t)
	r.op("RET")
}

// sub: n is added, but x-y stays if there was no borrow, which AX remembers.
func (r *routine) sub(k int) {
	t := r.load(k)
	r.chain("SUBQ", "SBBQ", "BX", t)
	r.op("SBBQ AX, AX")
	r.store(t)
	r.chain("ADDQ", "ADCQ", "DI", t)
	r.op("TESTQ AX, AX")
	r.choose("EQ", t)
	r.op("RET")
}
