package sieving

import (
	"math/big"
	"runtime"

	"factorfleet/internal/factor/siqs"
)

// A Set collects the relations of one number. It is a campaign.Fold, and not for concurrent use.
type Set struct {
	set      siqs.Set
	expected int
}

// NewSet returns an empty set. An error wraps ErrParams if this program makes another factor base.
func (p *Plan) NewSet(alive func() error) (*Set, error) {
	s := &Set{expected: p.params.ExpectedRelations()}
	if err := s.set.Reset(alive, p.params); err != nil {
		return nil, err
	}
	s.set.SetCores(runtime.GOMAXPROCS(0))
	return s, nil
}

// Fold is that of campaign.Fold.
func (s *Set) Fold(first, end uint64, data []byte) (fresh int, err error) {
	if len(data) == 0 {
		return 0, nil // there are no relations in these coefficients
	}
	return s.set.AddYield(data, first, end)
}

// Have returns the number of independent cycles.
func (s *Set) Have() int { return s.set.Have() }

// Need returns the number of cycles at which to call Solve.
func (s *Set) Need() int { return s.set.Need() }

// Len returns the number of relations.
func (s *Set) Len() int { return s.set.Len() }

// Expected estimates the relations that suffice.
func (s *Set) Expected() int { return s.expected }

// SolveProgress returns which part of the time of Solve is over, 0 to 1. Any goroutine may call it while Solve runs.
func (s *Set) SolveProgress() float64 { return s.set.SolveProgress() }

// Solve uses up to 8 cores, and returns a proper divisor of the number, or nil if the relations do not split it. Need has grown then.
func (s *Set) Solve(alive func() error) (*big.Int, error) { return s.set.Solve(alive) }

// Missing sieves the coefficient number and returns how many of its relations a yield of the coefficients first to
// end-1 lacks. Another goroutine may call it while the set is used. It takes the memory of a sieve, and about a second
// for 100 digits.
func (s *Set) Missing(alive func() error, number, first, end uint64, yield []byte) (int, error) {
	return s.set.Missing(alive, number, first, end, yield)
}
