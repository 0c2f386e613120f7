package siqs

import (
	"encoding/binary"
	"slices"
)

// A yield is the code of all relations of a run of coefficient numbers [first, end). It
// leaves out what the receiver can compute:
//
//   - the primes of A, once each, which the coefficient number determines;
//   - the sign of X^2-kN and its exponent of 2;
//   - the larger large prime, the quotient of |X^2-kN| by all other factors.
//
// For each coefficient that has relations, ascending, it has
//
//	number - next, where next is first or the number after the last coefficient
//	count of relations, at least 1
//	for each relation, ascending by place:
//	    place - next, where next is 0 or the place after that of the last relation
//	    2*len(primes) + 1 if there are two large primes, else 2*len(primes)
//	    (Large[0]-1)/2 if there are two large primes
//	    primes, ascending: index - last, where last is 2 or the index before
//
// with place = Poly*Interval + X + M, below 2^35. All are unsigned varints. Two numbers
// of the same coefficient never have the same place.
//
// It takes 17 bytes a relation at 60 digits, 22 at 85 and 25 at 95 (BenchmarkYield). To
// deflate it would save another tenth, which is not worth its time.

// MaxYield is the largest size of a yield, in bytes.
const MaxYield = 384 << 10

// yieldRoom bounds the bytes of one coefficient. The parameters of NewParams make less
// than a fifth of it. For others, the relations beyond are left out.
const yieldRoom = MaxYield / 3

// A yieldEncoder makes a yield. It is not for concurrent use.
type yieldEncoder struct {
	data []byte
	next uint64 // the coefficient number after the last one in data

	// Of the coefficient that is sieved:
	places  []codedPlace
	bodies  []byte
	factors []uint32 // those of A, ascending; empty before the first relation
	sorted  []uint32 // scratch
}

// A codedPlace is a relation: its place, and where its code without the place is in
// bodies.
type codedPlace struct {
	place      uint64
	start, end uint32
}

// reset begins a yield whose first coefficient number is first.
func (e *yieldEncoder) reset(first uint64) {
	e.data, e.next = e.data[:0], first
	e.clear()
}

// clear drops the coefficient that was not finished.
func (e *yieldEncoder) clear() {
	e.places, e.bodies, e.factors = e.places[:0], e.bodies[:0], e.factors[:0]
}

// add adds a relation of the coefficient that s sieves.
func (e *yieldEncoder) add(s *Sieve, r *Relation) {
	if len(e.bodies)+placeRoom*len(e.places) > yieldRoom-relationRoom {
		return
	}
	start := uint32(len(e.bodies))
	kept := e.oddPrimes(s, r)
	head := 2 * uint64(len(kept))
	if r.Large[0] > 1 {
		e.bodies = binary.AppendUvarint(e.bodies, head+1)
		e.bodies = binary.AppendUvarint(e.bodies, uint64(r.Large[0]-1)/2)
	} else {
		e.bodies = binary.AppendUvarint(e.bodies, head)
	}
	last := uint32(2)
	for _, i := range kept {
		e.bodies = binary.AppendUvarint(e.bodies, uint64(i-last))
		last = i
	}
	place := uint64(r.Poly)*uint64(s.params.Interval) + uint64(r.X+s.half)
	e.places = append(e.places, codedPlace{place, start, uint32(len(e.bodies))})
}

const (
	// placeRoom bounds the bytes of a place.
	placeRoom = 5
	// relationRoom bounds the bytes of one relation: 2 for the head, 5 for a large prime,
	// those of the place, and 3 for each of at most 136 primes, as |Q(x)| < 2^215 < 3^136.
	relationRoom = 2 + 5 + placeRoom + 3*136
)

// oddPrimes returns the primes of r, ascending, without the sign, the twos, and one of
// each prime of A.
func (e *yieldEncoder) oddPrimes(s *Sieve, r *Relation) []uint32 {
	if len(e.factors) == 0 {
		for _, i := range s.poly.factors {
			e.factors = append(e.factors, uint32(i))
		}
		slices.Sort(e.factors)
	}
	e.sorted = e.sorted[:0]
	for _, i := range r.Primes {
		if i >= 2 {
			e.sorted = append(e.sorted, i)
		}
	}
	slices.Sort(e.sorted)
	factors, kept := e.factors, e.sorted[:0]
	for _, i := range e.sorted {
		if len(factors) > 0 && i == factors[0] {
			factors = factors[1:]
		} else {
			kept = append(kept, i)
		}
	}
	return kept
}

// finish ends the coefficient with that number, of which add has had all relations.
// Requires number >= next.
func (e *yieldEncoder) finish(number uint64) {
	if len(e.places) == 0 {
		return
	}
	slices.SortFunc(e.places, func(a, b codedPlace) int {
		if a.place < b.place {
			return -1
		}
		return 1
	})
	e.data = binary.AppendUvarint(e.data, number-e.next)
	e.data = binary.AppendUvarint(e.data, uint64(len(e.places)))
	next := uint64(0)
	for _, p := range e.places {
		e.data = binary.AppendUvarint(e.data, p.place-next)
		e.data = append(e.data, e.bodies[p.start:p.end]...)
		next = p.place + 1
	}
	e.next = number + 1
	e.clear()
}

// full reports whether the yield may have no room for one more coefficient: a
// coefficient adds at most yieldRoom, and 15 bytes for its number and count.
func (e *yieldEncoder) full() bool { return len(e.data)+yieldRoom+15 > MaxYield }

// Yield sieves the coefficient numbers first, first+1, ... below end. After each one it
// calls due, which says whether to hand out what is complete, and whether to stop. It
// calls out with complete coefficients [from, to) and their relations, in ascending
// order and without gaps; out owns the bytes. It hands out unasked before the bytes
// exceed MaxYield, and at the end.
//
// It returns nil when due or end has stopped it, or else the errors of Collect; then the
// complete coefficients have been handed out as well.
func (s *Sieve) Yield(alive func() error, first, end uint64, due func() (flush, stop bool), out func(from, to uint64, relations []byte)) error {
	return s.yield(alive, first, end, func(*Relation) bool { return true }, due, out)
}

// yield is Yield that also calls accept with each relation. If accept returns false it
// returns nil; the coefficient that was in progress is then incomplete and left out.
func (s *Sieve) yield(alive func() error, first, end uint64, accept func(*Relation) bool,
	due func() (flush, stop bool), out func(from, to uint64, relations []byte)) error {
	var e yieldEncoder
	e.reset(first)
	from, number := first, first // complete and not handed out: [from, number)
	flush := func() {
		if from < number {
			out(from, number, slices.Clone(e.data))
			e.reset(number)
			from = number
		}
	}
	defer flush()
	accepted := true
	emit := func(r *Relation) bool {
		e.add(s, r)
		accepted = accept(r)
		return accepted
	}
	for number < end {
		if err := s.Collect(alive, number, number+1, emit); err != nil || !accepted {
			return err
		}
		e.finish(number)
		number++
		now, stop := due()
		if stop {
			return nil
		}
		if now || e.full() {
			flush()
		}
	}
	return nil
}
