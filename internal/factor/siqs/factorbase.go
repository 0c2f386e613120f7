package siqs

import (
	"math"
	"math/big"
	"math/bits"

	"factorfleet/internal/factor/mont"
	"factorfleet/internal/factor/prime"
)

// A factorBase holds the primes modulo which kN is a square, the columns of the
// matrix.
//
// prime[0] = 1 stands for the sign, prime[1] = 2; then come the odd primes that
// divide k, the first `special` entries in all, then all others in ascending order.
// For each i > 0 root[i]^2 = kN mod prime[i].
type factorBase struct {
	kn          huge
	prime       []uint32
	root        []uint32
	logp        []uint8  // log2 of the prime, rounded
	recip       []uint64 // reciprocal of the prime
	inverse     []uint32 // 1/prime modulo 2^32, if it is odd
	maxQuotient []uint32 // floor((2^32-1)/prime)
	special     int
}

// shift returns 1 if the polynomials have only odd X = 2Ax+B, else 0, X = Ax+B.
//
// For kN = 1 mod 8 the odd X have values X^2-kN that 8 divides, on average 2^4, and the even ones odd
// values: to leave the even ones out makes relations a tenth more frequent. For other kN it would not.
func (f *factorBase) shift() uint { return uint(b2i(f.kn[0]%8 == 1)) }

// build makes the base of count entries for n*k. If a prime on the way divides n
// it returns a DivisorError, if alive does its error; then the base is not
// complete. Requires n odd, k square-free.
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

// aliveEvery is how many primes or relations, each the work of about a microsecond,
// pass between two calls of alive.
const aliveEvery = 1 << 12

// primeBound returns a bound below which there are more than 3*count primes, of
// which about half are in a factor base.
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

// hash returns a 64-bit FNV-1a of the primes and roots, by which two machines
// see that they have the same base.
func (f *factorBase) hash() uint64 {
	h := uint64(14695981039346656037)
	for i, p := range f.prime {
		h = (h ^ uint64(p)) * 1099511628211
		h = (h ^ uint64(f.root[i])) * 1099511628211
	}
	return h
}
