package siqs

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
)

// TestSieveBlock compares the sieve of successive polynomials, by blocks and with buckets, with
// adding up the logarithms position by position.
func TestSieveBlock(t *testing.T) {
	for _, bits := range []int{70, 200, 225} {
		var s Sieve
		if err := s.Reset(always, mustParams(t, semiprime(rand.New(rand.NewPCG(8, uint64(bits))), bits))); err != nil {
			t.Fatal(err)
		}
		ok := false
		for i := uint64(0); !ok; i++ {
			ok = s.setFactors(i)
		}
		s.startCoefficient()
		for s.poly.number < min(2*polysPerFill, s.poly.last()) {
			s.checkBlocks(t, s.logarithms())
			s.nextPoly()
		}
	}
}

// logarithms returns for each position of the polynomial the sum of the logarithms of the primes
// that divide its value, less those of the coefficient and those that are not sieved with.
func (s *Sieve) logarithms() []uint8 {
	sums := make([]uint8, s.params.Interval)
	b := s.poly.b.big(new(big.Int))
	if s.poly.b.negative() {
		abs := s.poly.b
		abs.negate()
		b.Neg(abs.big(b))
	}
	a, p, root, x := s.poly.a.big(new(big.Int)), new(big.Int), new(big.Int), new(big.Int)
	a.Lsh(a, s.poly.shift) // D
	for i := int(s.params.Small); i < len(s.base.prime); i++ {
		if s.poly.isFactor(i) {
			continue
		}
		p.SetUint64(uint64(s.base.prime[i]))
		inv := new(big.Int).ModInverse(a, p)
		root.SetUint64(uint64(s.base.root[i]))
		for range 2 {
			x.Sub(root.Neg(root), b) // (+-root - B)/D
			x.Add(x.Mul(x, inv), big.NewInt(int64(s.half)))
			for at := x.Mod(x, p).Uint64(); at < uint64(s.params.Interval); at += p.Uint64() {
				sums[at] += s.base.logp[i]
			}
		}
	}
	return sums
}

// checkBlocks expects the sums in the blocks of the polynomial.
func (s *Sieve) checkBlocks(t *testing.T, sums []uint8) {
	t.Helper()
	s.startWork()
	for start := uint32(0); start < s.params.Interval; start += blockSize {
		block := s.sieveBlockAt(start)
		for i, sum := range block {
			if want := sums[start+uint32(i)]; sum-s.blank[0] != want {
				t.Fatalf("%v, polynomial %d: position %d has %d, want %d", s.params.N, s.poly.number, start+uint32(i), sum-s.blank[0], want)
			}
		}
	}
}

// TestCofactorBatch splits products of two primes, with primes among them, at each level.
func TestCofactorBatch(t *testing.T) { kernelstest.Each(t, testCofactorBatch) }

func testCofactorBatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 1))
	var w cofactorBatch
	var want [][2]uint64
	for i := range 600 {
		p, q := randomPrime(rnd, 17+rnd.IntN(10)).Uint64(), randomPrime(rnd, 17+rnd.IntN(10)).Uint64()
		want = append(want, [2]uint64{min(p, q), max(p, q)})
		w.add(&Relation{X: int32(i), Primes: []uint32{uint32(i), 2}}, p*q)
		w.add(&Relation{X: -1}, p)
	}
	if err := w.split(always); err != nil {
		t.Fatal(err)
	}
	if len(w.rels) != len(want) || len(w.primes) != 2*len(want) {
		t.Fatalf("%d relations with %d primes, want %d and twice as many", len(w.rels), len(w.primes), len(want))
	}
	for i, d := range w.divisors {
		if got := [2]uint64{min(d, w.products[i][0]/max(d, 1)), max(d, w.products[i][0]/max(d, 1))}; got != want[i] {
			t.Errorf("%v: divisor %d", want[i], d)
		}
		if at := w.ends[i]; w.rels[i].X != int32(i) || w.primes[at-2] != uint32(i) {
			t.Errorf("relation %d is %+v, primes %d", i, w.rels[i], w.primes[at-2:at])
		}
	}
}
