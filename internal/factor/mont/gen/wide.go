package main

import "fmt"

func init() { register("lanes_wide", emitWideLanes) }

// The machines of WideLanes: 8 lanes of one modulus n < 2^(52*limbs-6), so that 64n <= R. The
// field is lazy in the sense of field.go with the ranges of points in curve.go: products of
// operands a*b < R*n are below 2n, or 4n if 2n is added to them, and the largest operands are
// below 6n.
//
// Of numbers of so many limbs only one or two are in registers at a time, the others in memory:
// as operands the limbs of a num are addresses.
//
// The code of an instruction would be long if each product was written out. There are
// three cores instead: two products u = a*b + 2n and v = c*d whose instructions alternate, two
// squares, and one product. Their operands are at R8 to R11. AX is the number of the stage that
// follows, which has u and v in registers. R12 is the destination of the instruction, R13 the difference of points.
//
// Above maxPairLimbs the products of a core come one after the other, and the rows of each in
// a loop, for even numbers of limbs only: see loop.go.
const minWideLimbs, maxPairLimbs, maxWideLimbs = 3, 10, 20

func emitWideLanes(f *file) {
	for limbs := minWideLimbs; limbs <= maxWideLimbs; limbs++ {
		if limbs > maxPairLimbs && limbs%2 == 1 {
			continue
		}
		name := fmt.Sprintf("runWide%d", limbs)
		k := f.kernel(name, fmt.Sprintf("%s executes count instructions, which is not 0, on 8 lanes of %d limbs.", name, limbs),
			field{limbs: limbs, groups: 1}, param{"ctx", "*uint64"}, param{"mem", "*uint64"}, param{"code", "*Instruction"}, param{"count", "int"})
		k.op("MOVQ ctx+0(FP), CX")
		k.op("MOVQ mem+8(FP), DI")
		k.op("MOVQ code+16(FP), SI")
		k.op("MOVQ count+24(FP), BX")
		k.wideMachine()
	}
}

// At CX, a word for all lanes each, are the limbs of n, those of 2n and -n^-1 mod 2^52; then, at
// a cache line, the scratch numbers, which are vectors.

func (k *kernel) wordN(i int) string { return fmt.Sprintf("%d(CX)", 8*i) }

func (k *kernel) wordTwice(i int) string { return fmt.Sprintf("%d(CX)", 8*(k.limbs+i)) }

func (k *kernel) wordInverse() string { return fmt.Sprintf("%d(CX)", 16*k.limbs) }

// scratchAt is the offset of a scratch number.
func (k *kernel) scratchAt(i int) int { return (8*(2*k.limbs+1)+63)/64*64 + i*k.slotSize() }

func (k *kernel) scratch(i int) num {
	r := make(num, k.limbs)
	for j := range r {
		r[j] = fmt.Sprintf("%d(CX)", k.scratchAt(i)+64*j)
	}
	return r
}

func (k *kernel) load(m string) string {
	r := k.reg()
	k.op("VMOVDQU64 %s, %s", m, r)
	return r
}

func (k *kernel) broadcast(m string) string {
	r := k.reg()
	k.op("VPBROADCASTQ %s, %s", m, r)
	return r
}

func (k *kernel) storeTo(a, to num) {
	for i := range a {
		k.op("VMOVDQU64 %s, %s", a[i], to[i])
	}
}

// A sum is the accumulators of a product. Before step i of the reduction those below i are
// done with; those above i+limbs are not there yet, which is 0 or the 2n*R to add. The lower
// half is more by 2^52-1, see reduce.
type sum struct {
	k    *kernel
	t    num
	plus bool
}

func (k *kernel) newSum(plus bool) *sum { return &sum{k, make(num, 2*k.limbs), plus} }

// at returns accumulator i.
func (s *sum) at(i int) string {
	if s.t[i] == "" {
		switch {
		case i < s.k.limbs:
			s.t[i] = s.k.copied(num{maskReg})[0]
		case s.plus:
			s.t[i] = s.k.broadcast(s.k.wordTwice(i - s.k.limbs))
		default:
			s.t[i] = s.k.zeros(1)[0]
		}
	}
	return s.t[i]
}

// add adds x*y, both in registers, to the accumulators i and i+1.
func (s *sum) add(i int, x, y string) {
	s.k.madlo(s.at(i), x, y)
	s.k.madhi(s.at(i+1), x, y)
}

// reduce is step i of redc, see there. Of the 4*limbs+1 terms of an accumulator none is above
// 2^52, but for the carry below 2^7: for 20 limbs it stays below 2^59.
//
// The 2^52-1 that is to be added before the shift is in the accumulator from the beginning,
// which thus is 1 too low modulo 2^52: q = -(t+1)/n begins with -1/n instead of 0.
func (s *sum) reduce(i int) {
	s.reduceAt(i)
	s.k.drop(num{s.t[i]})
}

// reduceAt is reduce but for dropping the accumulator.
func (s *sum) reduceAt(i int) {
	k := s.k
	q := k.broadcast(k.wordInverse())
	k.op("VPMADD52LUQ.BCST %s, %s, %s", k.wordInverse(), s.t[i], q)
	k.op("VPSRLQ $52, %s, %s", s.t[i], s.t[i])
	k.op("VPADDQ %s, %s, %s", s.t[i], s.at(i+1), s.at(i+1))
	for j := range k.limbs {
		y := k.broadcast(k.wordN(j))
		if j > 0 {
			k.madlo(s.at(i+j), q, y)
		}
		k.madhi(s.at(i+j+1), q, y)
		k.drop(num{y})
	}
	k.drop(num{q})
}

// result returns the upper half, raw.
func (s *sum) result() num { return s.t[s.k.limbs:] }

// wideMul returns a*b/R mod n, plus 2n if there is to be, of operands in memory, raw. A row of
// the product and a step of the reduction take turns, which takes limbs+1 accumulators.
func (k *kernel) wideMul(a, b num, plus bool) num {
	s := k.newSum(plus)
	for i := range a {
		x := k.load(a[i])
		for j := range b {
			y := k.load(b[j])
			s.add(i+j, x, y)
			k.drop(num{y})
		}
		k.drop(num{x})
		s.reduce(i)
	}
	return s.result()
}

// wideSqr is wideMul for a = b, normalised. From minSquareLimbs on it takes the mixed products
// once and doubles their second factors. Those of a[i] are the limbs above i of 2a', where a'
// is a without the limbs up to i: the first is 2*a[i+1], of which a product sees the low 52
// bits, and the others are those of 2a, which are put into the scratch number double. a < R/6:
// the top limb of 2a has no more than 52 bits.
func (k *kernel) wideSqr(a num, plus bool, double int) num {
	if k.limbs < minSquareLimbs {
		return k.wideMul(a, a, plus)
	}
	d := k.scratch(double)
	below := k.load(a[1])
	for j := 2; j < k.limbs; j++ {
		x := k.load(a[j])
		k.op("VPSRLQ $51, %s, %s", below, below)
		k.op("VPADDQ %s, %s, %s", x, below, below)
		k.op("VPADDQ %s, %s, %s", x, below, below)
		k.op("VMOVDQU64 %s, %s", below, d[j])
		k.drop(num{below})
		below = x
	}
	k.drop(num{below})
	s := k.newSum(plus)
	for i := range a {
		x := k.load(a[i])
		s.add(2*i, x, x)
		for j := i + 1; j < k.limbs; j++ {
			var y string
			if j == i+1 {
				y = k.load(a[j])
				k.op("VPADDQ %s, %s, %s", y, y, y)
			} else {
				y = k.load(d[j])
			}
			s.add(i+j, x, y)
			k.drop(num{y})
		}
		k.drop(num{x})
		s.reduce(i)
	}
	return s.result()
}

// minSquareLimbs is by BenchmarkWideLanes.
const minSquareLimbs = 5
