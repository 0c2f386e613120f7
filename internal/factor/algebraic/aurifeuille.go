package algebraic

import "math/big"

// Let s > 1 have no square factor, and let s' be s for s = 1 mod 4 and 2s else. There are polynomials C
// of degree phi(s')/2 and D of one less with
//
//	Phi_s'(x) = C(x)^2 - s x D(x)^2.
//
// If s x is a square r^2 that is (C(x) - r D(x)) (C(x) + r D(x)). For x = a^h with a = s t^2 and odd h that is
// the case, r = s^((h+1)/2) t^h. And Phi_d(a) divides Phi_s'(a^h) if d = s'h.
//
// Sources: A. Schinzel, On primitive prime factors of a^n-b^n, Proc. Cambridge Phil. Soc. 58 (1962); R. P.
// Brent, On computing factors of cyclotomic polynomials, Math. Comp. 61 (1993), algorithm L.

// maxSquarefree is the largest s that is made use of. The coefficients up to there are below 2^31,
// which TestLucas knows, so that sums of a thousand products with s fit into a word.
const maxSquarefree = 200

// aurifeuillian returns C(x) - r D(x) for x = Base^(d/s'), or nil if Phi_d(Base) is not known to fall
// apart.
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

// root returns the t with Base = s t^2, or nil.
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

// lucas returns the coefficients of C and D, the constant ones first.
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

// powerSum returns the sum of the k-th powers of the zeros of C(x^2) - sqrt(s) x D(x^2), but for a factor
// sqrt(s) if k is odd; m = s'.
func powerSum(s, m, k int) int64 {
	if k%2 == 1 {
		return int64(big.Jacobi(big.NewInt(int64(s)), big.NewInt(int64(k))))
	}
	g := gcd(k, m)
	sum := int64(moebius(m/g) * totient(g))
	switch (s - 1) * (k / 2) % 4 { // the cosine of (s-1) k pi/4
	case 0:
		return sum
	case 2:
		return -sum
	default:
		return 0
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// evaluate returns the value at x of the polynomial with the coefficients c.
func evaluate(c []int64, x *big.Int) *big.Int {
	v := new(big.Int)
	for i := len(c) - 1; i >= 0; i-- {
		v.Mul(v, x)
		v.Add(v, big.NewInt(c[i]))
	}
	return v
}
