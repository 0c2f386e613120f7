package factor

import (
	"math"
	"math/big"

	"factorfleet/internal/factor/prime"
)

// perfectPower returns b and the largest k with n = b^k; k = 1 if n is no power.
// Requires n > 1 without prime factors below prime.Bound = 2^16.
//
// Then b > 2^16, so that k < log2(n)/16: at most 1024 for 16,384 bits. Only prime
// exponents are tried, each one as often as it fits.
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

// anyPower works like perfectPower for n > 3 that may have small prime factors. For
// even n = 2^t m, m odd, an exponent divides t. For odd n the base is at least 3, so
// that k < log2(n).
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

// mayBePower reports whether n may be a k-th power, k prime, by its residues modulo a
// few primes q with q = 1 mod k. The nonzero residues modulo q are a cyclic group of
// order q-1, so r is a k-th power if and only if r^((q-1)/k) = 1. One in k is. With
// three primes a random n passes with probability k^-3, for k = 2 with eight primes
// 2^-8. If mayBePower returns false, n is no k-th power.
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

// kthRoot returns r with r^k = n, or nil if there is none. Requires k >= 2 and n >= 2.
//
// Newton's iteration r' = floor(((k-1) r + floor(n / r^(k-1))) / k) descends from any
// start above the root, and stops at the floor of the root.
func kthRoot(n *big.Int, k int) *big.Int {
	r := startAbove(n, k)
	if k == 2 {
		r.Sqrt(n)
	}
	var power, q big.Int
	// The loop ends at the floor of the root: there the next r is not below r.
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

// startAbove returns r with root <= r <= root * (1 + 2^-36), about, root being the k-th
// root of n, or one above root if that is small. From there each step of Newton's
// iteration doubles the number of correct digits.
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
