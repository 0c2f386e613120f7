package siqs

import (
	"errors"
	"math/big"
)

// ErrExhausted is returned when all coefficient numbers have been used.
var ErrExhausted = errors.New("siqs: no coefficients left")

// Reset makes the sieve ready for the number that p describes. It returns ErrParams if
// p is not valid or if this program makes another factor base than p.Hash tells.
func (s *Sieve) Reset(alive func() error, p Params) error {
	s.unshareTables()
	if err := s.base.rebuild(alive, &p); err != nil {
		return err
	}
	s.params = p
	return s.prepare(alive)
}

// choose sets the parameters and the factor base for n. The caller then calls prepare.
// Between the two it can ask Params.Memory whether there is enough memory.
func (s *Sieve) choose(alive func() error, n *big.Int, t tuning) error {
	s.unshareTables()
	return s.base.choose(alive, &s.params, n, t)
}

// share makes the sieve ready for the number of another sieve. It uses the factor base,
// inverses and lifted of the other one, which sieving does not change, until unshare.
// Everything else is its own.
func (s *Sieve) share(alive func() error, with *Sieve) error {
	s.params, s.base, s.inverses, s.lifted = with.params, with.base, with.inverses, with.lifted
	s.shared = true
	s.prepareOwn()
	return alive()
}

// unshare drops what belongs to another sieve, so that the memory can be freed.
func (s *Sieve) unshare() {
	s.params, s.base, s.inverses, s.lifted = Params{}, factorBase{}, nil, nil
	s.shared = false
}

// unshareTables is unshare if the tables belong to another sieve: a sieve that makes its
// own must not write to them.
func (s *Sieve) unshareTables() {
	if s.shared {
		s.unshare()
	}
}

// prepare makes all that depends on the parameters and the factor base. Requires choose
// or the steps of Reset.
func (s *Sieve) prepare(alive func() error) error {
	s.prepareOwn()
	return s.fillInverses(alive, s.pools.slots())
}

// prepareOwn is prepare without the tables that several sieves can share.
func (s *Sieve) prepareOwn() {
	p, count := &s.params, len(s.base.prime)
	s.half = int32(p.Interval / 2)
	s.pools.set(p, s.base.target(p))
	s.root1, s.root2 = resize(s.root1, count), resize(s.root2, count)
	s.work1, s.work2 = resize(s.work1, count), resize(s.work2, count)
	s.matched = resize(s.matched, count+16)
	if s.block == nil {
		s.block, s.blank = make([]uint8, blockSize+blockPad), make([]uint8, blankSize)
	}
	if start := 128 - p.Candidate; s.blank[0] != start {
		for i := range s.blank {
			s.blank[i] = start
		}
	}
	s.buckets.prepare(&s.base, p.Interval)
	s.prepareSieve()
	s.setUselessSizes()
	s.root1[0], s.root2[0] = noRoot, noRoot
	s.Stats = Stats{}
}

// prepareSieve makes the schedule of the primes below the buckets, and blockMod.
// Requires buckets.prepare.
func (s *Sieve) prepareSieve() {
	low, high := int(s.params.Small), s.buckets.first
	s.schedule.prepare(&s.base, low, max(low, high), int(min(s.params.Interval, blockSize)))
	s.logp = append(s.logp[:0], s.base.logp...)
	s.poly.factors = s.poly.factors[:0]
	s.blockMod = resize(s.blockMod, len(s.base.prime))
	if s.params.Interval <= blockSize {
		return
	}
	for i := low; i < high; i++ {
		s.blockMod[i] = uint32(reduce(blockSize, uint64(s.base.prime[i]), s.base.recip[i]))
	}
}

// Coefficients returns the number of coefficient numbers. Some of them are void: see
// pools.
func (s *Sieve) Coefficients() uint64 { return s.pools.count }

// positionsEvery is the number of positions that are sieved between two calls of alive:
// the work of a fraction of a millisecond to a few milliseconds.
const positionsEvery = 1 << 19

// Collect sieves all polynomials of the coefficient numbers from..to-1, ascending, and
// calls emit with each relation until emit returns false; then it returns nil. The
// relation is valid only within the call. The relations and their order depend on
// nothing but the parameters and the numbers.
//
// It returns ErrExhausted at the first number that is not below Coefficients, or the
// error of alive. After an error of alive the relations of the number that was in
// progress are incomplete.
func (s *Sieve) Collect(alive func() error, from, to uint64, emit func(*Relation) bool) error {
	s.emit = emit
	s.cofactors.clear()
	sieved := uint32(0)
	for number := from; number < to; number++ {
		if number >= s.pools.count {
			return ErrExhausted
		}
		if !s.setFactors(number) {
			continue
		}
		s.rel.Coefficient = number
		s.startCoefficient()
		for {
			if !s.sievePoly() {
				return nil
			}
			if sieved += s.params.Interval; sieved >= positionsEvery {
				sieved = 0
				if err := alive(); err != nil {
					return err
				}
			}
			last := s.poly.number == s.poly.last()
			if last || len(s.cofactors.rels) >= cofactorRoom {
				if ok, err := s.emitSplit(alive); !ok {
					return err
				}
			}
			if last {
				break
			}
			s.nextPoly()
		}
	}
	return nil
}

// setFactors sets poly.factors for the coefficient number and the logarithms of its
// primes to 0, after it has restored those of the coefficient before. It reports
// whether the number is not void.
func (s *Sieve) setFactors(number uint64) (ok bool) {
	for _, i := range s.poly.factors {
		s.logp[i] = s.base.logp[i]
	}
	s.poly.factors, ok = s.pools.factors(s.poly.factors[:0], number, &s.base)
	for _, i := range s.poly.factors {
		s.logp[i] = 0
	}
	return ok
}
