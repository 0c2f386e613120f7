package task

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// bitmap is the textbook Set.
type bitmap []bool

func (b bitmap) set(r Range, to bool) (changed uint64) {
	for x := r.First; x < r.End(); x++ {
		if b[x] != to {
			b[x] = to
			changed++
		}
	}
	return changed
}

// runs returns the maximal ranges of within whose bits are to.
func (b bitmap) runs(within Range, to bool) []Range {
	var runs []Range
	for x := within.First; x < within.End(); x++ {
		if b[x] != to {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].End() == x {
			runs[n-1].Count++
		} else {
			runs = append(runs, Range{x, 1})
		}
	}
	return runs
}

// checkSet compares s with the bitmap of all positions there are, and checks the
// invariants of its pages.
func checkSet(t *testing.T, s *Set, b bitmap) {
	t.Helper()
	all := b.runs(Span(0, uint64(len(b))), true)
	if got := slices.Collect(s.Ranges()); !slices.Equal(got, all) {
		t.Fatalf("ranges %v, want %v", got, all)
	}
	var length uint64
	for _, r := range all {
		length += r.Count
	}
	if s.Len() != length {
		t.Fatalf("Len() = %d, want %d", s.Len(), length)
	}
	for p, page := range s.pages {
		if len(page) == 0 || len(page) > pageSize {
			t.Fatalf("page %d holds %d ranges", p, len(page))
		}
	}
}

// checkQueries compares what s says about r with the bitmap.
func checkQueries(t *testing.T, s *Set, b bitmap, r Range) {
	t.Helper()
	missing := b.runs(r, false)
	if got := slices.Collect(s.Gaps(r)); !slices.Equal(got, missing) {
		t.Fatalf("Gaps(%v) = %v, want %v", r, got, missing)
	}
	if got, want := s.Contains(r), len(missing) == 0; got != want {
		t.Fatalf("Contains(%v) = %v, want %v", r, got, want)
	}
	if got, want := s.Overlaps(r), len(b.runs(r, true)) > 0; got != want {
		t.Fatalf("Overlaps(%v) = %v, want %v", r, got, want)
	}
}

func FuzzSet(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 5, 0, 7, 2, 0, 5, 2, 3, 6, 2, 4, 5, 1})
	f.Add([]byte{0, 250, 40, 3, 0, 255, 0, 1, 1, 3, 1, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		var s Set
		b := make(bitmap, 512)
		for ; len(script) >= 3; script = script[3:] {
			r := Range{uint64(script[1]), uint64(script[2])}
			checkQueries(t, &s, b, r)
			if script[0]%4 == 3 {
				if got, want := s.Remove(r), b.set(r, false); got != want {
					t.Fatalf("Remove(%v) = %d, want %d", r, got, want)
				}
			} else if got, want := s.Add(r), b.set(r, true); got != want {
				t.Fatalf("Add(%v) = %d, want %d", r, got, want)
			}
			checkSet(t, &s, b)
		}
	})
}

// With thousands of ranges there are many pages, which the fuzzer's short scripts
// never reach.
func TestSetManyPages(t *testing.T) {
	const size = 1 << 14
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var s Set
		b := make(bitmap, size)
		for step := range 12000 {
			r := Range{rng.Uint64N(size), 1}
			if rng.IntN(400) == 0 { // now and then a long one that spans pages
				r.Count = 1 + rng.Uint64N(min(4000, size-r.First))
			}
			if rng.IntN(3) == 0 {
				if got, want := s.Remove(r), b.set(r, false); got != want {
					t.Fatalf("Remove(%v) = %d, want %d", r, got, want)
				}
			} else if got, want := s.Add(r), b.set(r, true); got != want {
				t.Fatalf("Add(%v) = %d, want %d", r, got, want)
			}
			if step%100 == 0 {
				checkSet(t, &s, b)
				from := rng.Uint64N(size)
				checkQueries(t, &s, b, Range{from, rng.Uint64N(size - from)})
			}
		}
		checkSet(t, &s, b)

		var u Set
		half := make(bitmap, size)
		for range 500 {
			r := Range{rng.Uint64N(size - 8), rng.Uint64N(8)}
			u.Add(r)
			half.set(r, true)
		}
		var want uint64
		for _, r := range half.runs(Span(0, size), true) {
			want += b.set(r, true)
		}
		if got := s.AddSet(&u); got != want {
			t.Fatalf("AddSet = %d, want %d", got, want)
		}
		checkSet(t, &s, b)
		checkSet(t, &u, half)
	}
}

// Every place of a page that must be split for it.
func TestSetSplit(t *testing.T) {
	for place := range uint64(pageSize + 1) {
		var s Set
		b := make(bitmap, 8*pageSize)
		for i := range uint64(2 * pageSize) {
			r := Range{4*i + 2, 1}
			s.Add(r)
			b.set(r, true)
		}
		r := Range{4 * place, 1}
		if s.Add(r) != b.set(r, true) {
			t.Fatalf("%v was there", r)
		}
		checkSet(t, &s, b)
	}
}

func TestSetEmpty(t *testing.T) {
	var s Set
	far := Range{MaxPosition - 1, 1}
	if s.Len() != 0 || s.Overlaps(far) || s.Contains(far) || !s.Contains(Range{7, 0}) || s.Remove(far) != 0 || s.Add(Range{7, 0}) != 0 {
		t.Error("an empty set is not empty")
	}
	if got := slices.Collect(s.Gaps(far)); !slices.Equal(got, []Range{far}) {
		t.Errorf("Gaps = %v", got)
	}
	if s.Add(far) != 1 || !s.Contains(far) || s.Add(Range{0, MaxPosition}) != MaxPosition-1 {
		t.Error("the last position is lost")
	}
}

// No order of a million single positions may cost quadratic time.
func TestSetOrders(t *testing.T) {
	count := 1 << 20
	if testing.Short() {
		count = 1 << 16
	}
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(count)
	orders := map[string]func(i int) int{
		"forward":  func(i int) int { return i },
		"backward": func(i int) int { return count - 1 - i },
		"even-odd": func(i int) int { return i*2%count + i/(count/2) },
		"shuffled": func(i int) int { return shuffled[i] },
	}
	for name, position := range orders {
		start := time.Now()
		var s Set
		for i := range count {
			if s.Add(Range{uint64(position(i)), 1}) != 1 {
				t.Fatalf("%s: position %d was there", name, position(i))
			}
		}
		if !s.Contains(Range{0, uint64(count)}) || s.Len() != uint64(count) || len(s.pages) != 1 {
			t.Errorf("%s: the set is not whole", name)
		}
		// 0.02 to 0.3 s where this was written; quadratic is minutes.
		if elapsed := time.Since(start); elapsed > 20*time.Second {
			t.Errorf("%s: %v", name, elapsed)
		}
	}
}

func BenchmarkSetAdd(b *testing.B) {
	b.Run("forward", func(b *testing.B) {
		var s Set
		for i := range b.N {
			s.Add(Range{uint64(i), 1})
		}
	})
	b.Run("near", func(b *testing.B) { // as from 8 workers
		var s Set
		for i := range b.N {
			s.Add(Range{uint64(i ^ 7), 1})
		}
	})
	b.Run("shuffled", func(b *testing.B) {
		order := rand.New(rand.NewPCG(1, 2)).Perm(b.N)
		var s Set
		b.ResetTimer()
		for _, i := range order {
			s.Add(Range{uint64(i), 1})
		}
	})
}
