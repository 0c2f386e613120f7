//go:build unix

package execkind

import (
	"os"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// The benchmarks measure tasks of one item, and tasks of 50, in each mode, beside a kind that computes nothing but answers.
// A task of one item in mode server costs two pipes and two switches between processes.
func BenchmarkServer(b *testing.B)   { benchmark(b, Server, 1) }
func BenchmarkServer50(b *testing.B) { benchmark(b, Server, 50) }
func BenchmarkLines(b *testing.B)    { benchmark(b, Lines, 1) }
func BenchmarkLines50(b *testing.B)  { benchmark(b, Lines, 50) }
func BenchmarkArgs(b *testing.B)     { benchmark(b, Args, 1) }

func benchmark(b *testing.B, mode Mode, count int) {
	b.Setenv(helperVariable, "server")
	line := os.Args[0]
	if mode == Args {
		line = "/bin/echo"
	}
	r := newRig(b, "x="+line, func(s *Settings) { s.Direct, s.Mode = true, mode })
	list := make([]nat.Nat, count)
	for i := range list {
		list[i] = task.ItemNumber([]byte("an item of a job"))
	}
	o := options(0)
	o.Factors = new([]task.Factor)
	var done []task.Factorization
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		done, *o.Factors = done[:0], (*o.Factors)[:0]
		if err := r.Run(b.Context(), list, o, &done); err != nil || len(done) != count {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "items/s")
}
