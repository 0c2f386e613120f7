package siqs

import (
	"math"
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// A factorBase holds the primes p for which kN is a square modulo p: only these divide
// a value X^2-kN. Its F entries are the columns of the matrix. Entry i is element i of
// each slice:
//
//	i                     prime[i]
//	0                     1, which stands for the sign -1 of a value
//	1                     2
//	2 .. special-1        the odd primes that divide k, ascending
//	special .. F-1        the odd p with (kN/p) = 1, ascending
//
// For each i > 0, root[i]^2 = kN mod prime[i] and root[i] < prime[i]. The primes of k
// have the root 0, a double one: such p divides X^2-kN if it divides X, and p^2 never
// does, as k is square-free.
//
// A factorBase does not change after build. Helpers read that of their searcher.
type factorBase struct {
	kn          huge     // kN
	prime       []uint32 // below 2^24
	root        []uint32
	logp        []uint8  // log2 of the prime, rounded: the error is at most 1/2
	recip       []uint64 // reciprocal(prime), the constant of reduce
	inverse     []uint32 // 1/prime modulo 2^32, if the prime is odd
	maxQuotient []uint32 // floor((2^32-1)/prime): an odd p divides v exactly if v/p mod 2^32 is at most this
	special     int
}

// shift returns log2(D/A): 1 if the polynomials have only odd X = 2Ax+B, 0 if they have
// all X = Ax+B.
//
// For kN = 1 mod 8 and odd X the exponent of 2 in X^2-kN is at least 3 and on average
// 4; for even X it is 0. To leave the even X out doubles D, hence the values, and makes
// relations a tenth more frequent. For kN = 5 mod 8 the exponent is exactly 2 for odd
// X, otherwise it is exactly 1 for one parity of X. There the gain would be at most the
// one bit that a doubled D costs. TestTwos counts these exponents.
func (f *factorBase) shift() uint { return uint(b2i(f.kn[0]%8 == 1)) }

// build makes the base of count entries for n*k. If a prime that it tries divides n, it
// returns a DivisorError. If alive returns an error, it returns that. After an error
// the base is incomplete. Requires n odd, k square-free, count > 2.
func (f *factorBase) build(alive func() error, n *huge, k uint32, count int) error {
	f.kn = *n
	f.kn.mulWord(uint64(k))
	f.prime, f.root = f.prime[:0], f.root[:0]
	f.logp, f.recip = f.logp[:0], f.recip[:0]
	f.inverse, f.maxQuotient = f.inverse[:0], f.maxQuotient[:0]
	f.add(1, 0)
	f.add(2, uint64(f.kn[0]&1))
	for _, p := range prime.Small()[1:] {
		if p > k {
			break
		}
		if k%p == 0 {
			f.add(p, 0)
		}
	}
	f.special = len(f.prime)
	for _, p := range prime.Small()[1:] {
		if len(f.prime) == count {
			return nil
		}
		if f.addIfSquare(p, k) {
			return &DivisorError{big.NewInt(int64(p))}
		}
	}
	it := prime.Primes(prime.Bound, primeBound(count))
	for tried := 0; len(f.prime) < count; tried++ {
		p := uint32(it.Next())
		if f.addIfSquare(p, k) {
			return &DivisorError{big.NewInt(int64(p))}
		}
		if tried%aliveEvery == 0 {
			if err := alive(); err != nil {
				return err
			}
		}
	}
	return nil
}

// aliveEvery is the number of primes or relations between two calls of alive. Each is
// the work of about a microsecond.
const aliveEvery = 1 << 12

// primeBound returns a bound below which there are more than m = 3*count primes: the
// m-th prime is about m*log(m). A prime is in the base with a probability of 1/2, so
// that 2*count would do on average. For count = 2^18 the bound is 13.9 million, below
// 2^24.
func primeBound(count int) uint64 {
	m := float64(3*count + 1000)
	return uint64(1.3 * m * math.Log(m))
}

// addIfSquare adds the odd prime p unless kN is no square modulo p or p divides k. It
// reports whether p divides n.
func (f *factorBase) addIfSquare(p, k uint32) bool {
	recip := reciprocal(p)
	a := f.kn.mod(uint64(p))
	if a == 0 {
		return k%p != 0
	}
	if r, ok := sqrtMod(a, uint64(p), recip); ok {
		f.add(p, r)
	}
	return false
}

// add appends the entry of p. The logarithm is floor((floor(2 log2(p)) + 1)/2), as p^2
// has floor(2 log2(p)) + 1 bits. That is log2(p) rounded to the nearest integer.
func (f *factorBase) add(p uint32, root uint64) {
	f.prime = append(f.prime, p)
	f.root = append(f.root, uint32(root))
	f.logp = append(f.logp, uint8(bits.Len64(uint64(p)*uint64(p))/2))
	f.recip = append(f.recip, reciprocal(max(p, 2)))
	f.inverse = append(f.inverse, uint32(mont.Inverse(uint64(p))))
	f.maxQuotient = append(f.maxQuotient, math.MaxUint32/p)
}

// largest returns the largest prime of the base.
func (f *factorBase) largest() uint32 { return f.prime[len(f.prime)-1] }

// index returns the first index i >= special with prime[i] >= p.
func (f *factorBase) index(p float64) int {
	low, high := f.special, len(f.prime)
	for low < high {
		if mid := (low + high) / 2; float64(f.prime[mid]) < p {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// hash returns a hash of the primes and roots, in the manner of FNV-1a with words of 32
// bits. By it two machines see that they have the same base. It is no protection:
// whoever sends wrong parameters can send the right hash.
func (f *factorBase) hash() uint64 {
	h := uint64(14695981039346656037)
	for i, p := range f.prime {
		h = (h ^ uint64(p)) * 1099511628211
		h = (h ^ uint64(f.root[i])) * 1099511628211
	}
	return h
}
