package prime

import (
	"math/big"
	"math/bits"
)

// chains is the number of blocks that residues takes at once. A residue waits for two
// multiplications for each word, one after the other; those of independent blocks
// overlap.
const chains = 4

// A group has up to chains blocks. If there are fewer, the last one fills the other
// places of d and inv.
type group struct {
	d, inv [chains]uint64 // the products of the blocks, and their inverses modulo 2^64
	blocks []block
}

var groups = makeGroups(blocks)

func makeGroups(bs []block) []group {
	var gs []group
	for len(bs) > 0 {
		g := group{blocks: bs[:min(chains, len(bs))]}
		for i := range chains {
			b := g.blocks[min(i, len(g.blocks)-1)]
			g.d[i], g.inv[i] = b.product, inverse(b)
		}
		gs = append(gs, g)
		bs = bs[len(g.blocks):]
	}
	return gs
}

// inverse returns the inverse of the product of b modulo 2^64.
func inverse(b block) uint64 {
	inv := uint64(1)
	for _, d := range b.divs {
		inv *= d.inv
	}
	return inv
}

// residues returns for each product d of g a residue c, 0 <= c <= d, such that a
// divisor of d divides n exactly if it divides c. It is not n mod d, but needs no
// division.
//
// With B = 2^64, the words of n are taken in from the lowest up. Before and after each
// step i
//
//	n mod B^i = d Q - c B^i, 0 <= c <= d.
//
// Let w be the next word, t = w - c + bB with the borrow b, 0 <= t < B, and q = t/d mod
// B. Then qd = t + hB with h < d, since q < B. So w - c = qd - (h+b)B, and the next c
// is h+b <= d. At the end n = dQ - c B^k, and B has no factor in common with d, which
// is odd.
func (g *group) residues(n []uint64) (c [chains]uint64) {
	d0, d1, d2, d3 := g.d[0], g.d[1], g.d[2], g.d[3]
	i0, i1, i2, i3 := g.inv[0], g.inv[1], g.inv[2], g.inv[3]
	var c0, c1, c2, c3 uint64
	for _, w := range n {
		t0, b0 := bits.Sub64(w, c0, 0)
		t1, b1 := bits.Sub64(w, c1, 0)
		t2, b2 := bits.Sub64(w, c2, 0)
		t3, b3 := bits.Sub64(w, c3, 0)
		h0, _ := bits.Mul64(t0*i0, d0)
		h1, _ := bits.Mul64(t1*i1, d1)
		h2, _ := bits.Mul64(t2*i2, d2)
		h3, _ := bits.Mul64(t3*i3, d3)
		c0, c1, c2, c3 = h0+b0, h1+b1, h2+b2, h3+b3
	}
	return [chains]uint64{c0, c1, c2, c3}
}

// Divide calls found for each odd prime p below Bound that divides n > 0, in ascending
// order, with the exponent of p in n. It returns n without these factors. It does not
// change n, but may return it. It ends early when the rest is 1 or a prime.
func Divide(n *big.Int, found func(p uint64, exp uint32)) *big.Int {
	words := Words(n)
	var hits []*Divisor
	for i := range groups {
		g := &groups[i]
		if len(words) <= 1 {
			return new(big.Int).SetUint64(divideWord(words[0], g.blocks[0].divs[0].P, found))
		}
		hits = g.divisors(hits[:0], words)
		if len(hits) > 0 {
			n = divideBy(n, words, hits, found)
			words = Words(n)
		}
	}
	return n
}

// divisors appends the primes of g that divide n to hits.
func (g *group) divisors(hits []*Divisor, n []uint64) []*Divisor {
	c := g.residues(n)
	for i, b := range g.blocks {
		for j := range b.divs {
			if _, ok := b.divs[j].Quotient(c[i]); ok {
				hits = append(hits, &b.divs[j])
			}
		}
	}
	return hits
}

// divideBy returns n without the primes in hits, all of which divide n, and calls found
// for each. words are the words of n.
//
// For each p it takes a residue c of n modulo p^m, the largest power of p that is a
// word. If p^m does not divide n, the exponent of p in c is that in n. Otherwise
// takeOut removes p^m as often as possible first. The powers of all p are then divided
// out together. Divisors that were taken out before do not change the exponent of
// another p.
func divideBy(n *big.Int, words []uint64, hits []*Divisor, found func(p uint64, exp uint32)) *big.Int {
	all, factor := big.NewInt(1), new(big.Int)
	for ; len(hits) > 0; hits = hits[min(chains, len(hits)):] {
		var g group
		var most [chains]uint32
		for i := range chains {
			d := hits[min(i, len(hits)-1)]
			g.d[i], g.inv[i], most[i] = d.wordPower()
		}
		for i, c := range g.residues(words) {
			if i == len(hits) {
				break
			}
			d, exp := hits[i], uint32(0)
			if c == 0 || c == g.d[i] {
				var mod *big.Int
				n, mod, exp = takeOut(n, factor.SetUint64(g.d[i]))
				c, exp = mod.Uint64(), exp*most[i]
			}
			times, power := d.exponent(c)
			all.Mul(all, factor.SetUint64(power))
			found(d.P, exp+times)
		}
	}
	return new(big.Int).Quo(n, all)
}

// wordPower returns the largest power P^m that is a word, its inverse modulo 2^64, and
// m.
func (d *Divisor) wordPower() (power, inv uint64, m uint32) {
	power, inv, m = d.P, d.inv, 1
	for power <= d.max {
		power, inv, m = power*d.P, inv*d.inv, m+1
	}
	return power, inv, m
}

// exponent returns the exponent of P in c > 0, and that power of P.
func (d *Divisor) exponent(c uint64) (exp uint32, power uint64) {
	power = 1
	for q, ok := d.Quotient(c); ok; q, ok = d.Quotient(q) {
		exp++
		power *= d.P
	}
	return exp, power
}

// divideWord works like Divide for n > 0 without prime factors below from.
func divideWord(n, from uint64, found func(p uint64, exp uint32)) uint64 {
	for i := range table {
		d := &table[i]
		if d.P < from {
			continue
		}
		if d.P*d.P > n {
			break
		}
		exp := uint32(0)
		for q, ok := d.Quotient(n); ok; q, ok = d.Quotient(n) {
			n = q
			exp++
		}
		if exp > 0 {
			found(d.P, exp)
		}
	}
	return n
}

// TakeOut returns n > 0 without its factors p > 1, and their number. It takes the time
// of a few multiplications of the length of n, whatever the exponent. It does not
// change n, but may return it.
func TakeOut(n, p *big.Int) (rest *big.Int, exp uint32) {
	rest, _, exp = takeOut(n, p)
	return rest, exp
}

// takeOut returns n > 0 without its factors p > 1, the rest modulo p, which is not 0,
// and the number of factors. It divides by p, p^2, p^4 and so on as long as that is
// possible, and then by these powers in descending order.
//
// After p has been divided out once, and then all p^2, one p is left exactly if rest
// mod p^2 = kp, k > 0. Then rest/p mod p = k.
func takeOut(n, p *big.Int) (rest, mod *big.Int, exp uint32) {
	q, r := new(big.Int).QuoRem(n, p, new(big.Int))
	if r.Sign() != 0 {
		return n, r, 0
	}
	rest, mod, exp = takeOut(q, new(big.Int).Mul(p, p))
	exp = 2*exp + 1
	k, left := r.QuoRem(mod, p, new(big.Int)) // rest may be q
	if left.Sign() != 0 {
		return rest, left, exp
	}
	return new(big.Int).Quo(rest, p), k, exp + 1
}
