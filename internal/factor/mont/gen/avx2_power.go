package main

import "fmt"

func init() { register("lanes_power_avx2", emitPowerAVX2) }

// The tests of vectorPowers, see there: step for step what the methods strong and lucas of vectorLane do, for eight vectors of
// four lanes. Let x be the number of the strong test and v, w those of the Lucas test, before and after each
// step. Their ranges, by the bounds (1) and (2) of the fields, are
//
//	float, n < 2^50     |x| <= n: |x*2x| <= 2n^2 gives |r| <= n/2 + n (n/2^51)(1+2^-54) < n and a
//	                    quotient up to 2n + 1/2 < 2^51
//	                    |v|, |w| <= 3n/4 + P: a product is up to n/2 + n (n/2^52)(3/4 + P/n)^2 (1+2^-54),
//	                    which is below 3n/4 for P <= n/4, and up to n/2 + 2^-8 for n < 2^20
//	halving, n < 2^52   |x|, |v|, |w| <= (n+1)/2, as half leaves them: 2x is a sum as mul allows it, and half
//	                    gets products of two such numbers, up to 3n/4 + 1, less P or 2
//	short int, n < 2^60 |x|, |v|, |w| <= 2n: a product is up to n, and is doubled, or a number below n is
//	                    subtracted
//	int, n < 2^64       below n
//
// P is below 2^16 and below n. 2^k modulo n is not 0, and a number that is 0 is no -0.0: a difference, and a sum
// of +0.0 and -0.0, that is 0 is +0.0, and a product -0.0 is added to l = +0.0.

// A powerKind is a row of the table of kinds of vectorPowers.
type powerKind struct {
	name string
	bits int
	over func(b avxBase) powerField // makes the arithmetic
}

// A powerField is an avxField with what the tests need besides.
type powerField interface {
	avxField
	// zero returns -1 in lanes where a = 0 modulo n, else 0, for -2n < a < 2n and vectors of 0 and n.
	zero(a avxNum, zero, n *node) *node
	// squareTwice returns x^2, or 2*x^2 where bit is negative.
	squareTwice(x avxNum, bit *node) avxNum
}

// powerVectors is the number of vectors: as many as have a bit each in the masks of Powers. The order of the
// instructions makes no difference with so many.
const powerVectors = 8

var powerKinds = []powerKind{
	{"Float", 50, func(b avxBase) powerField { return &floatField{b} }},
	{"Halving", 52, func(b avxBase) powerField { return &halvingField{floatField{b}} }},
	{"ShortInt", 60, func(b avxBase) powerField { return &shortIntField{b} }},
	{"Int63", 63, func(b avxBase) powerField { return &intField{b, false} }},
	{"Int64", 64, func(b avxBase) powerField { return &intField{b, true} }},
}

// powerOrder is the order of the instructions of all loops.
var powerOrder = order{interval: 6, latency: 1, far: 8, vectors: powerVectors}

// The slots of the state of vectorPowers.
const (
	powerX = iota // Lucas: V
	powerW
	powerOne
	powerTwo
	powerP
	powerExp
	powerPassed
	powerZero
	powerN
)

var (
	equalQ = &opcode{"VPCMPEQQ", 1, twoArgs, true}
	orQ    = &opcode{"VPOR", 1, twoArgs, true}
)

// zero: a less the next multiple of n is of least size, and exact.
func (f *floatField) zero(a avxNum, zero, n *node) *node {
	return f.g.op(equalQ, f.g.fnma(f.quotient(a[0]), f.constant(0), a[0]), zero)
}

func (f *shortIntField) zero(a avxNum, zero, n *node) *node {
	plus, minus := f.g.op(addQ, a[0], n), f.g.op(subQ, a[0], n)
	any := f.g.op(orQ, f.g.op(equalQ, a[0], zero), f.g.op(equalQ, plus, zero))
	return f.g.op(orQ, any, f.g.op(equalQ, minus, zero))
}

func (f *intField) zero(a avxNum, zero, n *node) *node { return f.g.op(equalQ, a[0], zero) }

func (f *floatField) squareTwice(x avxNum, bit *node) avxNum {
	return f.mul(x, avxNum{f.g.choose(x[0], f.g.add(x[0], x[0]), bit)})
}

func (f *halvingField) squareTwice(x avxNum, bit *node) avxNum {
	return f.half(f.floatField.squareTwice(x, bit))
}

func (f *shortIntField) squareTwice(x avxNum, bit *node) avxNum { return twice(f.g, f, x, bit) }
func (f *intField) squareTwice(x avxNum, bit *node) avxNum      { return twice(f.g, f, x, bit) }

// twice returns x^2, or the sum of two of them.
func twice(g *graph, f avxField, x avxNum, bit *node) avxNum {
	r := f.mul(x, x)
	return avxNum{g.choose(r[0], f.add(r, r)[0], bit)}
}

func emitPowerAVX2(f *file) {
	for _, kind := range powerKinds {
		f.constants("power"+kind.name, kind.over(avxBase{}).pins())
		w := &powerWriter{kernel: &kernel{f: f}, powerKind: kind}
		w.function("strong"+kind.name, "strong", w.strongStep, w.strongFirst, w.strongTail)
		w.function("lucas"+kind.name, "lucas", w.lucasStep, w.lucasFirst, w.lucasTail)
	}
}

// A powerWriter writes the kernels of a kind.
type powerWriter struct {
	*kernel
	powerKind
	pins map[string]int
	f    powerField
	g    *graph
}

// function writes a kernel: step for each bit, then first, and tail for each turn of the tail.
func (w *powerWriter) function(name, twin string, step, first, tail func()) {
	doc := fmt.Sprintf("%s works like vectorLane.%s in %d lanes of moduli below 2^%d.", name, twin, 4*powerVectors, w.bits)
	w.kernel.f.head(name, doc, 0, []param{{"ctx", "*uint64"}, {"state", "*uint64"}, {"bits", "int"}, {"tail", "int"}, {"passed", "*uint32"}})
	for i, r := range []string{"CX", "DI", "BX", "DX"} {
		w.op("MOVQ %s+%d(FP), %s", []string{"ctx", "state", "bits", "tail"}[i], 8*i, r)
	}
	w.pins = w.pin("power"+w.name, w.over(avxBase{}).pins())
	w.label("bits")
	w.graph(step)
	w.op("DECQ BX")
	w.op("JNZ bits")
	w.graph(first)
	w.label("tail")
	w.op("DECQ DX")
	w.op("JLT end")
	w.graph(tail)
	w.op("JMP tail")
	w.label("end")
	w.op("XORL AX, AX")
	for v := powerVectors - 1; v >= 0; v-- {
		w.op("VMOVUPD %s, Y0", vector("DI", powerPassed*powerVectors+v))
		w.op("VMOVMSKPD Y0, BX")
		w.op("SHLL $4, AX")
		w.op("ORL BX, AX")
	}
	w.op("MOVQ passed+32(FP), BX")
	w.op("MOVL AX, (BX)")
	w.ret()
}

// graph writes the code that body makes for one vector, for all of them.
func (w *powerWriter) graph(body func()) {
	w.g = newGraph()
	w.f = w.over(avxBase{g: w.g, base: "CX", vectors: powerVectors})
	for v := range powerVectors {
		w.f.at(v)
		w.g.at(v, 0)
		body()
	}
	w.g.emit(powerOrder, w.pins, "CX", w.f.constants()*powerVectors, w.op)
}

func (w *powerWriter) address(slot int) string { return vector("DI", slot*powerVectors+w.g.vec) }

// load returns what is in a slot, fixed what is in one that does not change.
func (w *powerWriter) load(slot int) avxNum     { return avxNum{w.g.load(w.address(slot))} }
func (w *powerWriter) fixed(slot int) avxNum    { return avxNum{w.g.fixed(w.address(slot))} }
func (w *powerWriter) store(slot int, a avxNum) { w.g.store(w.address(slot), a[0]) }
func (w *powerWriter) mul(a, b avxNum) avxNum   { return w.f.half(w.f.mul(a, b)) }
func (w *powerWriter) zero(a avxNum) *node {
	return w.f.zero(a, w.fixed(powerZero)[0], w.fixed(powerN)[0])
}
func (w *powerWriter) or(a, b *node) *node  { return w.g.op(orQ, a, b) }
func (w *powerWriter) and(a, b *node) *node { return w.g.op(andQ, a, b) }
func (w *powerWriter) pass(a *node)         { w.store(powerPassed, avxNum{a}) }
func (w *powerWriter) passed() *node        { return w.load(powerPassed)[0] }

// bit returns a vector that is negative where the next bit of the exponent is 1, and takes the bit off.
func (w *powerWriter) bit() *node {
	e := w.load(powerExp)[0]
	w.store(powerExp, avxNum{w.g.op(addQ, e, e)})
	return e
}

func (w *powerWriter) strongStep() {
	w.store(powerX, w.f.squareTwice(w.load(powerX), w.bit()))
}

// strongFirst passes where x is 1 or -1. The product with 1 is a stored number.
func (w *powerWriter) strongFirst() {
	one := w.fixed(powerOne)
	x := w.mul(w.load(powerX), one)
	w.store(powerX, x)
	w.pass(w.or(w.zero(w.f.sub(x, one)), w.zero(w.f.add(x, one))))
}

func (w *powerWriter) strongTail() {
	x := w.load(powerX)
	x = w.mul(x, x)
	w.store(powerX, x)
	w.pass(w.or(w.passed(), w.zero(w.f.add(x, w.fixed(powerOne)))))
}

func (w *powerWriter) lucasStep() {
	v, x, bit := w.load(powerX), w.load(powerW), w.bit()
	odd := w.f.half(w.f.sub(w.f.mul(v, x), w.fixed(powerP)))
	y := avxNum{w.g.choose(v[0], x[0], bit)}
	even := w.f.half(w.f.sub(w.f.mul(y, y), w.fixed(powerTwo)))
	w.store(powerX, avxNum{w.g.choose(even[0], odd[0], bit)})
	w.store(powerW, avxNum{w.g.choose(odd[0], even[0], bit)})
}

// lucasFirst passes where V = 2 and W = P, or V = -2 and W = -P.
func (w *powerWriter) lucasFirst() {
	one, two, p := w.fixed(powerOne), w.fixed(powerTwo), w.fixed(powerP)
	v, x := w.mul(w.load(powerX), one), w.mul(w.load(powerW), one)
	w.store(powerX, v)
	plus := w.and(w.zero(w.f.sub(v, two)), w.zero(w.f.sub(x, p)))
	minus := w.and(w.zero(w.f.add(v, two)), w.zero(w.f.add(x, p)))
	w.pass(w.or(plus, minus))
}

func (w *powerWriter) lucasTail() {
	v := w.load(powerX)
	w.pass(w.or(w.passed(), w.zero(v)))
	w.store(powerX, w.f.half(w.f.sub(w.f.mul(v, v), w.fixed(powerTwo))))
}
