package campaign

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkYield is the time of a relation that arrives, verification included, for a number of 128 bits.
func BenchmarkYield(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 128))
	r := record(b, rnd, 128)
	first := firstOfOwners(r.params.Coefficients())
	var yields []Yield
	for i := range uint64(20) {
		yields = append(yields, Yield{Worker: "w", First: first + i, End: first + i + 1, Data: r.yield(b, first+i, first+i+1)})
	}
	relations := 0
	for b.Loop() {
		b.StopTimer()
		f := r.newSet(b)
		m := New(Config{Number: r.n, Coefficients: r.params.Coefficients(), Fold: f})
		b.StartTimer()
		for _, y := range yields {
			m.Step(y, time.Time{})
		}
		relations = f.Set.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(relations), "ns/relation")
}
