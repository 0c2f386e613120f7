package main

import "fmt"

func init() { register("lanes_avx2", emitAVX2) }

// An avxMachine is a kind of machine of Lanes for AVX2. A point is X and Z in the first two of its slots;
// the others are not used.
type avxMachine struct {
	name    string
	bits    int // of the moduli
	vectors int
	arith   func(b avxBase) avxField
	euclid  bool // has GCDs
	orders  avxOrders
}

// avxOrders are the orders of the instructions.
type avxOrders struct{ add, double, pairs, mul, linear order }

// same has one order for all instructions but one for pairs.
func same(o, pairs order) avxOrders { return avxOrders{o, o, pairs, o, o} }

// pipeline is the order of instructions in stages.
func pipeline(interval, latency float64, far int) order {
	return order{interval: interval, latency: latency, far: far, stages: true}
}

// single is the order of instructions without stages.
func single(interval, latency float64, far int) order {
	return order{interval: interval, latency: latency, far: far}
}

// avxMachines are those of kinds in package mont, see there. Twelve vectors of doubles share the cost of an
// instruction best; the others have few enough to keep the program's memory in the first cache.
var avxMachines = []avxMachine{
	{"runFloat", 49, 12, func(b avxBase) avxField { return &floatField{b} }, true, avxOrders{
		pipeline(8, 1, 30), pipeline(8, 1, 30), single(4, 1, 8), pipeline(8, 1, 30), pipeline(8, 1, 30)}},
	{"runHalving", 52, 12, func(b avxBase) avxField { return &halvingField{floatField{b}} }, true, avxOrders{
		pipeline(12, 0.5, 30), pipeline(12, 1, 8), single(5, 1, 30), pipeline(8, 1, 30), pipeline(12, 0.5, 30)}},
	{"runShortInt", 60, 4, func(b avxBase) avxField { return &shortIntField{b} }, false,
		same(pipeline(10, 0.5, 8), single(5, 0.8, 8))},
	{"runInt63", 63, 4, func(b avxBase) avxField { return &intField{b, false} }, false,
		same(pipeline(10, 0.5, 8), single(5, 0.8, 8))},
	{"runInt64", 64, 4, func(b avxBase) avxField { return &intField{b, true} }, false,
		same(pipeline(10, 0.5, 8), single(5, 0.8, 8))},
	{"runPair46", 87, 4, func(b avxBase) avxField { return &pairField{b, 46, false} }, false,
		same(pipeline(30, 0.5, 3), single(20, 0.8, 3))},
	{"runPair50", 96, 4, func(b avxBase) avxField { return &pairField{b, 50, true} }, false,
		same(pipeline(30, 0.5, 3), single(20, 0.8, 3))},
}

func emitAVX2(f *file) {
	f.constants("lanes", []pinnedVector{{"one", 0x3ff << 52}, {"abs", 1<<63 - 1}})
	for _, m := range avxMachines {
		m.emit(f)
	}
}

// constants writes what pins load, each once, with a prefix to their names.
func (f *file) constants(prefix string, list []pinnedVector) {
	for _, p := range list {
		fmt.Fprintf(&f.text, "\nDATA %s_%s<>+0(SB)/8, $%#x\n", prefix, p.name, p.bits)
		fmt.Fprintf(&f.text, "GLOBL %s_%s<>(SB), RODATA|NOPTR, $8\n", prefix, p.name)
	}
}

// pin loads constants to registers from Y15 down and returns which.
func (k *kernel) pin(prefix string, list []pinnedVector) map[string]int {
	pins := make(map[string]int)
	for i, p := range list {
		pins[p.name] = 15 - i
		k.op("VBROADCASTSD %s_%s<>(SB), Y%d", prefix, p.name, 15-i)
	}
	return pins
}

// An avxWriter writes the instructions of a machine.
type avxWriter struct {
	*kernel
	avxMachine
	pins map[string]int
	size int // of a slot in vectors
	vec  int // of the code that is being written
	f    avxField
	g    *graph
}

func (m avxMachine) emit(f *file) {
	probe := m.arith(avxBase{})
	f.constants(m.name, probe.pins())
	doc := fmt.Sprintf("%s executes count instructions, which is not 0, on %d lanes of moduli below 2^%d.", m.name, 4*m.vectors, m.bits)
	f.head(m.name, doc, 0, []param{{"ctx", "*uint64"}, {"mem", "*uint64"}, {"code", "*Instruction"}, {"count", "int"}})
	k := &kernel{f: f}
	k.op("MOVQ ctx+0(FP), CX")
	k.op("MOVQ mem+8(FP), DI")
	k.op("MOVQ code+16(FP), SI")
	k.op("MOVQ count+24(FP), BX")
	w := &avxWriter{kernel: k, avxMachine: m, size: probe.limbs() * m.vectors}
	w.pins = k.pin(m.name, probe.pins())
	w.loop()
}

func (w *avxWriter) loop() {
	o := w.orders
	codes := []instructionCode{ // the most frequent first
		{opAdd, "add", func() { w.graph(o.add, w.pointAdd) }},
		{opPairs, "pairs", func() { w.graph(o.pairs, w.pairs) }},
		{opDouble, "double", func() { w.graph(o.double, w.pointDouble) }},
		{opMul, "mul", func() { w.graph(o.mul, w.mul) }},
		{opSum, "sum", func() { w.graph(o.linear, func() { w.linear(w.f.add) }) }},
		{opDiff, "diff", func() { w.graph(o.linear, func() { w.linear(w.f.sub) }) }},
		{opPoint, "point", func() {}},
	}
	if w.euclid {
		codes = append(codes, instructionCode{opGCD, "gcd", w.gcds})
	}
	w.machine(codes, 32*w.size)
}

// graph writes the code that body makes for one vector, for all of them.
func (w *avxWriter) graph(o order, body func()) {
	w.g = newGraph()
	w.f = w.arith(avxBase{g: w.g, base: "CX", vectors: w.vectors})
	for v := range w.vectors {
		w.one(v, body)
	}
	o.vectors = w.vectors
	w.g.emit(o, w.pins, "CX", w.f.constants()*w.vectors, w.op)
}

func (w *avxWriter) one(v int, body func()) {
	w.vec = v
	w.f.at(v)
	w.stage(0)
	body()
}

func (w *avxWriter) stage(s int) { w.g.at(w.vec, s) }

// number makes the number that is i slots behind base by load or fixed.
func (w *avxWriter) number(base string, i int, load func(string) *node) avxNum {
	n := make(avxNum, w.f.limbs())
	for j := range n {
		n[j] = load(vector(base, i*w.size+j*w.vectors+w.vec))
	}
	return n
}

func (w *avxWriter) load(base string, i int) avxNum { return w.number(base, i, w.g.load) }

func (w *avxWriter) store(base string, i int, a avxNum) {
	for j := range a {
		w.g.store(vector(base, i*w.size+j*w.vectors+w.vec), a[j])
	}
}

// pointAdd is as kernel.pointAdd says. Both factors of u are sums, and one of them half: see halvingField.
func (w *avxWriter) pointAdd() {
	f, dst, p, q, d := w.f, operandRegs[0], operandRegs[1], operandRegs[2], operandRegs[3]
	px, pz, qx, qz := w.load(p, 0), w.load(p, 1), w.load(q, 0), w.load(q, 1)
	u := f.mul(f.sub(px, pz), f.half(f.add(qx, qz)))
	v := f.mul(f.add(px, pz), f.half(f.sub(qx, qz)))
	s, t := f.half(f.add(u, v)), f.half(f.sub(u, v))
	w.stage(1)
	s, t = f.mul(s, s), f.mul(t, t)
	w.stage(2)
	x, z := f.half(f.mul(s, w.load(d, 1))), f.half(f.mul(t, w.load(d, 0)))
	w.store(dst, 0, x)
	w.store(dst, 1, z)
}

// pointDouble is as kernel.pointDouble says.
func (w *avxWriter) pointDouble() {
	f, dst, p := w.f, operandRegs[0], operandRegs[1]
	num, den := w.number("DI", slotNum, w.g.fixed), w.number("DI", slotDen, w.g.fixed)
	x, z := w.load(p, 0), w.load(p, 1)
	s, d := f.half(f.add(x, z)), f.half(f.sub(x, z))
	s, d = f.mul(s, s), f.mul(d, d)
	t := f.half(f.sub(s, d))
	w.stage(1)
	e := f.half(f.mul(d, den))
	y := f.half(f.add(e, f.mul(t, num)))
	w.stage(2)
	x, z = f.half(f.mul(s, e)), f.half(f.mul(t, y))
	w.store(dst, 0, x)
	w.store(dst, 1, z)
}

// pairs is as kernel.pairs says. A product depends on all that it is made of. In the order there are three
// vectors for each of the others.
func (w *avxWriter) pairs() {
	giant := w.number(operandRegs[0], 0, w.g.fixed)
	for i, baby := range operandRegs[1:] {
		w.g.at(3*w.vec+i, 0)
		d := w.f.sub(giant, w.number(baby, 0, w.g.fixed))
		w.store("DI", i, w.f.half(w.f.mul(w.number("DI", i, w.g.fixed), d)))
	}
}

func (w *avxWriter) mul() {
	w.store(operandRegs[0], 0, w.f.half(w.f.mul(w.load(operandRegs[1], 0), w.load(operandRegs[2], 0))))
}

func (w *avxWriter) linear(f func(a, b avxNum) avxNum) {
	w.store(operandRegs[0], 0, w.f.half(f(w.load(operandRegs[1], 0), w.load(operandRegs[2], 0))))
}

// gcds sets a slot to gcd(a, n), for numbers in one double: |a| <= 2^52 in another slot.
//
// It works by Euclid with the least remainders, up to half of the divisor: b is replaced by a and a by
// |b - q*a| with q = b/a rounded, until all a are 0; where a is 0 nothing changes. The quotient rounded
// to a double and then to an integer is off by less than 2^-1 + 2^-1, and b - q*a is exact.
func (w *avxWriter) gcds() {
	const atOnce = 6
	for first := 0; first < w.vectors; first += atOnce {
		count := min(atOnce, w.vectors-first)
		a, b := func(i int) string { return y(2 * i) }, func(i int) string { return y(2*i + 1) }
		w.op("VBROADCASTSD lanes_abs<>(SB), %s", y(14))
		for i := range count {
			w.op("VMOVUPD %s, %s", vector(operandRegs[1], first+i), a(i))
			w.op("VANDPD %s, %s, %s", y(14), a(i), a(i))
			w.op("VMOVUPD %s, %s", vector("CX", first+i), b(i))
		}
		w.gcdLoop(fmt.Sprint("gcdLoop", first), count, a, b)
		for i := range count {
			w.op("VMOVUPD %s, %s", b(i), vector(operandRegs[0], first+i))
		}
	}
}

// gcdLoop does it for count values a and b in registers. Y12 to Y14 are free.
func (w *avxWriter) gcdLoop(label string, count int, a, b func(int) string) {
	nonzero, divisor, q := y(12), y(13), y(14)
	w.label(label)
	for range 3 {
		for i := range count {
			w.op("VXORPD %s, %s, %s", nonzero, nonzero, nonzero)
			w.op("VCMPPD $4, %s, %s, %s", nonzero, a(i), nonzero) // not equal
			w.op("VBROADCASTSD lanes_one<>(SB), %s", divisor)
			w.op("VBLENDVPD %s, %s, %s, %s", nonzero, a(i), divisor, divisor)
			w.op("VDIVPD %s, %s, %s", divisor, b(i), q)
			w.op("VROUNDPD $8, %s, %s", q, q) // to nearest
			w.op("VFNMADD213PD %s, %s, %s", b(i), divisor, q)
			w.op("VBLENDVPD %s, %s, %s, %s", nonzero, a(i), b(i), b(i))
			w.op("VANDPD %s, %s, %s", nonzero, q, a(i))
			w.op("VBROADCASTSD lanes_abs<>(SB), %s", q)
			w.op("VANDPD %s, %s, %s", q, a(i), a(i))
		}
	}
	w.op("VORPD %s, %s, %s", a(0), a(1), q)
	for i := 2; i < count; i++ {
		w.op("VORPD %s, %s, %s", a(i), q, q)
	}
	w.op("VPTEST %s, %s", q, q)
	w.op("JNZ %s", label)
}
