package siqs

import (
	"encoding/binary"
	"math"

	"factorfleet/internal/factor/mont"
)

// AddYield adds the relations of a yield of the coefficient numbers [first, end), and
// returns how many are new. It verifies all of them first, as Verifier.Verify does. If
// one does not hold or is not of these coefficients, or if the bytes are malformed or
// more than MaxYield, it returns ErrInvalid, and the set does not change. Requires
// Reset.
//
// The bytes may be of an attacker. The work ends at the first relation that does not
// hold. A relation that holds takes at least 2 bytes, and at most 48 and its primes in
// memory until all are verified.
func (s *Set) AddYield(data []byte, first, end uint64) (fresh int, err error) {
	y := yieldReader{verifier: s.verifier, decoder: decoder{data: data}, staged: s.staged[:0], primes: s.stagedPrimes[:0]}
	ok := len(data) <= MaxYield && first <= end && y.read(first, end)
	s.staged, s.stagedPrimes = y.staged[:0], y.primes[:0]
	if !ok {
		return 0, ErrInvalid
	}
	for i := range y.staged {
		e := &y.staged[i]
		if s.insertCoded(&e.value, y.primes[e.start:e.end], e.large) {
			fresh++
		}
	}
	return fresh, nil
}

// A staged relation holds: primes[start:end] of the yieldReader are its Primes.
type staged struct {
	value      wide
	start, end uint32
	large      [2]uint32
}

// A yieldReader decodes and verifies a yield. It stages the relations.
type yieldReader struct {
	verifier *Verifier
	decoder
	staged  []staged
	primes  []byte
	scratch []uint32
	product huge
}

// read reads all coefficients, and reports whether all relations hold.
func (y *yieldReader) read(first, end uint64) bool {
	end = min(end, y.verifier.pools.count)
	for next := first; len(y.data) > 0; next++ {
		gap := y.uvarint(1<<64 - 1)
		if y.bad || next >= end || gap >= end-next {
			return false
		}
		next += gap
		if !y.readCoefficient(next) {
			return false
		}
	}
	return true
}

// readCoefficient reads the relations of that coefficient number.
func (y *yieldReader) readCoefficient(number uint64) bool {
	v := y.verifier
	interval := uint64(v.params.Interval)
	count := y.uvarint(MaxYield)
	if count == 0 || !v.seek(number, 0) {
		return false
	}
	places := interval * (uint64(v.poly.last()) + 1)
	for next := uint64(0); count > 0; count-- {
		gap := y.uvarint(1 << 35)
		if y.bad || gap >= places-next {
			return false
		}
		place := next + gap
		next = place + 1
		v.seek(number, uint32(place/interval))
		if !y.readRelation(int32(place%interval) - v.half) {
			return false
		}
	}
	return true
}

// readRelation reads what follows the place of a relation, and stages it if it holds. x
// is within the interval of the polynomial of verifier.
//
// The equation is |X^2-kN| = 2^e * A * primes * Large[0] * Large[1]. All factors but
// 2^e are odd, so that e is known. With rest = |X^2-kN|/2^e and product all but
// Large[1], a quotient Large[1] < 2^32 must be rest/product modulo 2^64, and the
// equation holds exactly if product*Large[1] = rest.
func (y *yieldReader) readRelation(x int32) bool {
	v := y.verifier
	head := y.uvarint(2*maxPrimesOfRelation + 1)
	large := [2]uint32{1, 1}
	if head%2 == 1 {
		large[0] = 2*uint32(y.uvarint(1<<31-1)) + 1
	}
	if !y.readPrimes(int(head/2)) || y.product.mulWord(uint64(large[0])) != 0 {
		return false
	}
	value := v.poly.linear(x)
	rest, negative, twos := v.base.oddPart(&value)
	if rest == (huge{}) {
		return false
	}
	quotient := rest[0] * mont.Inverse(y.product[0])
	large[1] = uint32(quotient)
	if quotient > math.MaxUint32 || !v.inBounds(large) ||
		y.product.mulWord(quotient) != 0 || y.product != rest || !arePrime(large) {
		return false
	}
	y.stage(&value, negative, twos, large)
	return true
}

// readPrimes reads so many indices to scratch, and sets product to A times their primes.
// It multiplies primes below 2^24 in a word while that is below 2^40.
func (y *yieldReader) readPrimes(count int) bool {
	f := &y.verifier.base
	y.scratch = y.scratch[:0]
	y.product = huge{}
	copy(y.product[:], y.verifier.poly.a[:])
	word, overflow := uint64(1), uint64(0)
	at := uint64(2)
	for ; count > 0; count-- {
		at += y.uvarint(maxPrimes)
		if y.bad || at >= uint64(len(f.prime)) {
			return false
		}
		y.scratch = append(y.scratch, uint32(at))
		if word *= uint64(f.prime[at]); word >= 1<<40 {
			overflow |= y.product.mulWord(word)
			word = 1
		}
	}
	return overflow|y.product.mulWord(word) == 0 && !y.bad
}

// stage appends the relation whose indices without the sign, the twos and A are in
// scratch.
func (y *yieldReader) stage(value *wide, negative bool, twos int, large [2]uint32) {
	start := uint32(len(y.primes))
	if negative {
		y.primes = append(y.primes, 0)
	}
	last := uint32(0)
	put := func(i uint32) {
		y.primes = binary.AppendVarint(y.primes, int64(i)-int64(last))
		last = i
	}
	for range twos {
		put(1)
	}
	for _, i := range y.verifier.poly.factors {
		put(uint32(i))
	}
	for _, i := range y.scratch {
		put(i)
	}
	y.staged = append(y.staged, staged{*value, start, uint32(len(y.primes)), large})
}

// oddPart returns |X^2-kN| without its factors 2, whether X^2-kN is negative, and the
// number of these factors, for X = value. It returns 0 if X^2 = kN.
func (f *factorBase) oddPart(value *wide) (rest huge, negative bool, twos int) {
	rest.square(value)
	if negative = rest.sub(&rest, &f.kn); negative {
		var zero huge
		rest.sub(&zero, &rest)
	}
	if rest != (huge{}) {
		twos = rest.shiftOdd()
	}
	return rest, negative, twos
}
