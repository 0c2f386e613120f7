package campaign

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/siqs"
)

// A recording is a number of two primes, and what its coefficients yield. It sieves when it is asked the
// first time. It is not for concurrent use.
type recording struct {
	n      *big.Int
	params siqs.Params
	sieve  siqs.Sieve
	yields map[[2]uint64][]byte
}

func alive() error { return nil }

// record draws a number of so many bits.
func record(t testing.TB, rnd *rand.Rand, bits int) *recording {
	t.Helper()
	r := &recording{n: new(big.Int), yields: make(map[[2]uint64][]byte)}
	for r.n.BitLen() != bits {
		r.n.Mul(prime(rnd, bits/2), prime(rnd, bits-bits/2))
	}
	var err error
	if r.params, err = siqs.NewParams(alive, r.n); err != nil {
		t.Fatalf("parameters of %v: %v", r.n, err)
	}
	if err := r.sieve.Reset(alive, r.params); err != nil {
		t.Fatal(err)
	}
	return r
}

// prime returns a prime of so many bits.
func prime(rnd *rand.Rand, bits int) *big.Int {
	for {
		p := new(big.Int).SetUint64(rnd.Uint64()>>(64-bits) | 1<<(bits-1) | 1)
		if p.ProbablyPrime(10) {
			return p
		}
	}
}

// yield returns the relations of the coefficients first to end-1.
func (r *recording) yield(t testing.TB, first, end uint64) []byte {
	t.Helper()
	key := [2]uint64{first, end}
	data, ok := r.yields[key]
	if ok {
		return data
	}
	never := func() (flush, stop bool) { return false, false }
	err := r.sieve.Yield(alive, first, end, never, func(from, to uint64, relations []byte) {
		if from != first || to != end || data != nil {
			t.Fatalf("coefficients %d to %d come as %d to %d", first, end, from, to)
		}
		data = append([]byte{}, relations...)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.yields[key] = data
	return data
}

// newSet returns an empty set of the number.
func (r *recording) newSet(t testing.TB) *siqsFold {
	t.Helper()
	f := &siqsFold{expected: r.params.ExpectedRelations()}
	if err := f.Reset(alive, r.params); err != nil {
		t.Fatal(err)
	}
	return f
}

// A siqsFold is a Fold with a real set.
type siqsFold struct {
	siqs.Set
	expected int
	solving  bool // the machine must not use it
}

func (f *siqsFold) own() {
	if f.solving {
		panic("the machine uses the set while the solver owns it")
	}
}

func (f *siqsFold) Fold(first, end uint64, data []byte) (int, error) {
	f.own()
	if len(data) == 0 {
		return 0, nil
	}
	return f.AddYield(data, first, end)
}

func (f *siqsFold) Have() int     { f.own(); return f.Set.Have() }
func (f *siqsFold) Need() int     { f.own(); return f.Set.Need() }
func (f *siqsFold) Len() int      { f.own(); return f.Set.Len() }
func (f *siqsFold) Expected() int { return f.expected }
