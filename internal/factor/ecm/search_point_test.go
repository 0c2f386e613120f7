package ecm

import (
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
)

// A point is X:Z on the curve, x = X/Z; Z = 0 is the point at infinity.
type point struct{ x, z mont.Element }

// A field is the arithmetic modulo n, and the curve. Once err is set the
// computation is void and runs to its end without work.
type field struct {
	w     *mont.Wide
	a24   mont.Element // (A+2)/4
	t     [4]mont.Element
	check func() error
	done  int // word products since the last check
	err   error
}

func (f *field) init(n *big.Int, check func() error) {
	f.w, f.check = mont.NewWide(n), check
	f.a24 = f.w.New()
	for i := range f.t {
		f.t[i] = f.w.New()
	}
}

func (f *field) newPoint() point { return point{f.w.New(), f.w.New()} }

func (p point) set(q point) {
	copy(p.x, q.x)
	copy(p.z, q.z)
}

// work counts products modulo n and calls check when it is time.
func (f *field) work(products int) {
	f.done += 2 * products * f.w.Words() * f.w.Words()
	if f.done >= checkEvery {
		f.done = 0
		if f.err == nil {
			f.err = f.check()
		}
	}
}

// double sets r = 2p. r may be p.
//
//	4xz = (x+z)^2 - (x-z)^2
//	X = (x+z)^2 (x-z)^2,  Z = 4xz ((x-z)^2 + a24*4xz)
func (f *field) double(r, p point) {
	w, s, d, t := f.w, f.t[0], f.t[1], f.t[2]
	w.Add(s, p.x, p.z)
	w.Sub(d, p.x, p.z)
	w.Mul(s, s, s)
	w.Mul(d, d, d)
	w.Mul(r.x, s, d)
	w.Sub(s, s, d)
	w.Mul(t, s, f.a24)
	w.Add(t, t, d)
	w.Mul(r.z, s, t)
}

// add sets r = p+q, where diff = p-q or q-p. r may be any of them.
//
//	u = (px-pz)(qx+qz),  v = (px+pz)(qx-qz)
//	X = diffz (u+v)^2,   Z = diffx (u-v)^2
func (f *field) add(r, p, q, diff point) {
	w, u, v, s, t := f.w, f.t[0], f.t[1], f.t[2], f.t[3]
	w.Sub(u, p.x, p.z)
	w.Add(s, q.x, q.z)
	w.Mul(u, u, s)
	w.Add(v, p.x, p.z)
	w.Sub(t, q.x, q.z)
	w.Mul(v, v, t)
	w.Add(s, u, v)
	w.Sub(t, u, v)
	w.Mul(s, s, s)
	w.Mul(t, t, t)
	w.Mul(s, s, diff.z)
	w.Mul(r.z, t, diff.x)
	copy(r.x, s)
}

// ladder sets r = k*p and next = (k+1)*p by Montgomery's ladder. Requires k >= 1
// and p, r, next different.
//
// Before and after each step r = i*p and next = (i+1)*p, i the bits of k so far;
// their difference is p.
func (f *field) ladder(r, next, p point, k uint64) {
	r.set(p)
	f.double(next, p)
	for i := bits.Len64(k) - 2; i >= 0 && f.err == nil; i-- {
		if k>>i&1 == 1 {
			f.add(r, next, r, p)
			f.double(next, next)
		} else {
			f.add(next, next, r, p)
			f.double(r, r)
		}
		f.work(11)
	}
}

// suyama sets q and the curve by Suyama's parameter sigma:
//
//	u = sigma^2 - 5,  v = 4 sigma,  q = u^3 : v^3
//	(A+2)/4 = (v-u)^3 (3u+v) / (16 u^3 v)
//
// If the denominator has no inverse it returns its gcd with n, else nil.
func (f *field) suyama(q point, sigma uint64) *big.Int {
	w := f.w
	u, v, s, t := f.t[0], f.t[1], f.t[2], f.t[3]
	w.SetWord(v, sigma)
	w.SetWord(t, 5)
	w.Mul(u, v, v)
	w.Sub(u, u, t)
	w.Add(v, v, v)
	w.Add(v, v, v)
	w.Mul(s, u, u)
	w.Mul(q.x, s, u)
	w.Mul(s, v, v)
	w.Mul(q.z, s, v)

	w.SetWord(t, 16)
	w.Mul(s, q.x, v)
	w.Mul(s, s, t) // 16 u^3 v
	w.Sub(t, v, u)
	w.Mul(f.a24, t, t)
	w.Mul(f.a24, f.a24, t)
	w.Add(t, u, u)
	w.Add(t, t, u)
	w.Add(t, t, v)
	w.Mul(f.a24, f.a24, t) // (v-u)^3 (3u+v)
	if d := f.invert(s); d != nil {
		return d
	}
	w.Mul(f.a24, f.a24, s)
	return nil
}

// invert sets x = 1/x mod n and returns nil; if there is no inverse it returns
// gcd(x, n) > 1.
func (f *field) invert(x mont.Element) *big.Int {
	v := f.w.Value(new(big.Int), x)
	var inv big.Int
	if inv.ModInverse(v, f.w.N()) != nil {
		f.w.SetBig(x, &inv)
		return nil
	}
	return v.GCD(nil, nil, v, f.w.N())
}

// gcd returns gcd(x, n), which is n for x = 0.
func (f *field) gcd(x mont.Element) *big.Int {
	d := f.w.Raw(new(big.Int), x)
	return d.GCD(nil, nil, d, f.w.N())
}

// proper returns gcd(x, n) if it is neither 1 nor n, else nil.
func (f *field) proper(x mont.Element) *big.Int { return f.ifProper(f.gcd(x)) }

// ifProper returns d if it is neither 1 nor n, else nil.
func (f *field) ifProper(d *big.Int) *big.Int {
	if d.Cmp(one) == 0 || d.Cmp(f.w.N()) == 0 {
		return nil
	}
	return d
}
