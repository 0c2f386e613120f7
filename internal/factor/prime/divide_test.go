package prime

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// product returns the product of the powers, times rest.
func product(rest *big.Int, powers map[uint64]uint32) *big.Int {
	n := new(big.Int).Set(rest)
	for p, e := range powers {
		n.Mul(n, new(big.Int).Exp(new(big.Int).SetUint64(p), big.NewInt(int64(e)), nil))
	}
	return n
}

// mersenne returns 2^e-1.
func mersenne(e uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), e)
	return n.Sub(n, big.NewInt(1))
}

// TestDivide has powers of all kinds of exponents, alone, in products, and before something that has
// no small factor.
func TestDivide(t *testing.T) {
	one := big.NewInt(1)
	var first, last, square = map[uint64]uint32{}, map[uint64]uint32{}, map[uint64]uint32{}
	for i, d := range table[:1200] {
		first[d.P] = 1
		square[d.P] = uint32(1 + i%3)
	}
	for _, d := range table[len(table)-1000:] {
		last[d.P] = 1
	}
	for _, test := range []struct {
		why    string
		rest   *big.Int
		powers map[uint64]uint32
	}{
		{"1", one, nil},
		{"a prime", mersenne(127), nil},
		{"no odd factor", new(big.Int).Lsh(one, 200), nil},
		{"two of each", mersenne(521), map[uint64]uint32{3: 2, 7: 2, 251: 2, 257: 2, 65519: 2, 65521: 2}},
		{"the first and the last", mersenne(61), map[uint64]uint32{3: 1, 65521: 1}},
		{"3 alone", one, map[uint64]uint32{3: 10337}},
		{"one factor of a power is another's square", mersenne(127), map[uint64]uint32{3: 1000, 5: 999, 7: 1}},
		{"many threes, one large prime", mersenne(89), map[uint64]uint32{3: 5000, 65521: 500}},
		{"the primes from 3 on", one, first},
		{"the last primes", one, last},
		{"many, to small powers", mersenne(127), square},
		{"a cofactor of a word", big.NewInt(4295098369), map[uint64]uint32{3: 40, 65521: 3}}, // 65537^2
		{"a cofactor of one word, not reduced before the last prime", big.NewInt(65537), map[uint64]uint32{65521: 10}},
	} {
		checkDivide(t, test.why, product(test.rest, test.powers))
	}
}

// checkDivide compares Divide with a division by every prime, one at a time.
func checkDivide(t *testing.T, why string, n *big.Int) {
	t.Helper()
	powers, last, before := map[uint64]uint32{}, uint64(0), n.String()
	rest := Divide(n, func(p uint64, exp uint32) {
		if p <= last || exp == 0 {
			t.Errorf("%s: %d^%d after %d", why, p, exp, last)
		}
		last, powers[p] = p, exp
	})
	if n.String() != before {
		t.Errorf("%s: the argument is changed", why)
	}
	if product(rest, powers).Cmp(n) != 0 {
		t.Errorf("%s: the product of %v and %v is another number", why, rest, powers)
	}
	p, m := new(big.Int), new(big.Int)
	for i := range table {
		p.SetUint64(table[i].P)
		if m.Mod(rest, p).Sign() == 0 && rest.Cmp(p) != 0 {
			t.Errorf("%s: %v is left in %v", why, p, rest)
		}
	}
}

// TestDivideRandom has random products with every length of the cofactor to four words.
func TestDivideRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 1))
	for i := range 100 {
		n := big.NewInt(1)
		for range rnd.IntN(5) {
			n.Lsh(n, uint(rnd.IntN(64))).Add(n, new(big.Int).SetUint64(rnd.Uint64()))
		}
		n.SetBit(n, 0, 1)
		for range rnd.IntN(8) {
			p := int64(table[rnd.IntN(len(table))>>rnd.IntN(12)].P)
			n.Mul(n, new(big.Int).Exp(big.NewInt(p), big.NewInt(int64(1+rnd.IntN(40)>>rnd.IntN(6))), nil))
		}
		checkDivide(t, fmt.Sprint("random number ", i), n)
	}
}

// TestTakeOut: exponents around all powers of 2, with cofactors of every residue modulo p.
func TestTakeOut(t *testing.T) {
	p := big.NewInt(7)
	for e := range uint32(140) {
		for m := int64(1); m < 14; m++ {
			if m == 7 {
				continue
			}
			n := product(big.NewInt(m), map[uint64]uint32{7: e})
			if rest, mod, exp := takeOut(n, p); rest.Int64() != m || mod.Int64() != m%7 || exp != e {
				t.Fatalf("%d * 7^%d is taken for %v * 7^%d", m, e, rest, exp)
			}
		}
	}
}

// BenchmarkDivide measures numbers without small factors, and some that consist of them.
func BenchmarkDivide(b *testing.B) {
	run := func(name string, n *big.Int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Divide(n, func(uint64, uint32) {})
			}
		})
	}
	for _, bits := range []uint{127, 1279, 16381} {
		n := mersenne(bits) // without small factors
		for n.Sub(n, big.NewInt(2)); Divide(n, func(uint64, uint32) {}).Cmp(n) != 0; {
			n.Sub(n, big.NewInt(2))
		}
		run(fmt.Sprint("none-", bits), n)
	}
	primorial := big.NewInt(1)
	for i := 0; primorial.BitLen() < 16370; i++ {
		primorial.Mul(primorial, new(big.Int).SetUint64(table[i].P))
	}
	run("primorial", primorial)
	run("3^10337", product(big.NewInt(1), map[uint64]uint32{3: 10337}))
	run("65521^1023", product(big.NewInt(1), map[uint64]uint32{65521: 1023}))
}
