package factor

import (
	"math"
	"math/big"

	"factorfleet/internal/factor/prime"
)

// perfectPower returns the b and the largest k with n = b^k; k = 1 if n is no
// power. Requires n > 1 without prime factors below prime.Bound.
//
// Then b > 2^16, so that only exponents k < log2(n)/16 come into question, at
// most 1024 for 16,384 bits.
func perfectPower(n *big.Int) (base *big.Int, exp int) {
	base, exp = n, 1
	words := prime.Words(n)
	for _, p := range prime.Small() {
		k := int(p)
		if 16*k >= base.BitLen() {
			break
		}
		for mayBePower(words, p) {
			root := kthRoot(base, k)
			if root == nil {
				break
			}
			base, exp = root, exp*k
			words = prime.Words(base)
		}
	}
	return base, exp
}

// anyPower works like perfectPower for n > 3 that may have small prime factors. An exponent divides
// the number of factors 2, if there are some; odd n are at least 3^k.
func anyPower(n *big.Int) (base *big.Int, exp int) {
	base, exp = n, 1
	words := prime.Words(n)
	twos := int(n.TrailingZeroBits())
	for _, p := range prime.Small() {
		k := int(p)
		if twos > 0 && k > twos || k >= base.BitLen() {
			break
		}
		for (twos == 0 || twos%k == 0) && mayBePower(words, p) {
			root := kthRoot(base, k)
			if root == nil {
				break
			}
			base, exp, twos = root, exp*k, twos/k
			words = prime.Words(base)
		}
	}
	return base, exp
}

// mayBePower reports whether n may be a k-th power, k prime. It looks at n modulo
// two or three primes q = 1 mod k: only one residue in k is a k-th power there,
// 0 and those with n^((q-1)/k) = 1.
func mayBePower(n []uint64, k uint32) bool {
	tests := 3
	if k == 2 {
		tests = 8
	}
	for q := 2*uint64(k) + 1; tests > 0 && q < 1<<32; q += 2 * uint64(k) {
		if !prime.IsPrime(q) {
			continue
		}
		tests--
		if r := prime.Mod(n, q); r != 0 && powMod(r, (q-1)/uint64(k), q) != 1 {
			return false
		}
	}
	return true
}

// powMod returns a^e mod q. Requires a < q < 2^32.
func powMod(a, e, q uint64) uint64 {
	z := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			z = z * a % q
		}
		a = a * a % q
	}
	return z
}

// kthRoot returns the r with r^k = n, or nil. Requires k >= 2, n >= 2.
//
// Newton's iteration r' = ((k-1)r + n/r^(k-1))/k descends from any start above the root
// and stops at its floor.
func kthRoot(n *big.Int, k int) *big.Int {
	r := startAbove(n, k)
	if k == 2 {
		r.Sqrt(n)
	}
	var power, q big.Int
	bk, bk1 := big.NewInt(int64(k)), big.NewInt(int64(k-1))
	for k > 2 {
		power.Exp(r, bk1, nil)
		q.Quo(n, &power)
		power.Mul(r, bk1)
		q.Quo(q.Add(&q, &power), bk)
		if q.Cmp(r) >= 0 {
			break
		}
		r.Set(&q)
	}
	if power.Exp(r, bk, nil).Cmp(n) != 0 {
		return nil
	}
	return r
}

// startAbove returns a number that is at least the k-th root of n and at most
// 2^-40 above it, in parts, so that Newton's iteration soon doubles the correct digits.
func startAbove(n *big.Int, k int) *big.Int {
	// log2(n), from the leading 64 bits.
	shift := max(n.BitLen()-64, 0)
	lead := new(big.Int).Rsh(n, uint(shift)).Uint64()
	log := (math.Log2(float64(lead)) + float64(shift)) / float64(k)
	whole := math.Floor(log)
	// 2^(log-whole), rounded up by more than the errors of float64.
	frac := uint64(math.Exp2(log-whole)*(1<<40)) + 1<<4
	r := new(big.Int).SetUint64(frac)
	if whole >= 40 {
		return r.Lsh(r, uint(whole)-40)
	}
	r.Rsh(r, 40-uint(whole))
	return r.Add(r, one)
}
