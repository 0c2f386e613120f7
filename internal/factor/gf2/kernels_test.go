package gf2

import (
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// randomBlock returns a block of so many rows, among them zeros and ones.
func randomBlock(rnd *rand.Rand, rows int) []vec {
	b := make([]vec, rows)
	for i := range b {
		switch rnd.IntN(8) {
		case 0:
		case 1:
			b[i] = ones
		default:
			b[i] = vec{rnd.Uint64(), rnd.Uint64()}
		}
	}
	return b
}

// kernelResults returns what the inner loops make of random blocks and cores. Some rows
// have no light column, some have one, and some parts have no row.
func kernelResults() (all [][]vec) {
	rnd := rand.New(rand.NewPCG(7, 1))
	for _, rows := range []int{0, 1, 2, 3, 17, 256} {
		var t table
		x, y, z := randomBlock(rnd, rows), randomBlock(rnd, rows), randomBlock(rnd, rows)
		square := (*square)(randomBlock(rnd, width))
		t.addProduct(z, x, square)
		t.addInnerProduct(square, x, y)
		all = append(all, z, square[:])
	}
	for _, shape := range [][2]int{{1, 1}, {40, 30}, {700, 650}, {1200, 1000}} {
		var m Matrix
		rows := sieved(rnd, shape[0], shape[1])
		rows[rnd.IntN(len(rows))] = nil
		m.setRows(shape[1], rows)
		core := m.whole()
		v := randomBlock(rnd, core.rows)
		for workers := 1; workers <= 3; workers++ {
			o := newOperator(core, workers, always)
			z := randomBlock(rnd, core.rows)
			if err := o.image(v); err != nil {
				panic(err)
			}
			for i := range o.parts {
				o.parts[i].preimage(core, z, &o.parts[0])
			}
			all = append(all, slices.Clone(o.parts[0].light), slices.Clone(o.parts[0].heavy), z)
		}
	}
	return all
}

// TestKernels compares the kernels with Go at each level.
func TestKernels(t *testing.T) {
	defer kernels.Use(kernels.Use(kernels.Plain))
	want := kernelResults()
	kernelstest.Each(t, func(t *testing.T) {
		for i, got := range kernelResults() {
			if !slices.Equal(got, want[i]) {
				t.Errorf("result %d differs from that of Go", i)
			}
		}
	})
}

// BenchmarkLanczos is the time of block Lanczos at each level, for a core as that of 75
// digits.
func BenchmarkLanczos(b *testing.B) {
	const n = 22500
	var m Matrix
	m.setRows(n, sieved(rand.New(rand.NewPCG(1, 3)), n+100, n))
	var f filter
	if err := f.run(&m, always); err != nil {
		b.Fatal(err)
	}
	core := f.core()
	for _, l := range kernels.Levels {
		b.Run(l.String(), func(b *testing.B) {
			kernelstest.At(b, l)
			for b.Loop() {
				if ok, err := newLanczos(core, 1, always).run(0); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
			b.ReportMetric(float64(core.rows), "rows")
		})
	}
}
