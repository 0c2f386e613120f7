package siqs

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// collect returns copies of the relations of a range of coefficients, at most 400 of
// them.
func collect(t *testing.T, p Params, from, to uint64) []Relation {
	t.Helper()
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	var rels []Relation
	err := s.Collect(always, from, to, func(r *Relation) bool {
		c := *r
		c.Primes = slices.Clone(r.Primes)
		rels = append(rels, c)
		return len(rels) < 400
	})
	if err != nil {
		t.Fatal(err)
	}
	return rels
}

func mustParams(t *testing.T, n *big.Int) Params {
	t.Helper()
	p, err := NewParams(always, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRelations multiplies out every relation with math/big, and lets a Set check
// it from what goes over the wire.
func TestRelations(t *testing.T) {
	for _, bits := range []int{64, 96, 128, 160, 200, 240} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(2, uint64(bits))), bits))
		var f factorBase
		var n huge
		n.setBig(p.N)
		f.build(always, &n, p.Multiplier, int(p.Primes))
		kn := new(big.Int).Mul(p.N, big.NewInt(int64(p.Multiplier)))
		if bits == 240 {
			p.Double = uint64(p.Large) << 22
			p.Candidate, p.Smooth = p.Candidate-20, p.Smooth-20
		}
		rels := collect(t, p, 0, 20)
		if len(rels) < 20 {
			t.Errorf("%d bits: only %d relations", bits, len(rels))
		}
		set := new(Set)
		if err := set.Reset(always, p); err != nil {
			t.Fatal(err)
		}
		for i := range rels {
			r := &rels[i]
			left := r.value.big(new(big.Int))
			left.Sub(left.Mul(left, left), kn)
			right := new(big.Int).Mul(big.NewInt(int64(r.Large[0])), big.NewInt(int64(r.Large[1])))
			for _, i := range r.Primes {
				q := int64(f.prime[i])
				if i == 0 {
					q = -1
				}
				right.Mul(right, big.NewInt(q))
			}
			if left.Cmp(right) != 0 {
				t.Fatalf("%d bits: %+v: %v, product %v", bits, r, left, right)
			}
			want := r.value
			r.value = wide{}
			if _, err := set.Add(r); err != nil || r.value != want {
				t.Fatalf("%d bits: Add(%+v): %v, value %v", bits, r, err, want)
			}
		}
	}
}

// TestInvalid changes each part of a relation and expects the Set to refuse it.
func TestInvalid(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(2, 120)), 120))
	rels := collect(t, p, 0, 4)
	var set Set
	if err := set.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	changes := []func(r *Relation){
		func(r *Relation) { r.Coefficient++ },
		func(r *Relation) { r.Coefficient = ^uint64(0) },
		func(r *Relation) { r.Poly ^= 1 },
		func(r *Relation) { r.Poly |= 1 << 31 },
		func(r *Relation) { r.X++ },
		func(r *Relation) { r.X = -1 << 31 },
		func(r *Relation) { r.Large[1]++ },
		func(r *Relation) { r.Large[0] = 0 },
		func(r *Relation) { r.Primes = append(r.Primes, 0) },
		func(r *Relation) { r.Primes = append(r.Primes, 3) },
		func(r *Relation) { r.Primes = append(r.Primes, ^uint32(0)) },
		func(r *Relation) { r.Primes = r.Primes[1:] },
		func(r *Relation) { r.Primes = slices.Repeat([]uint32{2}, 1000) },
	}
	for _, rel := range rels[:20] {
		for i, change := range changes {
			r := rel
			r.Primes = slices.Clone(rel.Primes)
			change(&r)
			if _, err := set.Add(&r); !errors.Is(err, ErrInvalid) {
				t.Errorf("change %d: Add(%+v) = %v", i, r, err)
			}
		}
		if fresh, err := set.Add(&rel); !fresh || err != nil {
			t.Errorf("Add(%+v) = %v, %v", rel, fresh, err)
		}
		if fresh, err := set.Add(&rel); fresh || err != nil {
			t.Errorf("second Add(%+v) = %v, %v", rel, fresh, err)
		}
	}
}

// TestDeterminism expects the same relations of a range however it is cut and
// whatever the sieve did before.
func TestDeterminism(t *testing.T) {
	for _, bits := range []int{80, 128, 180} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(4, uint64(bits))), bits))
		whole := collect(t, p, 0, 4)
		pieces := append(collect(t, p, 0, 1), collect(t, p, 1, 4)...)
		if !slices.EqualFunc(whole, pieces, equal) {
			t.Errorf("%d bits: the range 0-4 has other relations than 0-1 and 1-4", bits)
		}
	}
}

func equal(x, y Relation) bool {
	return x.Coefficient == y.Coefficient && x.Poly == y.Poly && x.X == y.X && x.Large == y.Large &&
		x.value == y.value && slices.Equal(x.Primes, y.Primes)
}

// TestCoefficients expects distinct products of distinct primes near the target,
// and enough of them.
func TestCoefficients(t *testing.T) {
	for _, bits := range []int{50, 80, 116, 159, 210, 272, 330, 359, MaxBits} {
		n := semiprime(rand.New(rand.NewPCG(5, uint64(bits))), bits)
		var s Sieve
		if err := s.Reset(always, mustParams(t, n)); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		void, numbers := 0, min(s.Coefficients(), 2000)
		for i := range numbers {
			factors, ok := s.pools.factors(nil, i, &s.base)
			if !ok {
				void++
				continue
			}
			slices.Sort(factors)
			product := big.NewInt(1)
			for j, at := range factors {
				if j > 0 && at == factors[j-1] || at < s.base.special {
					t.Fatalf("%d bits: coefficient %d has the primes %v", bits, i, factors)
				}
				product.Mul(product, big.NewInt(int64(s.base.prime[at])))
			}
			if seen[product.String()] {
				t.Fatalf("%d bits: coefficient %d is there twice", bits, i)
			}
			seen[product.String()] = true
			ratio, _ := new(big.Float).SetInt(product).Float64()
			if ratio /= s.pools.target; ratio > s.pools.tolerance || 1/ratio > s.pools.tolerance {
				t.Fatalf("%d bits: coefficient %d is %v times the target", bits, i, ratio)
			}
		}
		t.Logf("%d bits: s=%d, %d of the first %d void, %d in all", bits, s.pools.s, void, numbers, s.Coefficients())
		if uint64(void) > numbers*3/4 {
			t.Errorf("%d bits: %d of %d coefficients are void", bits, void, numbers)
		}
	}
}

// TestParams changes the parameters as no program of ours makes them and expects
// ErrParams, or a sieve that works.
func TestParams(t *testing.T) {
	good := mustParams(t, semiprime(rand.New(rand.NewPCG(5, 1)), 150))
	bad := []func(p *Params){
		func(p *Params) { p.N = nil },
		func(p *Params) { p.N = new(big.Int).Neg(p.N) },
		func(p *Params) { p.N = new(big.Int).Lsh(p.N, 1) },
		func(p *Params) { p.N = new(big.Int).Lsh(p.N, 1000) },
		func(p *Params) { p.N = new(big.Int).Add(p.N, big.NewInt(2)) },
		func(p *Params) { p.Multiplier = 4 },
		func(p *Params) { p.Primes = 3 },
		func(p *Params) { p.Primes++ },
		func(p *Params) { p.Primes = 1 << 31 },
		func(p *Params) { p.Small = 0 },
		func(p *Params) { p.Small = p.Primes + 1 },
		func(p *Params) { p.Interval = 0 },
		func(p *Params) { p.Interval = blockSize + 64 },
		func(p *Params) { p.Interval = 1 << 31 },
		func(p *Params) { p.Candidate = 129 },
		func(p *Params) { p.Factors = 0 },
		func(p *Params) { p.Factors = 255 },
		func(p *Params) { p.PoolA = [2]uint32{} },
		func(p *Params) { p.PoolA = [2]uint32{0, 50} },
		func(p *Params) { p.PoolB[1] = p.Primes + 1 },
		func(p *Params) { p.PoolB = [2]uint32{10, 500} },
		func(p *Params) { p.PoolB[0] = p.PoolB[1] + 1 },
		func(p *Params) { p.Tolerance = 0 },
		func(p *Params) { p.Hash++ },
	}
	for i, change := range bad {
		p := good
		change(&p)
		if err := new(Sieve).Reset(always, p); err != ErrParams {
			t.Errorf("change %d: Reset: %v", i, err)
		}
	}
	odd := []func(p *Params){
		func(p *Params) { p.Candidate, p.Smooth = 0, 0; p.Interval = 64 },
		func(p *Params) { p.Large, p.Double = 0, 1<<64-1 },
		func(p *Params) { p.Small = p.Primes },
		func(p *Params) { p.Interval = 3 * blockSize },
		func(p *Params) { p.PoolB[0] = p.PoolB[1] },
	}
	for i, change := range odd {
		p := good
		change(&p)
		var s Sieve
		if err := s.Reset(always, p); err != nil {
			t.Errorf("odd change %d: Reset: %v", i, err)
			continue
		}
		_ = s.Collect(always, 0, 3, func(r *Relation) bool {
			if !r.holds(&s.base) {
				t.Errorf("odd change %d: %+v", i, r)
			}
			return true
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, bits := range []int{128, 240} {
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(5, 2)), bits))
			if err != nil {
				b.Fatal(err)
			}
			var s Sieve
			var v Verifier
			if s.Reset(always, p) != nil || v.Reset(always, p) != nil {
				b.Fatal("Reset")
			}
			var rels []Relation
			_ = s.Collect(always, 0, 100, func(r *Relation) bool {
				c := *r
				c.Primes = slices.Clone(r.Primes)
				rels = append(rels, c)
				return len(rels) < 500
			})
			i := 0
			for b.Loop() {
				if !v.Verify(&rels[i%len(rels)]) {
					b.Fatal("not verified")
				}
				i++
			}
		})
	}
}
