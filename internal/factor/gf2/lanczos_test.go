package gf2

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// whole returns the matrix as a core, without filtering.
func (m *Matrix) whole() *core {
	f := filter{meter: workMeter{alive: always}}
	f.load(m)
	f.relist()
	return f.core()
}

// TestLanczos compares with the slow twin, from sizes where it may break down to those where it
// must not.
func TestLanczos(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 1))
	for i, x := range []struct {
		rows, columns int
	}{
		{1, 1}, {5, 9}, {20, 1}, {64, 60}, {130, 128}, {200, 150}, {300, 200},
		{900, 700}, {1100, 1092}, {1500, 1380}, {2000, 2100}, {3000, 2950},
	} {
		for _, filtered := range []bool{true, false} {
			shapes := [][][]uint32{sieved(rnd, x.rows, x.columns), random(rnd, x.rows, x.columns, 3), sieved(rnd, x.rows, (x.columns+1)/2)}
			for range 8 { // the third has zero rows, rows that are there several times, empty columns
				shapes[2][rnd.IntN(x.rows)] = shapes[2][rnd.IntN(x.rows)]
				shapes[2][rnd.IntN(x.rows)] = nil
			}
			for shape, rows := range shapes {
				var m Matrix
				m.setRows(x.columns, rows)
				done, must := false, false
				sets := dependencies(t, rows, x.columns, func(f func([]uint32) bool) (err error) {
					s := search{m: &m, f: f, alive: always, scratch: &m.scratch}
					core := m.whole()
					if filtered {
						core, s.merges = m.filteredCore()
					}
					s.origin = core.origin
					must = core.rows > 5*width
					done, err = s.lanczos(core)
					return err
				})
				want := min(wanted, x.rows-rank(rows, x.columns))
				if !done && len(sets) > 0 || (done || must) && len(sets) < want {
					t.Errorf("%d: %dx%d, shape %d, filter %v: %d dependencies (enough: %v), want %d", i, x.rows, x.columns, shape, filtered, len(sets), done, want)
				}
			}
		}
	}
}

// TestSeeds expects enough solutions from every seed, for ranks that are any number of vectors more
// than whole blocks: with a few the last step breaks down.
func TestSeeds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 6))
	for n := 1000; n < 1000+width; n += 5 {
		var m Matrix
		m.setRows(n, sieved(rnd, n+50, n))
		l := newLanczos(m.whole(), 1, always)
		for seed := range uint64(3) {
			if ok, err := l.run(seed); !ok || err != nil {
				t.Fatalf("%d columns, seed %d: %v, %v", n, seed, ok, err)
			}
			if _, count, err := l.solutions(); err != nil || count < wanted {
				t.Errorf("%d columns, seed %d: %d solutions, %v", n, seed, count, err)
			}
		}
	}
}

// TestProjection expects A*(X-Y) = 0 where V[m] is 0.
func TestProjection(t *testing.T) {
	const n = 1500
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(2, 6)), n+50, n))
	l := newLanczos(m.whole(), 1, always)
	zero := 0
	for seed := range uint64(20) {
		if ok, err := l.run(seed); !ok || err != nil {
			t.Fatalf("seed %d: %v, %v", seed, ok, err)
		}
		isNot := func(x vec) bool { return x != vec{} }
		if slices.ContainsFunc(l.v[0], isNot) {
			continue
		}
		zero++
		if _, _, err := l.apply(l.av, l.x); err != nil || slices.ContainsFunc(l.av, isNot) {
			t.Errorf("seed %d: A*(X-Y) is not 0, %v", seed, err)
		}
	}
	if zero == 0 {
		t.Error("V[m] is never 0")
	}
}

// TestOrthogonal expects subspaces W[i] that are orthogonal to each other with respect to A, and of the
// dimensions that the number of iterations relies on.
func TestOrthogonal(t *testing.T) {
	const n = 2000
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(2, 9)), n+50, n))
	l := newLanczos(m.whole(), 1, always)
	if err := l.begin(0); err != nil {
		t.Fatal(err)
	}
	var w [][]vec // W[i], with zeros in the columns that are not chosen
	dimensions, last, image := 0, 0, make([]vec, l.m.rows)
	for i := 0; ; i++ {
		if ended, err := l.iterate(i); ended || err != nil {
			break
		}
		chosen := l.last[1].chosen
		last = bits.OnesCount64(chosen.lo) + bits.OnesCount64(chosen.hi)
		dimensions += last
		w = append(w, slices.Clone(l.v[1]))
		for r := range w[i] {
			w[i][r] = w[i][r].and(chosen)
		}
		if _, _, err := l.apply(image, w[i]); err != nil {
			t.Fatal(err)
		}
		for j := range i {
			if product, err := l.inner(w[j], image); product != (square{}) || err != nil {
				t.Errorf("W[%d] is not orthogonal to W[%d], %v", i, j, err)
			}
		}
	}
	// The last subspace has the dimensions that are left.
	if mean := float64(dimensions-last) / float64(len(w)-1); dimensions > l.m.rows || mean < width-1 {
		t.Errorf("%d subspaces have %d dimensions of %d, %.2f each", len(w), dimensions, l.m.rows, mean)
	}
}

// TestParts expects that all rows are divided, about evenly.
func TestParts(t *testing.T) {
	var m Matrix
	m.setRows(2000, sieved(rand.New(rand.NewPCG(2, 7)), 2100, 2000))
	core := m.whole()
	for workers := 1; workers <= maxWorkers; workers++ {
		o, next := newOperator(core, workers, always), 0
		for i := range o.parts {
			p := &o.parts[i]
			if mean := core.rows / workers; p.from != next || p.to-p.from < mean*9/10 || p.to-p.from > mean*11/10 {
				t.Errorf("part %d of %d has the rows %d to %d of %d", i, workers, p.from, p.to, core.rows)
			}
			next = p.to
		}
		if next != core.rows {
			t.Errorf("%d parts have %d rows of %d", workers, next, core.rows)
		}
	}
}

// TestLarge has a core that is large enough for block Lanczos, and expects the same for any
// number of workers, and each time.
func TestLarge(t *testing.T) {
	const n = 14000
	rows := sieved(rand.New(rand.NewPCG(2, 2)), n+30, n)
	var first [][]uint32
	for _, workers := range []int{0, 1, 2, 3, 100} {
		var m Matrix
		m.Workers = workers
		m.setRows(n, rows)
		sets := dependencies(t, rows, n, func(f func([]uint32) bool) error { return m.Dependencies(always, f) })
		if first == nil {
			first = sets
		}
		if len(sets) < wanted || len(sets) > 64 || !slices.EqualFunc(sets, first, slices.Equal) {
			t.Errorf("%d workers: %d dependencies, not those %d of one worker", workers, len(sets), len(first))
		}
	}
}

// TestProgress expects that the steps that are done are reported from near 0 to near 1.
func TestProgress(t *testing.T) {
	const n = 2000
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(2, 6)), n+50, n))
	l := newLanczos(m.whole(), 1, always)
	var all []float64
	l.done = func(done float64) { all = append(all, done) }
	if ok, err := l.run(0); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if !slices.IsSorted(all) || len(all) < n/width || all[0] > 0.1 || all[len(all)-1] < 0.9 || all[len(all)-1] > 1 {
		t.Errorf("%v", all)
	}
}

// TestBreakdown has a matrix that block Lanczos cannot deal with: all rows have an even weight and no
// column in common but with their twin, so that A is 0. Elimination follows.
func TestBreakdown(t *testing.T) {
	const n = lanczosFrom + 100
	var rows [][]uint32
	for r := range uint32(n) {
		rows = append(rows, []uint32{r &^ 1, r | 1})
	}
	var m Matrix
	m.setRows(n, rows)
	sets := dependencies(t, rows, n, func(f func([]uint32) bool) error {
		s := search{m: &m, f: f, alive: always, scratch: &m.scratch}
		if done, err := s.lanczos(m.whole()); done || err != nil {
			t.Errorf("block Lanczos: %v, %v", done, err)
		}
		return s.solve(m.whole())
	})
	if len(sets) != n/2 {
		t.Errorf("%d dependencies, want %d", len(sets), n/2)
	}
}

// BenchmarkCore is the time of the two ways from a core to its dependencies: where they
// meet is lanczosFrom.
func BenchmarkCore(b *testing.B) {
	for _, n := range []int{3000, 6000, 8000, 10000} {
		var m Matrix
		m.setRows(n, sieved(rand.New(rand.NewPCG(1, 3)), n+100, n))
		var f filter
		if err := f.run(&m, always); err != nil {
			b.Fatal(err)
		}
		core := f.core()
		b.Run(fmt.Sprintf("lanczos/%d", core.rows), func(b *testing.B) {
			for b.Loop() {
				s := search{m: &m, f: func([]uint32) bool { return false }, alive: always, merges: f.merges, origin: core.origin, scratch: &m.scratch}
				if done, err := s.lanczos(core); !done || err != nil {
					b.Fatal(done, err)
				}
			}
		})
		b.Run(fmt.Sprintf("dense/%d", core.rows), func(b *testing.B) {
			for b.Loop() {
				s := search{m: &m, f: func([]uint32) bool { return false }, alive: always, merges: f.merges, origin: core.origin, scratch: &m.scratch}
				if err := core.fill(&m.dense, always); err != nil {
					b.Fatal(err)
				}
				if err := s.eliminate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
