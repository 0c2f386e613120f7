package siqs

// A Relation says that a value is a product of primes of the factor base and at most
// two large primes:
//
//	(D*x+B)^2 - kN = +- Large[0] * Large[1] * product of prime[i] for i in Primes.
//
// A is that of coefficient number Coefficient, D is A or 2A (see factorBase.shift), B
// is that of polynomial number Poly, and x is the field X. The primes of A are among
// Primes, and index 0 stands for the minus sign.
//
// As kN is 0 modulo N, a relation is also a congruence (D*x+B)^2 = product mod N.
type Relation struct {
	Coefficient uint64    // below Sieve.Coefficients
	Poly        uint32    // 0 .. 2^(s-1)-1
	X           int32     // -M <= X < M
	Large       [2]uint32 // ascending, primes above all of the base and below L; 1 where there is none
	Primes      []uint32  // indices into the factor base, each as often as its exponent, in no fixed order

	value wide // |D*X+B|
}

// holds reports whether the equation of r is true. Requires r.value = |D*X+B|. It
// multiplies all factors with a check for overflow of 384 bits; no prime is divided
// out, so that it takes some hundred products of words.
func (r *Relation) holds(f *factorBase) bool {
	var square huge
	square.square(&r.value)
	negative := square.sub(&square, &f.kn)
	if negative {
		var zero huge
		square.sub(&zero, &square)
	}
	product := huge{1}
	overflow := product.mulWord(uint64(r.Large[0])) | product.mulWord(uint64(r.Large[1]))
	for _, i := range r.Primes {
		if int(i) >= len(f.prime) {
			return false
		}
		if i == 0 {
			negative = !negative
		}
		overflow |= product.mulWord(uint64(f.prime[i]))
	}
	return !negative && overflow == 0 && product == square
}
