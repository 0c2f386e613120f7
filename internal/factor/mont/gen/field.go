package main

import "fmt"

// A field says how the residues modulo the n of each lane are held, and in what
// ranges. A number is held in limbs of 52 bits, the least significant first, each a
// vector of 8 lanes; VPMADD52LUQ and VPMADD52HUQ add the low and the high 52 bits of the
// product of two limbs, of which they see the low 52 bits, to an accumulator of 64 bits.
// R = 2^(52*limbs).
//
// There are two kinds. A lazy field, for 16n <= R, has n < 2^100 or 2^152 for 2 or 3
// limbs, and reduces without comparing:
//
//	mul, sqr           operands a*b < R*n, as all below 4n are; result < 2n
//	mulPlus, sqrPlus   the same plus 2n; result < 4n
//	add, sub           operands < 2n; result < 4n
//
// A strict field has one limb, n < 2^52, and every operand and result is below n.
// Either way mul takes what add and sub return, and these take what mul returns.
//
// With more than one limb mul, sqr, add and sub return raw limbs: the number is
// the sum of limb[i]*2^(52i), but a limb may have more than 52 bits, fewer than 57,
// or (of sub) be negative. Operands of mul and sqr must be normalised, those of add and
// sub need not be. Numbers in memory are normalised.
//
// A number for products only need not be normalised but carried: limbs but the top one
// may have anything above their 52 bits, where a product does not look.
//
// A short field has numbers below 2^(52*limbs-26) at most, so that the product of two
// top limbs has no high word.
type field struct {
	limbs  int
	groups int  // vectors side by side: 8*groups lanes
	strict bool // see above
	short  bool // see above
}

// A num is a number in registers, or in memory as an operand: its limbs.
type num []string

// mem returns the address of vector i behind the register base.
func mem(base string, i int) string { return fmt.Sprintf("%d(%s)", 64*i, base) }

// at returns the number of group g at base. In memory the limbs of all groups follow
// each other: limb i of lane l is word i*8*groups + l.
func (k *kernel) at(base string, g int) num {
	n := make(num, k.limbs)
	for i := range n {
		n[i] = mem(base, i*k.groups+g)
	}
	return n
}

// The constants of the moduli are at CX: the limbs of n, those of 2n, and the inverse
// word: n^-1 mod 2^52 for one limb, -n^-1 mod 2^52 for more.

// n returns n for group g, as operands.
func (k *kernel) n(g int) num { return k.at("CX", g) }

// twice returns 2n for group g.
func (k *kernel) twice(g int) num {
	t := make(num, k.limbs)
	for i := range t {
		t[i] = mem("CX", (k.limbs+i)*k.groups+g)
	}
	return t
}

// inverse returns the inverse word for group g.
func (k *kernel) inverse(g int) string { return mem("CX", 2*k.limbs*k.groups+g) }

// slot returns the number of group g that is i numbers behind base, as operands.
func (k *kernel) slot(base string, i, g int) num {
	r := make(num, k.limbs)
	for j := range r {
		r[j] = mem(base, (i*k.limbs+j)*k.groups+g)
	}
	return r
}

// loadAt loads it.
func (k *kernel) loadAt(base string, i, g int) num {
	r := k.regs(k.limbs)
	for j, m := range k.slot(base, i, g) {
		k.op("VMOVDQU64 %s, %s", m, r[j])
	}
	return r
}

// storeAt puts a there and drops it.
func (k *kernel) storeAt(a num, base string, i, g int) {
	for j, m := range k.slot(base, i, g) {
		k.op("VMOVDQU64 %s, %s", a[j], m)
	}
	k.drop(a)
}

func (k *kernel) regs(count int) num {
	n := make(num, count)
	for i := range n {
		n[i] = k.reg()
	}
	return n
}

// zeros returns registers set to 0.
func (k *kernel) zeros(count int) num {
	n := k.regs(count)
	for _, r := range n {
		k.op("VPXORQ %s, %s, %s", r, r, r)
	}
	return n
}

func (k *kernel) madlo(acc, a, b string) { k.op("VPMADD52LUQ %s, %s, %s", b, a, acc) }

func (k *kernel) madhi(acc, a, b string) { k.op("VPMADD52HUQ %s, %s, %s", b, a, acc) }

// mul returns a*b/R modulo n in group g. b may be an operand in memory. It drops
// neither.
func (k *kernel) mul(g int, a, b num) num {
	if k.limbs == 1 {
		return k.mul1(g, a, b)
	}
	return k.redc(g, k.multiply(k.zeros(2*k.limbs), a, b))
}

// mulPlus returns mul + 2n, at no cost. It is what a subtraction without more ado needs. Not
// for one limb.
func (k *kernel) mulPlus(g int, a, b num) num { return k.redc(g, k.multiply(k.zerosPlus(g), a, b)) }

// zerosPlus returns the accumulators 2n*R.
func (k *kernel) zerosPlus(g int) num {
	t := k.zeros(k.limbs)
	for _, m := range k.twice(g) {
		r := k.reg()
		k.op("VMOVDQU64 %s, %s", m, r)
		t = append(t, r)
	}
	return t
}

// multiply adds a*b to the accumulators t and returns them.
func (k *kernel) multiply(t, a, b num) num {
	for i := range a {
		for j := range b {
			k.madlo(t[i+j], a[i], b[j])
		}
		for j := range b {
			if !k.short || i+j < 2*k.limbs-2 {
				k.madhi(t[i+j+1], a[i], b[j])
			}
		}
	}
	return t
}

// sqr returns a*a/R mod n in group g. It works like mul, with half of the mixed products
// doubled. a must be normalised or carried, and in registers.
//
// The limb to double is the top one, below 2^51 since a*a < R*n <= R^2/16, or by the ranges
// of short; the limbs 0 and 1 of three are multiplied twice instead.
func (k *kernel) sqr(g int, a num) num {
	if k.limbs == 1 {
		return k.mul1(g, a, a)
	}
	return k.redc(g, k.square(k.zeros(2*k.limbs), a))
}

// sqrPlus returns sqr + 2n, like mulPlus.
func (k *kernel) sqrPlus(g int, a num) num { return k.redc(g, k.square(k.zerosPlus(g), a)) }

// square adds a*a to the accumulators t and returns them.
func (k *kernel) square(t, a num) num {
	top := len(a) - 1
	double := k.reg()
	k.op("VPADDQ %s, %s, %s", a[top], a[top], double)
	for i := range a {
		for j := i; j < len(a); j++ {
			b, times := a[j], 1
			switch {
			case i < j && j == top:
				b = double
			case i < j:
				times = 2
			}
			for range times {
				k.madlo(t[i+j], a[i], b)
				if !k.short || i+j < 2*top {
					k.madhi(t[i+j+1], a[i], b)
				}
			}
		}
	}
	k.drop(num{double})
	return t
}

// redc returns t/R modulo n, raw, of the 2*limbs accumulators t, and drops what is
// left of them. Requires t < R*n; the result is < 2n. If 2n*R was added to t it is 2n more.
//
// Step i adds q*n*2^(52i) with q = -t[i]/n mod 2^52, so that t becomes divisible
// by 2^(52(i+1)), and moves t[i] into t[i+1]. The low word of q*n, which makes t[i]
// divisible by 2^52, is less than 2^52: t[i] rises to the next multiple, and its
// carry is (t[i] + 2^52-1) / 2^52. No product is needed for that.
//
// In all q's make less than R, thus the result is less than (R*n + R*n)/R = 2n. An
// accumulator gets at most 4*limbs <= 12 terms below 2^52 and a carry below 2^5: it stays below
// 2^56.
func (k *kernel) redc(g int, t num) num {
	n := k.n(g)
	for i := range k.limbs {
		q := k.zeros(1)[0]
		k.madlo(q, t[i], k.inverse(g))
		k.op("VPADDQ %s, %s, %s", maskReg, t[i], t[i])
		k.op("VPSRLQ $52, %s, %s", t[i], t[i])
		k.op("VPADDQ %s, %s, %s", t[i], t[i+1], t[i+1])
		for j := 1; j < k.limbs; j++ {
			k.madlo(t[i+j], q, n[j])
		}
		for j := range n {
			k.madhi(t[i+j+1], q, n[j])
		}
		k.drop(num{q})
	}
	k.drop(t[:k.limbs])
	return t[k.limbs:]
}

// mul1 is mul for one limb, strict.
//
// With q = a*b/n mod 2^52 the low words of a*b and q*n are the same, and a*b/R - q*n/R
// is the difference of their high words, both below n. A difference below 0, which as an unsigned
// word is above 2^63, is larger than itself plus n.
func (k *kernel) mul1(g int, a, b num) num {
	n := k.n(g)[0]
	t := k.zeros(3)
	lo, q, h := t[0], t[1], t[2]
	k.madlo(lo, a[0], b[0])
	hi := k.zeros(1)[0]
	k.madhi(hi, a[0], b[0])
	k.madlo(q, lo, k.inverse(g))
	k.madhi(h, q, n)
	k.op("VPSUBQ %s, %s, %s", h, hi, hi)
	k.op("VPADDQ %s, %s, %s", n, hi, lo)
	k.op("VPMINUQ %s, %s, %s", lo, hi, hi)
	k.drop(t)
	return num{hi}
}
