package factor

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
)

// Package verify checks the proofs: see TestCertify in package kind. The tests here check what
// verify cannot see.

func prove(t *testing.T, n string) *Proof {
	t.Helper()
	x, _ := new(big.Int).SetString(n, 10)
	proof, err := NewProver(Options{}).Prove(t.Context(), nat.FromBig(x), 0)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// TestProveComposite: a composite gets no proof, and the search for one ends.
func TestProveComposite(t *testing.T) { kernelstest.Each(t, testProveComposite) }

func testProveComposite(t *testing.T) {
	for _, n := range []string{
		"147573952589676412927", // 2^67-1, a pseudoprime to base 2
		"18446744202558570721",  // 4294967311^2
	} {
		x, _ := new(big.Int).SetString(n, 10)
		proof, err := NewProver(Options{}).Prove(t.Context(), nat.FromBig(x), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if proof != nil {
			t.Errorf("%s: %+v", n, proof)
		}
	}
}

// TestProveShort: of n-1 = 2*3*p*q*..., only as much is factored and used as the proof needs.
func TestProveShort(t *testing.T) { kernelstest.Each(t, testProveShort) }

func testProveShort(t *testing.T) {
	for n, want := range map[string]int{
		"46043073207979040833537":     1, // 39*2^70+1: 2 alone
		"618970019642690137449562111": 1, // 2^89-1: n+1 = 2^89, but n-1 comes first
		"1786887893468371243259":      2, // n-1 = 2*q, q of 70 bits
	} {
		proof := prove(t, n)
		if proof == nil || len(proof.Steps) != want || len(proof.Steps[0].Minus)+len(proof.Steps[0].Plus) > 4 {
			t.Errorf("%s: %+v", n, proof)
		}
	}
}

func TestProveInterrupted(t *testing.T) { kernelstest.Each(t, testProveInterrupted) }

func testProveInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := NewProver(Options{}).Prove(ctx, nat.FromBig(new(big.Int).Sub(new(big.Int).Lsh(one, 89), one)), 0); err != cause {
		t.Errorf("error %v", err)
	}
}

// TestShorten: of the parts that reach a goal, the claims are removed first, the largest one
// before the others, and then the smallest words.
func TestShorten(t *testing.T) {
	word := func(q int64) knownPrime { return knownPrime{q: nat.New(uint64(q)), power: big.NewInt(q)} }
	claimed := func(q int64) knownPrime { k := word(q); k.claim = new(claim); return k }
	for _, test := range []struct {
		n     int64
		parts []knownPrime
		want  []uint64
	}{
		{1000, []knownPrime{word(2), word(11)}, []uint64{11}},
		{1000, []knownPrime{word(2), word(3), word(5)}, []uint64{5, 3}},
		{1000, []knownPrime{word(2), word(3), word(5), claimed(101)}, []uint64{5, 3}},
		{1000, []knownPrime{word(2), claimed(7), claimed(101)}, []uint64{7, 2}},
		{1000, []knownPrime{word(2), claimed(101)}, []uint64{101}},
		{1000, []knownPrime{word(2), word(3)}, nil},
	} {
		got := choose(big.NewInt(test.n), test.parts)
		same := len(got) == len(test.want)
		for i := 0; same && i < len(got); i++ {
			same = got[i].power.Uint64() == test.want[i]
		}
		if !same {
			t.Errorf("of %+v: %+v, want %v", test.parts, got, test.want)
		}
	}
}
