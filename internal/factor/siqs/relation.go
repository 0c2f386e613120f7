package siqs

// A Relation says that (Dx+B)^2 - kN is a product of primes of the factor base
// and at most two others: with A the coefficient number Coefficient, D = A or 2A (see
// factorBase.shift), and B that of its polynomial number Poly,
//
//	(D*X+B)^2 - kN = Large[0] * Large[1] * product of prime[i] for i in Primes.
//
// The primes of A are among them, and index 0 for a negative value.
type Relation struct {
	Coefficient uint64
	Poly        uint32
	X           int32
	Large       [2]uint32 // ascending, 1 where there is none
	Primes      []uint32  // indices into the factor base, an index as often as its exponent

	value wide // |DX+B|
}

// holds reports whether the equation of r is true, r.value being right.
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
