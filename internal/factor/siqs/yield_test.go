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

// largeOf returns the large primes of an entry: see Relation.
func (s *Set) largeOf(e uint32) [2]uint32 {
	ends := s.entries[e].ends
	return [2]uint32{s.graph.prime[ends[0]], s.graph.prime[ends[1]]}
}

// entriesOf returns the entries of the set as sorted lines.
func entriesOf(s *Set) (all []string) {
	for i, e := range s.entries {
		primes := s.appendEntry(nil, uint32(i))
		slices.Sort(primes)
		all = append(all, fmt.Sprint(e.value, s.largeOf(uint32(i)), primes))
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
		var progress []float64
		d, err := set.Solve(func() error { progress = append(progress, set.SolveProgress()); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if progress = append(progress, set.SolveProgress()); !slices.IsSorted(progress) || progress[0] != 0 || progress[len(progress)-1] != solvedLanczos {
			t.Errorf("progress of the linear algebra: %v", progress)
		}
		if d != nil {
			if d.Cmp(one) <= 0 || d.Cmp(n) >= 0 || new(big.Int).Rem(n, d).Sign() != 0 {
				t.Fatalf("Solve = %v", d)
			}
			return
		}
	}
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
