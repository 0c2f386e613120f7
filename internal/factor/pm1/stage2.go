package pm1

import (
	"math/big"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// Stage 2 of p-1 and of p+1. It writes a prime as q = m*D + j or q = m*D - j with 0 <=
// j < D/2, and multiplies the differences V(m*D) - V(j). For p-1 V(k) = h^k + h^-k. For
// p+1 V(k) = x^k + x^-k with h = x + 1/x. With a = m*D, b = j:
//
//	V(a) - V(b) = (x^(a+b) - 1) (x^(a-b) - 1) / x^a
//
// So the difference is 0 mod p exactly if x^(m*D+j) = 1 or x^(m*D-j) = 1. Two primes
// with the same m and j are one pair. The next V follows from the two before it:
//
//	V(a+b) = V(a) V(b) - V(a-b)

// giantStep returns D, a multiple of 6 with many small primes, so that few j are prime
// to it. The babies take D/6 products.
func giantStep(b2 uint64) uint64 {
	switch {
	case b2 >= 5e6:
		return 30030
	case b2 >= 1e5:
		return 2310
	default:
		return 210
	}
}

// A stage2 is the work of stage 2 on one h.
type stage2 struct {
	*search
	d            uint64
	first        mont.Element   // V(1)
	babies       []mont.Element // V(j) of the j = 1, 5, 7, 11, ... prime to 6, at the index j/3
	step         mont.Element   // V(D)
	m            uint64
	giant, other mont.Element // V(m*D), V((m-1)*D)
	seen         []uint64     // seen[j/3]: 1 + the last m that had the pair (m, j)
	product, t2  mont.Element
}

// stage2 multiplies the differences over the primes b1 < q <= b2, all above 3, and
// returns the gcd of the product and n if it is above 1. If careful is set, it takes a
// gcd after each pair and returns the first proper divisor.
func (s *search) stage2(b1, b2 uint64, careful bool) *big.Int {
	it := prime.Primes(b1+1, b2)
	q := it.Next()
	if q == 0 {
		return nil
	}
	e := s.newStage2(giantStep(b2), (q+giantStep(b2)/2)/giantStep(b2))
	for ; q != 0 && s.err == nil; q = it.Next() {
		for m := (q + e.d/2) / e.d; e.m < m; {
			e.next()
		}
		j := max(q, e.m*e.d) - min(q, e.m*e.d)
		if e.seen[j/3] == e.m+1 {
			continue
		}
		e.seen[j/3] = e.m + 1
		s.w.Sub(e.t2, e.giant, e.babies[j/3])
		if careful {
			if d := s.proper(e.t2); d != nil {
				return d
			}
		}
		s.mul(e.product, e.product, e.t2)
	}
	if d := s.gcd(e.product); !careful && d.Cmp(one) != 0 {
		return d
	}
	return nil
}

// newStage2 returns the work with the giant step d, from the giant m on.
func (s *search) newStage2(d, m uint64) *stage2 {
	w := s.w
	e := &stage2{search: s, d: d, m: m, first: w.New(), step: w.New(), giant: w.New(), other: w.New(),
		product: w.New(), t2: w.New(), babies: w.NewSlice(int(d/6) + 1), seen: make([]uint64, d/6+1)}
	copy(e.product, w.One())
	copy(e.first, s.h)
	if !s.plus {
		// V(1) = h + 1/h. h is a power of 3, which is prime to n.
		inv := w.Value(new(big.Int), s.h)
		w.SetBig(e.first, inv.ModInverse(inv, w.N()))
		w.Add(e.first, e.first, s.h)
	}
	e.set(e.step, d)
	e.set(e.giant, m*d)
	if m == 0 {
		copy(e.other, e.step) // V(-D) = V(D)
	} else {
		e.set(e.other, (m-1)*d)
	}
	six := w.New()
	e.set(six, 6)
	e.set(e.babies[0], 1)
	e.set(e.babies[1], 5)
	for i := 2; i < len(e.babies) && s.err == nil; i++ {
		// V(j) = V(j-6) V(6) - V(j-12), and V(-j) = V(j): at first j-12 is -5 and then
		// -1.
		before := [...]int{1, 0}
		at := i - 4
		if at < 0 {
			at = before[i-2]
		}
		e.sum(e.babies[i], e.babies[i-2], six, e.babies[at])
	}
	return e
}

// set sets z = V(k).
func (e *stage2) set(z mont.Element, k uint64) {
	if k == 0 {
		copy(z, e.two)
		return
	}
	e.lucas(z, e.first, k)
}

// sum sets z = V(a+b), given x = V(a), y = V(b) and diff = V(a-b). z may be diff.
func (e *stage2) sum(z, x, y, diff mont.Element) {
	e.mul(e.t2, x, y)
	e.w.Sub(z, e.t2, diff)
}

// next computes the next giant: V((m+1)*D) = V(m*D) V(D) - V((m-1)*D).
func (e *stage2) next() {
	e.sum(e.other, e.giant, e.step, e.other)
	e.giant, e.other = e.other, e.giant
	e.m++
}
