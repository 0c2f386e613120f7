package siqs

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"factorfleet/internal/factor/kernels/kernelstest"
)

// log2 returns log2(|x|), with x in two's complement.
func (x wide) log2() float64 {
	if x.negative() {
		x.negate()
	}
	f, _ := new(big.Float).SetInt(x.big(new(big.Int))).Float64()
	return math.Log2(f)
}

// TestBounds checks the bounds that the comments state, at both ends of the table of tunings and between.
func TestBounds(t *testing.T) { kernelstest.Each(t, testBounds) }

func testBounds(t *testing.T) {
	for _, bits := range []int{MinBits, 64, 96, 149, 226, MaxBits} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(21, uint64(bits))), bits))
		var s Sieve
		if err := s.Reset(always, p); err != nil {
			t.Fatal(err)
		}
		checkBase(t, &s.base, &p)
		checkRoom(t, &s.buckets, &s.base)
		size := math.Log2(float64(p.Interval/2)) + math.Log2(s.base.kn.float())/2 - 0.5 + float64(s.base.shift())
		most := 0.0 // largest logp/log2(p) of a sieved prime
		for i := int(p.Small); i < len(s.base.prime); i++ {
			most = max(most, float64(s.base.logp[i])/math.Log2(float64(s.base.prime[i])))
		}
		if top := 128 - float64(p.Candidate) + most*(size+1); most > 1.081 || top >= 230 {
			t.Errorf("%d bits: logarithms are up to %.3f times too large, a byte may reach %.0f", bits, most, top)
		}
		for number, seen := uint64(0), 0; seen < 3; number++ {
			if s.setFactors(number) {
				s.startCoefficient()
				checkSizes(t, &s, size)
				seen++
			}
		}
	}
}

// checkBase checks the sizes of primes and of the bounds of large primes, and the errors of logarithms.
func checkBase(t *testing.T, f *factorBase, p *Params) {
	largest := float64(f.largest())
	if largest >= 1<<24 || float64(p.Large) >= largest*largest || float64(p.Double) >= math.Pow(largest, 3) || p.Double >= 1<<63 {
		t.Errorf("%v: largest prime %v, Large %d, Double %d", p.N, largest, p.Large, p.Double)
	}
	for i, q := range f.prime {
		if off := float64(f.logp[i]) - math.Log2(float64(q)); i > 0 && math.Abs(off) > 0.5 {
			t.Fatalf("the logarithm of %d is %d", q, f.logp[i])
		}
	}
}

// checkRoom checks that a block has room for its mean number of hits and six deviations, in the words that
// Params.Memory counts.
func checkRoom(t *testing.T, b *buckets, f *factorBase) {
	hits := 0.0
	for i := b.first; i < len(f.prime); i++ {
		hits += 2 * blockSize / float64(f.prime[i])
	}
	if len(b.groups) > 0 && (float64(b.room)-hitRoom < hits+6*math.Sqrt(hits) || float64(b.stride) > 0.72*blockSize) {
		t.Errorf("%d primes: room %d and stride %d for %.0f hits", len(f.prime), b.room, b.stride, hits)
	}
}

// checkSizes checks |B|, C, X and Q(x) of the first polynomials of a coefficient.
func checkSizes(t *testing.T, s *Sieve, size float64) {
	p := &s.poly
	for {
		if limit := p.a.log2() + math.Log2(float64(len(p.factors)+1)/2); p.b.log2() >= limit || !p.c.negative() {
			t.Errorf("%v: |B| is 2^%.2f, bound 2^%.2f; C is negative: %v", s.params.N, p.b.log2(), limit, p.c.negative())
		}
		for _, x := range []int32{-s.half, 0, s.half - 1} {
			if q, l := p.value(x).log2(), p.linear(x).log2(); q >= size+1 || q >= 215 || l >= 190 {
				t.Errorf("%v: Q(%d) has %.2f bits, X %.2f; size is %.2f", s.params.N, x, q, l, size)
			}
		}
		if p.number == min(p.last(), 100) {
			return
		}
		s.nextPoly()
	}
}

// TestTwos compares the mean exponent of 2 in the values of a polynomial with that of factorBase.shift and
// scoreOfTwo.
func TestTwos(t *testing.T) {
	want := map[uint64]float64{1: 4, 5: 1, 2: 0.5, 3: 0.5, 6: 0.5, 7: 0.5}
	seen := make(map[uint64]bool)
	for seed := uint64(0); len(seen) < 3; seed++ {
		var s Sieve
		if err := s.start(always, semiprime(rand.New(rand.NewPCG(22, seed)), 100), tuningFor(100)); err != nil {
			t.Fatal(err)
		}
		class := s.base.kn[0] % 8
		if seen[class] {
			continue
		}
		seen[class] = true
		for number := uint64(0); !s.setFactors(number); number++ {
		}
		s.startCoefficient()
		sum := 0
		for x := -s.half; x < s.half; x++ {
			v := s.poly.value(x)
			if v.negative() {
				v.negate()
			}
			twos := int(v.big(new(big.Int)).TrailingZeroBits())
			if class == 1 && twos < 3 {
				t.Fatalf("kN = 1 mod 8: Q(%d) has %d factors 2", x, twos)
			}
			sum += twos
		}
		if got := float64(sum) / float64(2*s.half); math.Abs(got-want[class]) > 0.05 {
			t.Errorf("kN = %d mod 8: %.3f factors 2 a value, want %v", class, got, want[class])
		}
	}
}
