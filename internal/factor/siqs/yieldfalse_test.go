package siqs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

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
		r := Relation{Large: set.largeOf(uint32(i)), Primes: set.appendEntry(nil, uint32(i)), value: e.value}
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

// TestYieldTwice: a value that two coefficients have, with either sign of X, counts once.
func TestYieldTwice(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(12, 3)), 80))
	var s Sieve
	if err := s.Reset(always, p); err != nil {
		t.Fatal(err)
	}
	set, all := newSet(t, p), newSet(t, p)
	values := map[wide]bool{}
	twice := 0
	err := s.Collect(always, 0, p.Coefficients(), func(r *Relation) bool {
		var e yieldEncoder
		e.reset(r.Coefficient)
		e.add(&s, r)
		e.finish(r.Coefficient)
		have := set.Have()
		fresh, err := set.AddYield(e.data, r.Coefficient, r.Coefficient+1)
		if known := values[r.value]; err != nil || (fresh == 0) != known || known && set.Have() != have {
			t.Errorf("%+v: AddYield = %d, %v; known %v", r, fresh, err, known)
		} else if known {
			twice++
		}
		values[r.value] = true
		all.insert(r)
		return true
	})
	if err != nil || twice == 0 || set.Len() != len(values) || set.Have() != all.Have() {
		t.Errorf("%v; %d relations of %d values, %d came twice", err, set.Len(), len(values), twice)
	}
}
