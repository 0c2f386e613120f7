package algebraic

import "math/big"

// Aurifeuillian factorizations. Let s > 1 have no square factor, and let s' be s for s
// = 1 mod 4 and 2s otherwise. There are polynomials C of degree phi(s')/2 and D of one
// degree less with
//
//	Phi_s'(x) = C(x)^2 - s x D(x)^2.
//
// If s x = r^2 is a square, the right side is (C(x) - r D(x)) (C(x) + r D(x)). That is
// so for x = a^h with a = s t^2 and odd h, where r = s^((h+1)/2) t^h. And Phi_d(a)
// divides Phi_s'(a^h) if d = s'h.
//
// Sources: A. Schinzel, On primitive prime factors of a^n-b^n, Proc. Cambridge Phil.
// Soc. 58 (1962); R. P. Brent, On computing factors of cyclotomic polynomials, Math.
// Comp. 61 (1993), algorithm L.

// maxSquarefree is the largest s that is used. The coefficients of C and D up to there
// are below 2^31 (TestLucas), so that a sum of a thousand products with s fits into a
// word.
const maxSquarefree = 200

// aurifeuillian returns C(x) - r D(x) for x = Base^(d/s'), which shares a factor with
// Phi_d(Base). It returns nil if no s gives a factorization.
func (f Form) aurifeuillian(d int) *big.Int {
	for s := 2; s <= min(maxSquarefree, d); s++ {
		h := d / prime4(s)
		if d%prime4(s) != 0 || h%2 == 0 || moebius(s) == 0 {
			continue
		}
		t := f.root(s)
		if t == nil {
			continue
		}
		x := new(big.Int).Exp(f.Base, big.NewInt(int64(h)), nil)
		r := new(big.Int).Exp(t, big.NewInt(int64(h)), nil)
		r.Mul(r, new(big.Int).Exp(big.NewInt(int64(s)), big.NewInt(int64(h+1)/2), nil))
		c, e := lucas(s)
		l := evaluate(c, x)
		return l.Sub(l, r.Mul(r, evaluate(e, x)))
	}
	return nil
}

// prime4 returns s'.
func prime4(s int) int {
	if s%4 == 1 {
		return s
	}
	return 2 * s
}

// root returns t with Base = s t^2, or nil if there is none.
func (f Form) root(s int) *big.Int {
	q, r := new(big.Int).QuoRem(f.Base, big.NewInt(int64(s)), new(big.Int))
	if r.Sign() != 0 {
		return nil
	}
	t := r.Sqrt(q)
	if new(big.Int).Mul(t, t).Cmp(q) != 0 {
		return nil
	}
	return t
}

// lucas returns the coefficients of C and D, the constant ones first. They follow from
// the power sums of the zeros by Newton's identities, up to the middle; both
// polynomials are palindromes.
func lucas(s int) (c, d []int64) {
	m := prime4(s)
	half := totient(m) / 2
	q := func(k int) int64 { return powerSum(s, m, k) }
	c, d = make([]int64, half+1), make([]int64, half)
	c[0], d[0] = 1, 1
	for k := 1; k <= half/2; k++ {
		var sum int64
		for j := range k {
			sum += int64(s)*q(2*k-2*j-1)*d[j] - q(2*k-2*j)*c[j]
		}
		c[k] = sum / int64(2*k)
		sum = c[k]
		for j := range k {
			sum += q(2*k+1-2*j)*c[j] - q(2*k-2*j)*d[j]
		}
		d[k] = sum / int64(2*k+1)
	}
	// Both are palindromes.
	for k := half/2 + 1; k <= half; k++ {
		c[k] = c[half-k]
	}
	for k := half/2 + 1; k < half; k++ {
		d[k] = d[half-1-k]
	}
	return c, d
}

// powerSum returns the sum of the k-th powers of the zeros of C(x^2) - sqrt(s) x
// D(x^2), m = s'. For odd k it is divided by sqrt(s).
func powerSum(s, m, k int) int64 {
	if k%2 == 1 {
		return int64(big.Jacobi(big.NewInt(int64(s)), big.NewInt(int64(k))))
	}
	g := gcd(k, m)
	sum := int64(moebius(m/g) * totient(g))
	switch (s - 1) * (k / 2) % 4 { // sum * cos((s-1) k pi/4)
	case 0:
		return sum
	case 2:
		return -sum
	default:
		return 0
	}
}

// gcd returns the greatest common divisor of a and b.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// evaluate returns the value at x of the polynomial with the coefficients c, by
// Horner's rule.
func evaluate(c []int64, x *big.Int) *big.Int {
	v := new(big.Int)
	for i := len(c) - 1; i >= 0; i-- {
		v.Mul(v, x)
		v.Add(v, big.NewInt(c[i]))
	}
	return v
}
