package collect

import (
	"context"
	"fmt"
	"testing"

	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

// BenchmarkResult measures one result from its payload to the last Emit: in order, with
// neighbours swapped so that every second result waits and is decoded twice, and not ordered.
func BenchmarkResult(b *testing.B) {
	for _, count := range []uint64{1, 43, task.MaxCount} {
		for _, order := range []string{"ordered", "swapped", "as-completed"} {
			b.Run(fmt.Sprintf("%d/%s", count, order), func(b *testing.B) {
				l := newLine(task.MaxPosition, order != "as-completed")
				data := make([][]byte, 64)
				b.ReportAllocs()
				for i := range b.N {
					if i%len(data) == 0 {
						b.StopTimer()
						for j := range data {
							data[j] = l.payload(task.Range{First: uint64(i+j) * count, Count: count})
						}
						b.StartTimer()
					}
					at := i
					if order == "swapped" {
						at ^= 1
					}
					k, err := l.Check(b.Context(), Arrival{
						Range:  task.Range{First: uint64(at) * count, Count: count},
						Worker: "worker-1", Seq: uint64(at) + 1, Data: data[at%len(data)],
					})
					if err != nil {
						b.Fatal(err)
					}
					if fresh, err := l.Accept(b.Context(), k); err != nil || fresh != count {
						b.Fatal(fresh, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/number")
			})
		}
	}
}

// BenchmarkParts measures the shares of BenchmarkResult that other packages take.
func BenchmarkParts(b *testing.B) {
	for _, count := range []uint64{1, 43, task.MaxCount} {
		l := newLine(task.MaxPosition, true)
		r := task.Range{First: 7, Count: count}
		data := l.payload(r)
		b.Run(fmt.Sprintf("%d/decode", count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := task.DecodeResult(data); err != nil {
					b.Fatal(err)
				}
			}
		})
		result, _ := task.DecodeResult(data)
		numbers, _ := l.cfg.Numbers(b.Context(), r)
		b.Run(fmt.Sprintf("%d/verify", count), func(b *testing.B) {
			for b.Loop() {
				if err := verify.Result(context.Background(), task.KindSquare, numbers, result); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
