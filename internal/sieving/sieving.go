// Package sieving is what a supervisor of a campaign needs of the quadratic sieve: parameters as bytes, a set of
// relations that come as bytes, the linear algebra, and audits. It connects package campaign, which has no engine, to
// package siqs, which knows nothing of campaigns.
package sieving

import (
	"errors"
	"fmt"
	"math/big"

	"factorfleet/internal/factor/siqs"
)

// ErrParams is wrapped when parameters are not those that this program makes for the number.
var ErrParams = errors.New("sieve parameters of another number or version")

// NewParams returns the parameters of the sieve for n, as bytes. If the number turns out to be easy, the bytes are nil
// and divisor divides n. It calls alive every few milliseconds and returns its error; so do all functions of this
// package that take alive.
func NewParams(alive func() error, n *big.Int) (params []byte, divisor *big.Int, _ error) {
	p, err := siqs.NewParams(alive, n)
	var found *siqs.DivisorError
	if errors.As(err, &found) {
		return nil, found.Divisor, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return p.Append(nil), nil, nil
}

// A Plan is decoded parameters.
type Plan struct {
	params siqs.Params
}

// ParsePlan decodes the parameters of a number. An error wraps ErrParams.
func ParsePlan(params []byte, n *big.Int) (*Plan, error) {
	p, err := siqs.DecodeParams(params)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrParams, err)
	case p.N.Cmp(n) != 0:
		return nil, fmt.Errorf("%w: they are of %.40v", ErrParams, p.N)
	}
	return &Plan{p}, nil
}

// Sum returns the hash of the parameters that yields name.
func (p *Plan) Sum() uint64 { return p.params.Sum() }

// Coefficients returns how many numbers of coefficients there are.
func (p *Plan) Coefficients() uint64 { return p.params.Coefficients() }

// Memory bounds the bytes that a Set and its linear algebra take. That of the parameters is for 4/3 of the relations that
// are expected. A campaign may collect 3/2 of them and 1000 more: see package campaign. Each takes below 1 KiB.
func (p *Plan) Memory() uint64 {
	_, set, solve := p.params.Memory()
	return (set+solve)*9/8 + 1000<<10
}

// auditRelations is for how many relations the set of an audit has room at first: a coefficient has up to 950.
const auditRelations = 4096

// Missing sieves the coefficient number and returns how many of its relations a yield of the coefficients first to
// end-1 lacks. It takes the memory of a sieve and of a small set, and about a second for 100 digits, two for 108.
func (p *Plan) Missing(alive func() error, number, first, end uint64, yield []byte) (int, error) {
	shared, err := siqs.NewShared(alive, p.params)
	if err != nil {
		return 0, err
	}
	var sieve siqs.Sieve
	if err := sieve.Use(alive, shared); err != nil {
		return 0, err
	}
	var set siqs.Set
	if err := set.ResetFor(alive, p.params, auditRelations); err != nil {
		return 0, err
	}
	if _, err := set.AddYield(yield, first, end); err != nil {
		return 0, err
	}
	missing := 0
	var failed error
	never := func() (flush, stop bool) { return false, false }
	err = sieve.Yield(alive, number, number+1, never, func(from, to uint64, relations []byte) {
		fresh, err := set.AddYield(relations, from, to)
		missing, failed = missing+fresh, errors.Join(failed, err)
	})
	return missing, errors.Join(err, failed)
}
