package sieving

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/campaign"
	"factorfleet/internal/factor/siqs"
)

var _ campaign.Fold = (*Set)(nil)

func alive() error { return nil }

// hard returns a product of two primes of half the bits each.
func hard(bits int) *big.Int {
	prime := func() *big.Int {
		p := new(big.Int).SetUint64(rand.Uint64()>>(64-bits/2) | 1<<(bits/2-1) | 1<<(bits/2-2) | 1)
		for !p.ProbablyPrime(0) {
			p.Add(p, big.NewInt(2))
		}
		return p
	}
	p, q := prime(), prime()
	for p.Cmp(q) == 0 {
		q = prime()
	}
	return p.Mul(p, q)
}

// plan returns the plan for n, through bytes.
func plan(t *testing.T, n *big.Int) *Plan {
	t.Helper()
	params, _, err := NewParams(alive, n)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePlan(params, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sieve returns the yields of the coefficients first to end-1, one for each.
func sieve(t *testing.T, p *Plan, first, end uint64, out func(from, to uint64, relations []byte)) {
	t.Helper()
	shared, err := siqs.NewShared(alive, p.params)
	if err != nil {
		t.Fatal(err)
	}
	var s siqs.Sieve
	if err := s.Use(alive, shared); err != nil {
		t.Fatal(err)
	}
	each := func() (flush, stop bool) { return true, false }
	if err := s.Yield(alive, first, end, each, out); err != nil && !errors.Is(err, siqs.ErrExhausted) {
		t.Fatal(err)
	}
}

// TestSolve: a set that only gets bytes finds a divisor.
func TestSolve(t *testing.T) {
	t.Parallel()
	n := hard(100)
	p := plan(t, n)
	set, err := p.NewSet(alive)
	if err != nil {
		t.Fatal(err)
	}
	for first := uint64(0); ; first += 16 {
		sieve(t, p, first, first+16, func(from, to uint64, relations []byte) {
			if _, err := set.Fold(from, to, relations); err != nil {
				t.Fatal(err)
			}
		})
		if set.Have() < set.Need() {
			continue
		}
		d, err := set.Solve(alive)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			if new(big.Int).Rem(n, d).Sign() != 0 || d.Cmp(big.NewInt(1)) <= 0 || d.Cmp(n) >= 0 {
				t.Fatalf("%v does not divide %v", d, n)
			}
			return
		}
	}
}

// TestMissing: an audit counts the relations that a yield withholds.
func TestMissing(t *testing.T) {
	t.Parallel()
	p := plan(t, hard(100))
	var last []byte
	var number uint64
	sieve(t, p, 0, 64, func(from, to uint64, relations []byte) {
		if len(relations) > len(last) {
			last, number = relations, from
		}
	})
	set, err := p.NewSet(alive)
	if err != nil {
		t.Fatal(err)
	}
	want, err := set.Fold(number, number+1, last)
	if err != nil || want == 0 {
		t.Fatalf("%d relations, %v", want, err)
	}
	if got, err := set.Missing(alive, number, number, number+1, last); got != 0 || err != nil {
		t.Errorf("complete: %d missing, %v", got, err)
	}
	var none []byte
	sieve(t, p, number+1, number+40, func(from, _ uint64, relations []byte) {
		if from == number+1 {
			none = relations // of another coefficient
		}
	})
	told, err := p.NewSet(alive)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := told.Fold(number+1, number+2, none); err != nil {
		t.Fatal(err)
	}
	fresh, err := told.Fold(number, number+1, last) // two coefficients seldom have the same relation
	if err != nil {
		t.Fatal(err)
	}
	if got, err := set.Missing(alive, number, number+1, number+2, none); got != fresh || got < want/2 || err != nil {
		t.Errorf("all withheld: %d missing of %d (%d differ), %v", got, want, fresh, err)
	}
}

// TestForeignParams: parameters of another number, and bytes that are none, are refused.
func TestForeignParams(t *testing.T) {
	t.Parallel()
	n := hard(100)
	params, _, err := NewParams(alive, n)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another number": func() error { _, err := ParsePlan(params, hard(100)); return err }(),
		"cut":            func() error { _, err := ParsePlan(params[:len(params)-1], n); return err }(),
		"nothing":        func() error { _, err := ParsePlan(nil, n); return err }(),
	} {
		if !errors.Is(err, ErrParams) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if params, d, err := NewParams(alive, new(big.Int).Exp(big.NewInt(1000003), big.NewInt(4), nil)); params != nil || d == nil || err != nil {
		t.Errorf("a square: %v, %v, %v", params, d, err)
	}
}
