package siqs

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

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
			want := float64(s.sieves[0].params.ExpectedRelations())
			if got := float64(s.set.Len()); got > 1.5*want || got < want/1.5 {
				t.Errorf("%d bits: %v relations, want about %v", bits, got, want)
			}
		}
		sieve, set, solve := s.sieves[0].params.Memory()
		held := after.HeapAlloc - before.HeapAlloc
		t.Logf("%d bits: %d held, %d sieve + %d set + %d solve", bits, held, sieve, set, solve)
		if held > sieve+set+solve || held < (sieve+set+solve)/8 {
			t.Errorf("%d bits: %d bytes held, the bound is %d", bits, held, sieve+set+solve)
		}
		runtime.KeepAlive(s)
	}
}
