package gf2

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func always() error { return nil }

// random returns rows whose columns are 1 with a probability of about weight/(c+1),
// and at most 1/2.
func random(rnd *rand.Rand, rows, columns int, weight float64) [][]uint32 {
	m := make([][]uint32, rows)
	for r := range m {
		for c := range columns {
			if rnd.Float64() < min(0.5, weight/float64(c+1)) {
				m[r] = append(m[r], uint32(c))
			}
		}
	}
	return m
}

// sieved returns rows as those of a sieve: each is the sum of some relations, which have the
// column c with a probability of about 1/(c+2), and two columns or fewer besides.
func sieved(rnd *rand.Rand, rows, columns int) [][]uint32 {
	m := make([][]uint32, rows)
	odd := make([]bool, columns)
	for r := range m {
		var hits []uint32
		for range 1 + rnd.IntN(4) {
			// The next column of a relation after c is above x with a probability of c/x.
			for x := 2.0; x < float64(columns+2); x = float64(int(x/(1-rnd.Float64()))) + 1 {
				if c := int(x) - 2; x > 2 || rnd.IntN(2) == 0 {
					hits = append(hits, uint32(c))
				}
			}
			for range rnd.IntN(3) {
				hits = append(hits, uint32(rnd.IntN(columns)))
			}
		}
		for _, c := range hits {
			odd[c] = !odd[c]
		}
		for _, c := range hits {
			if odd[c] {
				odd[c] = false
				m[r] = append(m[r], c)
			}
		}
	}
	return m
}

// rank returns the rank by elimination row by row, the slow twin.
func rank(rows [][]uint32, columns int) int {
	basis := make([][]uint64, columns) // basis[c] has c as its first column
	count := 0
	for _, r := range rows {
		x := make([]uint64, (columns+63)/64)
		for _, c := range r {
			x[c/64] ^= 1 << (c % 64)
		}
		for c := range basis {
			if x[c/64]>>(c%64)&1 == 0 {
				continue
			}
			if basis[c] == nil {
				basis[c] = x
				count++
				break
			}
			for i, w := range basis[c] {
				x[i] ^= w
			}
		}
	}
	return count
}

func (m *Matrix) setRows(columns int, rows [][]uint32) {
	m.Reset(columns)
	for _, r := range rows {
		m.AddRow(r)
	}
}

// dependencies returns all sets that find gives, of which it expects that they add up to zero
// and are independent.
func dependencies(t *testing.T, rows [][]uint32, columns int, find func(f func(set []uint32) bool) error) [][]uint32 {
	t.Helper()
	var sets [][]uint32
	err := find(func(set []uint32) bool {
		sum := make([]bool, columns)
		for i, r := range set {
			if i > 0 && r <= set[i-1] {
				t.Fatalf("the rows %v are not ascending", set)
			}
			for _, c := range rows[r] {
				sum[c] = !sum[c]
			}
		}
		if len(set) == 0 || slices.Contains(sum, true) {
			t.Fatalf("%dx%d: the rows %v do not add up to zero", len(rows), columns, set)
		}
		sets = append(sets, slices.Clone(set))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := rank(sets, len(rows)); got != len(sets) {
		t.Errorf("%dx%d: of %d dependencies only %d are independent", len(rows), columns, len(sets), got)
	}
	return sets
}

// check expects as many dependencies as the rank leaves, or `enough`.
func check(t *testing.T, m *Matrix, rows [][]uint32, columns, enough int) {
	t.Helper()
	m.setRows(columns, rows)
	sets := dependencies(t, rows, columns, func(f func([]uint32) bool) error { return m.Dependencies(always, f) })
	if want := min(enough, len(rows)-rank(rows, columns)); len(sets) < want {
		t.Errorf("%dx%d: %d dependencies, want at least %d", len(rows), columns, len(sets), want)
	}
}

// TestDense compares with the slow twin.
func TestDense(t *testing.T) {
	var m Matrix
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 600 {
		r, c := 1+rnd.IntN(90), 1+rnd.IntN(90)
		if i%100 == 0 {
			r, c = 200, 190
		}
		check(t, &m, random(rnd, r, c, float64(1+rnd.IntN(50))), c, r)
	}
}

// TestFiltered compares with the slow twin for matrices that go through the filter, with
// columns that no row has and rows that are there twice.
func TestFiltered(t *testing.T) {
	var m Matrix
	rnd := rand.New(rand.NewPCG(1, 4))
	for i := range 12 {
		r, c := filterFrom+rnd.IntN(100), filterFrom-50+rnd.IntN(150)
		rows := random(rnd, r, c, 0.5+3*rnd.Float64())
		if i%2 == 0 {
			rows = sieved(rnd, r, c)
		}
		for range 5 {
			rows[rnd.IntN(r)] = rows[rnd.IntN(r)]
		}
		check(t, &m, rows, c, excess)
	}
}

// TestSingular has matrices in the shape of which something is missing.
func TestSingular(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 5))
	const n = 1200
	var m Matrix
	for _, x := range []struct {
		name    string
		columns int
		rows    [][]uint32
	}{
		{"no rows", n, nil},
		{"no columns", 0, make([][]uint32, n)},
		{"zero rows", n, make([][]uint32, n)},
		{"the same row", n, slices.Repeat([][]uint32{{1, 5, n - 1}}, n)},
		{"rows twice", n, slices.Repeat(sieved(rnd, n, n), 2)},
		{"zero rows among others", n, append(sieved(rnd, n, n), make([][]uint32, 20)...)},
		{"empty columns", 10 * n, sieved(rnd, n, n)},
		{"more columns", 2 * n, sieved(rnd, n, 2*n)},
		{"fewer columns", n / 3, sieved(rnd, n, n/3)},
		{"half full", n, random(rnd, n+10, n, 1e9)},
	} {
		t.Run(x.name, func(t *testing.T) { check(t, &m, x.rows, x.columns, excess) })
	}
}

// TestChecked expects that a set that does not add up to zero is not handed out.
func TestChecked(t *testing.T) {
	var m Matrix
	m.setRows(3, [][]uint32{{0, 1}, {1, 2}, {0, 2}})
	var sets [][]uint32
	s := search{m: &m, alive: always, scratch: &m.scratch, f: func(set []uint32) bool {
		sets = append(sets, slices.Clone(set))
		return true
	}}
	if _, err := s.deliver([]uint64{0b011, 0b110, 0b010}, 3); err != nil || len(sets) != 1 || !slices.Equal(sets[0], []uint32{0, 1, 2}) {
		t.Errorf("%v, %v; want the set of all three", sets, err)
	}
}

// TestEarlyEnd expects that no more dependencies come than are wanted, from both ways.
func TestEarlyEnd(t *testing.T) {
	for _, n := range []int{100, 1500} {
		var m Matrix
		m.setRows(n, sieved(rand.New(rand.NewPCG(1, 6)), n+100, n))
		calls := 0
		err := m.Dependencies(always, func([]uint32) bool { calls++; return calls < 70 })
		if err != nil || calls != 70 {
			t.Errorf("%d columns: %d calls, %v", n, calls, err)
		}
	}
}

// TestStops expects the error of alive, whenever it comes, and no goroutine left behind.
func TestStops(t *testing.T) {
	const n = 14000 // its core is large enough for block Lanczos
	var m Matrix
	m.Workers = 2
	m.setRows(n, sieved(rand.New(rand.NewPCG(1, 2)), n+100, n))
	stop := errors.New("stop")
	before := runtime.NumGoroutine()
	for at := 1; ; at += 1 + at/3 {
		calls := 0
		err := m.Dependencies(func() error {
			if calls++; calls == at {
				return stop
			}
			return nil
		}, func([]uint32) bool { return true })
		if err == nil && calls < at && at > 100 {
			break // there are no more
		}
		if err != stop || calls != at {
			t.Fatalf("Dependencies = %v after %d calls of alive, of which the one of number %d stops", err, calls, at)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// TestMemory compares what Dependencies allocates with the bound, in all its ways.
func TestMemory(t *testing.T) {
	for _, x := range []struct{ n, workers int }{{500, 1}, {1500, 1}, {6000, 1}, {14000, 1}, {14000, 3}} {
		var m Matrix
		m.Workers = x.workers
		m.setRows(x.n, sieved(rand.New(rand.NewPCG(1, 7)), x.n+100, x.n))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := m.Dependencies(always, func([]uint32) bool { return true }); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		took := after.TotalAlloc - before.TotalAlloc + uint64(4*(cap(m.entries)+cap(m.ends)))
		bound := Memory(m.Rows(), x.n, len(m.entries))
		t.Logf("%d columns, %d workers: %d bytes, the bound is %d", x.n, x.workers, took, bound)
		if took > bound || took < bound/12 {
			t.Errorf("%d columns, %d workers: %d bytes, the bound is %d", x.n, x.workers, took, bound)
		}
	}
	if got := Memory(100_500, 100_000, 4_000_000); got > 150<<20 {
		t.Errorf("%d bytes for 100,000 columns", got)
	}
}

// BenchmarkDependencies is the time with all that there is.
func BenchmarkDependencies(b *testing.B) {
	for _, n := range []int{100, 200, 400, 800, 1200, 3000, 10000, 20000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmark(b, n, func(s *search) error { return s.m.Dependencies(s.alive, s.f) })
		})
	}
}

// BenchmarkFilter is the time of small matrices with and without the filter: where they meet
// is filterFrom.
func BenchmarkFilter(b *testing.B) {
	for _, n := range []int{600, 1000, 1400} {
		b.Run(fmt.Sprintf("filter/%d", n), func(b *testing.B) { benchmark(b, n, (*search).filtered) })
		b.Run(fmt.Sprintf("direct/%d", n), func(b *testing.B) { benchmark(b, n, (*search).direct) })
	}
}

// benchmark is the time that find takes with n columns.
func benchmark(b *testing.B, n int, find func(s *search) error) {
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(1, 3)), n+100, n))
	b.ReportAllocs()
	for b.Loop() {
		s := search{m: &m, alive: always, scratch: &m.scratch, f: func([]uint32) bool { return false }}
		if err := find(&s); err != nil {
			b.Fatal(err)
		}
	}
}
