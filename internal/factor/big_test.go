package factor

import (
	"math/big"
	"testing"

	"factorfleet/internal/nat"
)

// value returns the product of the factors and pieces of s, which no step may
// change.
func (s *search) value() *big.Int {
	n := big.NewInt(1)
	for _, f := range s.dst[s.start:] {
		n.Mul(n, new(big.Int).Exp(f.P.Big(), big.NewInt(int64(f.Exp)), nil))
	}
	for _, ps := range [...][]piece{s.untested, s.composite, s.unknown} {
		for _, p := range ps {
			n.Mul(n, new(big.Int).Exp(p.n, big.NewInt(int64(p.exp)), nil))
		}
	}
	return n
}

// The primes of the tests have 41 bits, so that products exceed a word.
var p1, p2 = big.NewInt(1099511627791), big.NewInt(1099511627803)

// TestParts: the parts of a piece multiply to the piece, also if they share a factor and the
// piece has an exponent.
func TestParts(t *testing.T) {
	for _, test := range []struct{ n, d *big.Int }{
		{product(p1, p2), p1},
		{product(p1, p1, p2), p1},
		{product(p1, p1, p2), product(p1, p2)},
		{product(p1, p1, p2, p2), product(p1, p2)},
		{product(p1, p1, p1), p1},
	} {
		s := &search{e: New(Options{})}
		p := piece{n: test.n, exp: 3}
		s.parts(p, test.d)
		if want := new(big.Int).Exp(test.n, big.NewInt(3), nil); s.value().Cmp(want) != 0 {
			t.Errorf("parts of %v by %v: product %v", test.n, test.d, s.value())
		}
	}
}

// TestClassifyPower: a piece that is a power and has an exponent.
func TestClassifyPower(t *testing.T) {
	s := &search{e: New(Options{}), untested: []piece{{n: pow(p1.Int64(), 6), exp: 5}}}
	want := s.value()
	s.e.stop.ctx = t.Context()
	if err := s.classify(); err != nil || s.value().Cmp(want) != 0 || format(s.dst) != p1.String()+"^30" {
		t.Errorf("(p^6)^5 = %s, %v", format(s.dst), err)
	}
}

// TestGiveUp: the primes found in one piece are divided out of the unfinished pieces.
func TestGiveUp(t *testing.T) {
	s := &search{e: New(Options{}), dst: []Factor{{nat.FromBig(p1), 1, Prime}}, method: "trial"}
	s.composite = []piece{{n: product(p1, p1, hard()), exp: 2}}
	s.unknown = []piece{{n: product(p1, p1, p1), exp: 1}}
	want := s.value()
	s.giveUp()
	got := format(s.dst)
	s.composite, s.unknown = nil, nil
	if s.value().Cmp(want) != 0 || got != p1.String()+"^8 C"+hard().String()+"^2" {
		t.Errorf("giving up leaves %s", got)
	}
	if s.method != "trial; unfinished after trial" {
		t.Errorf("method %q", s.method)
	}
}
