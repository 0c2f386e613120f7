//go:build linux

package siqs

import (
	"flag"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

var synthetic = flag.String("synthetic", "", "TestSyntheticMatrix measures the set and the linear algebra for these `sizes`, as 338,348")

// TestSyntheticMatrix measures what the relations and the linear algebra of numbers take that would have
// to be sieved for hours. It sieves for some seconds and makes further relations by chance: the large
// primes are those of the cycleModel, and the indices of the primes are those of a sampled relation,
// each but the smallest moved by up to a tenth. No such relation holds, so that the dependencies, of
// which there are as many as of true relations, split nothing.
func TestSyntheticMatrix(t *testing.T) {
	if *synthetic == "" {
		t.Skip("takes minutes and a gigabyte: -synthetic 338,348")
	}
	runtime.LockOSThread() // for cpuTime
	for _, size := range strings.Split(*synthetic, ",") {
		bits, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		measureSynthetic(t, bits)
	}
}

func measureSynthetic(t *testing.T, bits int) {
	rnd := rand.New(rand.NewPCG(3, uint64(bits)))
	var s Sieve
	if err := s.start(always, semiprime(rnd, bits), tuningFor(bits)); err != nil {
		t.Fatal(err)
	}
	m, sample := sampleOf(t, &s, 4*time.Second)
	p := s.params
	_, set, solve := p.Memory()
	var z Set
	var relations int
	var sieved, solved time.Duration
	held := heapPeak(func() {
		start := cpuTime()
		z.reset(&s.base, p.ExpectedRelations())
		for z.Have() < z.Need() {
			r := sample[rnd.IntN(len(sample))]
			z.insert(m.relation(rnd, &r, len(s.base.prime)))
		}
		relations, sieved = z.Len(), cpuTime()-start
	})
	peak := heapPeak(func() {
		start := cpuTime()
		if _, err := z.solve(always, p.N); err != nil {
			t.Fatal(err)
		}
		solved = cpuTime() - start
	})
	t.Logf("%d bits: F=%d, %d relations (%d expected) in %v; set %d MB of %d, solve %d MB of %d in %v with 1 core; %d rows",
		bits, p.Primes, relations, p.ExpectedRelations(), sieved.Round(time.Second/10), held>>20, set>>20, peak>>20, solve>>20,
		solved.Round(time.Second/10), z.solver.matrix.Rows())
	if held > set || peak > solve {
		t.Errorf("%d bits: above the bounds of Params.Memory", bits)
	}
}

// sampleOf sieves for so much CPU time. The relations are copies.
func sampleOf(t *testing.T, s *Sieve, spend time.Duration) (cycleModel, []Relation) {
	t.Helper()
	m := cycleModel{least: float64(s.base.largest()), most: float64(s.params.Large)}
	var sample []Relation
	emit := func(r *Relation) bool {
		c := *r
		c.Primes = append([]uint32(nil), r.Primes...)
		m.large, sample = append(m.large, r.Large), append(sample, c)
		return true
	}
	start := cpuTime()
	for number := uint64(0); cpuTime()-start < spend; number++ {
		due := func() error {
			if cpuTime()-start > spend {
				return errSampled
			}
			return nil
		}
		if err := s.Collect(due, number, number+1, emit); err != nil && err != errSampled {
			t.Fatal(err)
		}
		if _, err := s.emitSplit(always); err != nil {
			t.Fatal(err)
		}
	}
	return m, sample
}

// relation returns one made by chance, in the place of r.
func (m *cycleModel) relation(rnd *rand.Rand, r *Relation, primes int) *Relation {
	made := *r
	made.Primes = append([]uint32(nil), r.Primes...)
	for j, i := range made.Primes {
		if i > 30 {
			made.Primes[j] = min(uint32(float64(i)*math.Exp(0.2*rnd.Float64()-0.1)), uint32(primes)-1)
		}
	}
	at := m.large[rnd.IntN(len(m.large))]
	x, y := m.near(rnd, at[0]), m.near(rnd, at[1])
	made.Large = [2]uint32{min(x, y), max(x, y)}
	made.value = wide{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), 0}
	return &made
}
