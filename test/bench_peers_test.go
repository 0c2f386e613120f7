package test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// BenchmarkPeers factors the same lists with the engine, as in one slot of a worker, and with the
// installed peers, one after the other. The metrics are microseconds a number on one core, and the
// ratio to the engine in the same run.
func BenchmarkPeers(b *testing.B) {
	for _, class := range []struct {
		name    string
		numbers []nat.Nat
		peers   string
	}{
		{"tutorial", repeat(sample.Tutorial(), 40), "factor gp"},
		{"random40", sample.Random(40, 40_000, 1), "factor gp"},
		{"random63", sample.Random(63, 20_000, 1), "factor gp"},
		{"semiprime40", sample.Semiprimes(40, 20_000, 1), "factor gp"},
		{"semiprime52", sample.Semiprimes(52, 20_000, 1), "factor gp"},
		{"semiprime60", sample.Semiprimes(60, 8_192, 1), "factor gp"},
		{"semiprime64", sample.Semiprimes(64, 4_096, 1), "factor gp"},
		{"semiprime80", sample.Semiprimes(80, 512, 1), "gp"},
		{"semiprime92", sample.Semiprimes(92, 512, 1), "gp"},
		{"semiprime96", sample.Semiprimes(96, 512, 1), "gp"},
		{"random128", sample.Random(128, 512, 1), "gp"},
		{"semiprime128", sample.Semiprimes(128, 64, 1), "gp yafu"},
	} {
		b.Run(class.name, func(b *testing.B) {
			factorHere(b, class.numbers[:min(len(class.numbers), 64)]) // computes the tables, which are made on first use
			for b.Loop() {
				here := factorHere(b, class.numbers)
				each := func(d time.Duration) float64 {
					return float64(d.Nanoseconds()) / 1000 / float64(len(class.numbers))
				}
				b.ReportMetric(each(here), "us/number")
				for name := range strings.FieldsSeq(class.peers) {
					took, ok := factorThere(b, name, class.numbers)
					if !ok {
						b.Logf("NOT COMPARED with %s, which is not installed", name)
						continue
					}
					b.ReportMetric(each(took), name+"-us/number")
					b.ReportMetric(took.Seconds()/here.Seconds(), name+"-ratio")
				}
			}
		})
	}
}

func repeat(list []nat.Nat, times int) (all []nat.Nat) {
	for range times {
		all = append(all, list...)
	}
	return all
}

// factorHere returns the user time of one slot for the numbers, in chunks of up to 4096.
func factorHere(b *testing.B, numbers []nat.Nat) time.Duration {
	work := kind.All()[task.KindFactor]
	var answers []task.Factorization // a slot keeps its memory
	began := userTime(b)
	for len(numbers) > 0 {
		chunk := numbers[:min(len(numbers), task.MaxCount)]
		answers = answers[:0]
		if err := work.Run(context.Background(), chunk, worker.RunOptions{Tick: func() {}}, &answers); err != nil || len(answers) != len(chunk) {
			b.Fatalf("%d answers to %d numbers, %v", len(answers), len(chunk), err)
		}
		numbers = numbers[len(chunk):]
	}
	return userTime(b) - began
}

// userTime returns the user time of this process so far.
func userTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano())
}
