package test

import (
	"flag"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/sample"
)

var (
	hardDigits = flag.String("digits", "40,50,60", "sizes of semiprimes for BenchmarkHard, in decimal digits")
	hardCount  = flag.Int("count-hard", 3, "semiprimes of each size")
	hardPeers  = flag.String("peers-hard", "gp yafu", "programs to compare with: "+strings.Join(slices.Sorted(maps.Keys(peers)), ", "))
)

// BenchmarkHard factors balanced semiprimes one by one, with the engine as in one slot of a worker, and
// with other programs (peers). The metrics are the median user time on one core in seconds, and the
// ratio to the engine in the same run.
func BenchmarkHard(b *testing.B) {
	for size := range strings.SplitSeq(*hardDigits, ",") {
		digits, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("-digits: %v", err)
		}
		b.Run(size, func(b *testing.B) {
			numbers := sample.Semiprimes(int(math.Round((float64(digits)-0.5)*math.Log2(10))), *hardCount, 1)
			for b.Loop() {
				var here []time.Duration
				for i := range numbers {
					here = append(here, factorHere(b, numbers[i:i+1]))
					b.Logf("%v: %.3f s", numbers[i], here[i].Seconds())
				}
				b.ReportMetric(median(here).Seconds(), "user-s/number")
				for name := range strings.FieldsSeq(*hardPeers) {
					var there []time.Duration
					for i := range numbers {
						took, ok := factorThere(b, name, numbers[i:i+1])
						if !ok {
							b.Logf("NOT COMPARED with %s, which is not installed", name)
							break
						}
						there = append(there, took)
					}
					if len(there) > 0 {
						b.ReportMetric(median(there).Seconds(), name+"-s/number")
						b.ReportMetric(median(there).Seconds()/median(here).Seconds(), name+"-ratio")
					}
				}
			}
		})
	}
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
