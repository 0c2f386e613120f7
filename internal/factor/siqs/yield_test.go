package siqs

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// yields returns the yields of a range of coefficients, cut after every so many.
func yields(t testing.TB, p Params, first, end, every uint64) (all []yieldOf) {
	t.Helper()
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	done := uint64(0)
	err := s.Yield(always, first, end, func() (bool, bool) { done++; return done%every == 0, false },
		func(from, to uint64, data []byte) { all = append(all, yieldOf{from, to, data}) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type yieldOf struct {
	first, end uint64
	data       []byte
}

func newSet(t testing.TB, p Params) *Set {
	t.Helper()
	set := new(Set)
	if err := set.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestYield expects a set that has had yields to have the entries of one that has had
// the relations.
func TestYield(t *testing.T) {
	for _, bits := range []int{50, 64, 96, 128, 160, 200, 235} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(11, uint64(bits))), bits))
		last := min(p.Coefficients(), 12)
		var s Sieve
		if err := s.Reset(always, p); err != nil {
			t.Fatal(err)
		}
		if s.Coefficients() != p.Coefficients() {
			t.Errorf("%d bits: %d coefficients, Params say %d", bits, s.Coefficients(), p.Coefficients())
		}
		want := newSet(t, p)
		err := s.Collect(always, 1, last, func(r *Relation) bool {
			want.insert(r)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		got, next := newSet(t, p), uint64(1)
		for _, y := range yields(t, p, 1, last, 3) {
			if y.first != next || y.end > next+3 {
				t.Fatalf("%d bits: [%d, %d) after %d", bits, y.first, y.end, next)
			}
			next = y.end
			before := got.Len()
			fresh, err := got.AddYield(y.data, y.first, y.end)
			if err != nil || fresh != got.Len()-before {
				t.Fatalf("%d bits: AddYield = %d, %v", bits, fresh, err)
			}
			if fresh, err := got.AddYield(y.data, y.first, y.end); err != nil || fresh != 0 {
				t.Fatalf("%d bits: AddYield again = %d, %v", bits, fresh, err)
			}
		}
		if next != last {
			t.Errorf("%d bits: the yields end at %d", bits, next)
		}
		if got.Have() != want.Have() || !slices.Equal(entriesOf(got), entriesOf(want)) {
			t.Errorf("%d bits: %d relations by yields, want %d", bits, got.Len(), want.Len())
		}
	}
}

// entriesOf returns the entries of the set as sorted lines.
func entriesOf(s *Set) (all []string) {
	for i, e := range s.entries {
		primes := s.appendEntry(nil, uint32(i))
		slices.Sort(primes)
		all = append(all, fmt.Sprint(e.value, e.large, primes))
	}
	slices.Sort(all)
	return all
}

// TestYieldBytesAlone factors a number of 60 digits with sieves that know the bytes of
// the parameters, and a set that knows no more and gets yields in a random order.
func TestYieldBytesAlone(t *testing.T) {
	n := semiprime(rand.New(rand.NewPCG(rand.Uint64(), 0)), 198)
	params := mustParams(t, n)
	sent := params.Append(nil)
	decode := func() Params {
		p, err := DecodeParams(sent)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	shared, err := NewShared(always, decode())
	if err != nil {
		t.Fatal(err)
	}
	set := newSet(t, decode())
	set.SetCores(2)
	var sieve Sieve
	if err := sieve.Use(always, shared); err != nil {
		t.Fatal(err)
	}
	for first := uint64(0); ; first += 64 {
		var all []yieldOf
		err := sieve.Yield(always, first, first+64, func() (bool, bool) { return rand.IntN(4) == 0, false },
			func(from, to uint64, data []byte) { all = append(all, yieldOf{from, to, data}) })
		if err != nil {
			t.Fatal(err)
		}
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, y := range all {
			if _, err := set.AddYield(y.data, y.first, y.end); err != nil {
				t.Fatalf("%v: %v", n, err)
			}
		}
		if set.Have() < set.Need() {
			continue
		}
		d, err := set.Solve(always)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			if d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Rem(n, d).Sign() != 0 {
				t.Fatalf("Solve = %v", d)
			}
			return
		}
	}
}

// TestYieldFalse changes each byte of a yield, and its range, and expects the set to
// refuse it and to stay as it was, unless what results holds.
func TestYieldFalse(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(12, 1)), 100))
	y := yields(t, p, 3, 6, 100)[0]
	set := newSet(t, p)
	refused := func(what string, data []byte, first, end uint64) {
		t.Helper()
		before := set.Len()
		fresh, err := set.AddYield(data, first, end)
		if !errors.Is(err, ErrInvalid) || fresh != 0 || set.Len() != before {
			t.Errorf("%s: AddYield = %d, %v; %d relations after %d", what, fresh, err, set.Len(), before)
		}
	}
	refused("first too high", y.data, 6, 9)
	refused("end too low", y.data, 3, 4)
	refused("end below first", y.data, 3, 2)
	refused("beyond all coefficients", y.data, p.Coefficients(), p.Coefficients()+9)
	refused("huge range", append(bytes.Repeat([]byte{0xff}, 9), 1), 3, 1<<64-1)
	refused("cut", y.data[:len(y.data)-1], 3, 6)
	refused("too long", append(slices.Clone(y.data), make([]byte, MaxYield)...), 3, 6)
	refused("one more byte", append(slices.Clone(y.data), 1), 3, 6)
	false_ := 0
	for i := range y.data {
		data := slices.Clone(y.data)
		data[i] ^= 1 << rand.IntN(8)
		if fresh, err := set.AddYield(data, 3, 6); err != nil {
			false_++
		} else {
			checkEntries(t, set, fresh)
		}
	}
	if false_ < len(y.data)*9/10 {
		t.Errorf("%d of %d changes are refused", false_, len(y.data))
	}
}

// TestYieldRecoded makes relations that hold, but have primes of the base in place of a
// large prime. Expects the set to refuse them, as they would take the place of those that
// an honest machine finds for the same X.
func TestYieldRecoded(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(12, 2)), 120))
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	set := newSet(t, p)
	least, refused := s.base.largest(), [2]int{} // by the number of primes that are moved
	err := s.Collect(always, 0, 20, func(r *Relation) bool {
		if r.Large[1] != 1 {
			return true
		}
		honest := Relation{Coefficient: r.Coefficient, Poly: r.Poly, X: r.X, Large: r.Large, Primes: slices.Clone(r.Primes)}
		slices.Sort(honest.Primes)
		moved := honest
		for i := len(moved.Primes) - 1; i >= 0 && moved.Large[1] <= least; i-- {
			if at := moved.Primes[i]; !slices.Contains(s.poly.factors, int(at)) && at > 1 {
				moved.Large[1] *= s.base.prime[at]
				moved.Primes = slices.Delete(slices.Clone(moved.Primes), i, i+1)
				var e yieldEncoder
				e.reset(r.Coefficient)
				e.add(&s, &moved)
				e.finish(r.Coefficient)
				refused[b2i(moved.Large[1] > least)]++
				if _, err := set.AddYield(e.data, r.Coefficient, r.Coefficient+1); err != ErrInvalid {
					t.Errorf("%+v for %+v: AddYield: %v", moved, honest, err)
				}
				if _, err := set.Add(&moved); err != ErrInvalid {
					t.Errorf("%+v for %+v: Add: %v", moved, honest, err)
				}
			}
		}
		if _, err := set.Add(&honest); err != nil {
			t.Errorf("%+v: Add: %v", honest, err)
		}
		return true
	})
	if err != nil || refused[0] == 0 || refused[1] == 0 {
		t.Errorf("%v; refused are %d with a prime of the base, %d with a product of two", err, refused[0], refused[1])
	}
}

// TestLargeInBounds has pairs of large primes that no sieve emits.
func TestLargeInBounds(t *testing.T) {
	v := Verifier{params: Params{Large: 1009 * 1009, Double: 2003 * 2011}, base: factorBase{prime: []uint32{1, 2, 1009}}}
	for _, test := range []struct {
		large [2]uint32
		want  bool
	}{
		{[2]uint32{1, 1}, true}, {[2]uint32{1, 1013}, true}, {[2]uint32{1013, 1013}, true}, {[2]uint32{1999, 2011}, true},
		{[2]uint32{0, 1013}, false}, {[2]uint32{1, 0}, false}, {[2]uint32{1, 1009}, false}, {[2]uint32{1009, 1013}, false},
		{[2]uint32{1013, 1}, false}, {[2]uint32{2003, 2011}, false}, {[2]uint32{1, 1009 * 1009}, false},
		{[2]uint32{1 << 31, 1<<32 - 1}, false}, {[2]uint32{1, 1015}, false}, {[2]uint32{1, 1014}, false},
	} {
		if got := v.inBounds(test.large) && arePrime(test.large); got != test.want {
			t.Errorf("%v: %v", test.large, got)
		}
	}
}

// checkEntries expects the last relations of the set to hold.
func checkEntries(t *testing.T, set *Set, count int) {
	t.Helper()
	for i := set.Len() - count; i < set.Len(); i++ {
		e := &set.entries[i]
		r := Relation{Large: e.large, Primes: set.appendEntry(nil, uint32(i)), value: e.value}
		if !r.holds(set.base) {
			t.Errorf("the set has %+v", r)
		}
	}
}

// FuzzYield: whatever the bytes are, a relation of the set holds.
func FuzzYield(f *testing.F) {
	p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(9, 2)), 70))
	if err != nil {
		f.Fatal(err)
	}
	for _, y := range yields(f, p, 0, 8, 4) {
		f.Add(y.data, y.first, y.end)
	}
	f.Add([]byte{0, 1, 0, 0}, uint64(0), uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, first, end uint64) {
		set := newSet(t, p)
		fresh, err := set.AddYield(data, first, end)
		if err != nil && set.Len() != 0 || err == nil && fresh != set.Len() {
			t.Fatalf("AddYield = %d, %v; %d relations", fresh, err, set.Len())
		}
		checkEntries(t, set, fresh)
	})
}

// BenchmarkYield is the time to verify and add one relation, with the bytes that it
// takes, as they are and deflated.
func BenchmarkYield(b *testing.B) {
	for _, digits := range []int{60, 75, 85, 95} {
		b.Run(fmt.Sprint(digits), func(b *testing.B) {
			p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(5, 2)), int(3.3219*float64(digits))-1))
			if err != nil {
				b.Fatal(err)
			}
			all := yields(b, p, 0, 8, 8) // some are void
			set := newSet(b, p)
			relations, err := set.AddYield(all[0].data, 0, 8)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				set.reset(set.base, relations)
				if _, err := set.AddYield(all[0].data, 0, 8); err != nil {
					b.Fatal(err)
				}
			}
			var deflated bytes.Buffer
			w, _ := flate.NewWriter(&deflated, 6)
			w.Write(all[0].data)
			w.Close()
			count := float64(relations)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/relation")
			b.ReportMetric(float64(len(all[0].data))/count, "B/relation")
			b.ReportMetric(float64(deflated.Len())/count, "deflated-B/relation")
			b.ReportMetric(float64(len(set.primes))/count, "primes-B/relation")
		})
	}
}

// TestYieldStops: when due or alive ends the work, what is complete has been handed out.
func TestYieldStops(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(15, 1)), 150))
	want := yields(t, p, 0, 40, 1)
	for _, stopAt := range []uint64{1, 2, 25} {
		var s Sieve
		if err := s.Reset(always, p); err != nil {
			t.Fatal(err)
		}
		run := func(alive func() error, due func() (bool, bool)) error {
			next := uint64(0)
			set, wanted := newSet(t, p), newSet(t, p)
			err := s.Yield(alive, 0, 40, due, func(from, to uint64, data []byte) {
				if from != next || to <= from {
					t.Errorf("[%d, %d) after %d", from, to, next)
				}
				next = to
				if _, err := set.AddYield(data, from, to); err != nil {
					t.Error(err)
				}
			})
			if next != stopAt {
				t.Errorf("%d coefficients are handed out, want %d", next, stopAt)
			}
			for _, y := range want[:next] {
				wanted.AddYield(y.data, y.first, y.end)
			}
			if !slices.Equal(entriesOf(set), entriesOf(wanted)) {
				t.Errorf("%d relations of %d coefficients, want %d", set.Len(), next, wanted.Len())
			}
			return err
		}
		done := uint64(0)
		err := run(always, func() (bool, bool) { done++; return false, done == stopAt })
		if err != nil {
			t.Error(err)
		}
		stop := errors.New("stop")
		done = 0
		err = run(func() error {
			if done == stopAt {
				return stop
			}
			return nil
		}, func() (bool, bool) { done++; return false, false })
		if err != stop {
			t.Errorf("Yield = %v", err)
		}
	}
}

// TestYieldLimits sieves with parameters that make very many relations. No yield is
// larger than MaxYield, and a set accepts each.
func TestYieldLimits(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(15, 2)), 90))
	p.Interval, p.Candidate, p.Smooth = 4*blockSize, 20, 20
	set := newSet(t, p)
	p.Large = set.base.largest() * set.base.largest()
	set = newSet(t, p)
	largest := 0
	all := yields(t, p, 0, min(p.Coefficients(), 400), 1000)
	for _, y := range all {
		largest = max(largest, len(y.data))
		if _, err := set.AddYield(y.data, y.first, y.end); err != nil {
			t.Errorf("%d bytes: %v", len(y.data), err)
		}
	}
	if largest > MaxYield || len(all) < 2 {
		t.Errorf("%d yields, the largest has %d bytes", len(all), largest)
	}

	// One coefficient with more relations than have room.
	e := yieldEncoder{data: make([]byte, MaxYield-yieldRoom-15)}
	if e.full() {
		t.Error("a yield is full that has room for one more coefficient")
	}
	s := &Sieve{params: p, half: int32(p.Interval / 2)}
	r := Relation{Large: [2]uint32{1<<32 - 3, 1<<32 - 1}, Primes: slices.Repeat([]uint32{94}, 136)}
	for i := range uint32(1 << 15) {
		r.Poly, r.X = i, -s.half
		e.add(s, &r)
	}
	if e.finish(1 << 47); len(e.data) > MaxYield || len(e.data) < MaxYield-yieldRoom/2 {
		t.Errorf("%d bytes", len(e.data))
	}
}
