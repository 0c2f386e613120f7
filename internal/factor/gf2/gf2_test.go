package gf2

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func always() error { return nil }

// random returns rows whose columns are 1 with a probability of about weight/(c+1),
// as in the matrix of a sieve, and at most 1/2.
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

// rank returns the rank by elimination row by row, the slow twin.
func rank(rows [][]uint32, columns int) int {
	var m [][]bool
	for _, r := range rows {
		bits := make([]bool, columns)
		for _, c := range r {
			bits[c] = !bits[c]
		}
		m = append(m, bits)
	}
	done := 0
	for c := range columns {
		at := slices.IndexFunc(m[done:], func(r []bool) bool { return r[c] })
		if at < 0 {
			continue
		}
		m[done], m[done+at] = m[done+at], m[done]
		for _, r := range m[done+1:] {
			if r[c] {
				for i := range r {
					r[i] = r[i] != m[done][i]
				}
			}
		}
		if done++; done == len(m) {
			break
		}
	}
	return done
}

// check expects as many dependencies as the rank leaves, each of which adds up to
// zero, and all independent.
func check(t *testing.T, m *Matrix, rows [][]uint32, columns int, least int) {
	t.Helper()
	m.Reset(columns)
	for _, r := range rows {
		m.AddRow(r)
	}
	var sets [][]uint32
	err := m.Dependencies(always, func(set []uint32) bool {
		sum := make([]bool, columns)
		for i, r := range set {
			if slices.Contains(set[:i], r) {
				t.Fatalf("row %d is twice in a dependency", r)
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
	if len(sets) < least {
		t.Errorf("%dx%d: %d dependencies, want at least %d", len(rows), columns, len(sets), least)
	}
	if got := rank(sets, len(rows)); got != len(sets) {
		t.Errorf("%dx%d: of %d dependencies only %d are independent", len(rows), columns, len(sets), got)
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
		rows := random(rnd, r, c, float64(1+rnd.IntN(50)))
		check(t, &m, rows, c, len(rows)-rank(rows, c))
	}
}

// TestFiltered compares with the slow twin for matrices that go through the filter, with
// columns that no row has and rows that are there twice.
func TestFiltered(t *testing.T) {
	var m Matrix
	rnd := rand.New(rand.NewPCG(1, 4))
	for range 10 {
		r, c := filterFrom+rnd.IntN(100), filterFrom-50+rnd.IntN(150)
		rows := random(rnd, r, c, 0.5+3*rnd.Float64())
		for range 5 {
			rows[rnd.IntN(r)] = rows[rnd.IntN(r)]
		}
		check(t, &m, rows, c, len(rows)-rank(rows, c))
	}
}

// TestStops expects the error of alive.
func TestStops(t *testing.T) {
	rows := random(rand.New(rand.NewPCG(1, 2)), 3000, 2900, 10)
	var m Matrix
	m.Reset(2900)
	for _, r := range rows {
		m.AddRow(r)
	}
	stop := fmt.Errorf("stop")
	calls := 0
	err := m.Dependencies(func() error {
		if calls++; calls == 3 {
			return stop
		}
		return nil
	}, func([]uint32) bool { return true })
	if err != stop {
		t.Errorf("Dependencies = %v after %d calls of alive", err, calls)
	}
}

func BenchmarkDependencies(b *testing.B) {
	for _, n := range []int{100, 200, 400, 800, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rows := random(rand.New(rand.NewPCG(1, 3)), n+20, n, 1.5)
			var m Matrix
			b.ReportAllocs()
			for b.Loop() {
				m.Reset(n)
				for _, r := range rows {
					m.AddRow(r)
				}
				if err := m.Dependencies(always, func([]uint32) bool { return false }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
