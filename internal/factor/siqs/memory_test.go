package siqs

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var peakBits = flag.String("peak", "150,190", "TestMemoryPeak factors semiprimes of these `sizes`; of 248 it takes half a minute")

// fixedBytes is the part of the bound that does not depend on the number, most of which
// a small number leaves unused: 5/4*2^18 of a sieve, 2^16 of a set, and 2^20 and 2^14 of
// gf2.Memory.
const fixedBytes = 5<<16 + 1<<16 + 1<<20 + 1<<14

// TestMemory compares the memory that a searcher holds at the end with the bound.
func TestMemory(t *testing.T) {
	for _, bits := range []int{70, 100, 140, 165} {
		n := semiprime(rand.New(rand.NewPCG(10, uint64(bits))), bits)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := NewSearcher()
		if _, err := s.Factor(always, n); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if bits > 90 {
			want := float64(s.sieve.params.ExpectedRelations())
			if got := float64(s.set.Len()); got > 1.5*want || got < want/1.5 {
				t.Errorf("%d bits: %v relations, want about %v", bits, got, want)
			}
		}
		sieve, set, solve := s.sieve.params.Memory()
		held := after.HeapAlloc - before.HeapAlloc
		t.Logf("%d bits: %d held, %d sieve + %d set + %d solve", bits, held, sieve, set, solve)
		if held > sieve+set+solve || held < (sieve+set+solve-fixedBytes)/4 {
			t.Errorf("%d bits: %d bytes held, the bound is %d", bits, held, sieve+set+solve)
		}
		runtime.KeepAlive(s)
	}
}

// heapPeak returns by how much the heap grows while f runs, at most. Garbage counts as long as it is
// not collected, which is soon.
func heapPeak(f func()) (peak uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	before := heap()
	peak = before
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				peak = max(peak, heap())
			case <-stop:
				peak = max(peak, heap())
				return
			}
		}
	})
	f()
	close(stop)
	watch.Wait()
	return peak - before
}

// TestMemoryPeak: at no moment does a number take more than the bound, which is not much more than it
// takes; nor do two cores.
func TestMemoryPeak(t *testing.T) {
	for _, text := range strings.Split(*peakBits, ",") {
		bits, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		n := semiprime(rand.New(rand.NewPCG(11, uint64(bits))), bits)
		for cores := 1; cores <= 2; cores++ {
			s := NewSearcher()
			s.Pool = poolOf(cores)
			most := uint64(1)
			s.Progress = func(p SearchProgress) { most = max(most, uint64(p.Cores)) }
			got := heapPeak(func() {
				if _, err := s.Factor(always, n); err != nil {
					t.Fatal(err)
				}
			})
			sieve, set, solve := s.sieve.params.Memory()
			bound := max(sieve*(most-1), solve) + sieve + set
			rows := s.set.solver.matrix.Rows()
			t.Logf("%d bits, %d cores: %d of %d bytes: sieve %d, set %d, solve %d; %d rows, %d relations in cycles", bits, most, got, bound, sieve, set, solve, rows, len(s.set.solver.cycles))
			if got > bound || 5*got < 2*(bound-min(bound, 5<<20)) { // some fixed sizes are large for small numbers
				t.Errorf("%d bits: %d cores take %d bytes, the bound is %d", bits, most, got, bound)
			}
			runtime.KeepAlive(s)
		}
	}
}
