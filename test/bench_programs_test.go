package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkAnswer measures the smallest job, from the start of the process to its end.
func BenchmarkAnswer(b *testing.B) {
	binary(b, "embedded") // build it first
	for b.Loop() {
		run(b, "embedded", "submit 10403").wantCode(0)
	}
}

// BenchmarkSequence measures a list of the size that users of coreutils factor, with the whole fleet in
// one process, and the time of coreutils factor if it is installed.
func BenchmarkSequence(b *testing.B) {
	var list strings.Builder
	for n := range 1_000_000 {
		fmt.Fprintln(&list, n+1)
	}
	for _, command := range []struct{ name, args string }{{"embedded", "submit"}, {"factor", ""}} {
		b.Run(command.name, func(b *testing.B) {
			path := binary(b, command.name)
			if command.name == "factor" {
				path = "/usr/bin/factor"
			}
			if _, err := os.Stat(path); err != nil {
				b.Skipf("NOT MEASURED: %v", err)
			}
			for b.Loop() {
				run(b, command.name, command.args, feed(list.String()), func(c *exec.Cmd) { c.Path = path }).wantCode(0)
			}
		})
	}
}

// BenchmarkProducerMemory measures the maximum memory of a producer for a job of a million numbers
// whose first chunk finishes last: its first number is not factored within its budget of 20 s.
func BenchmarkProducerMemory(b *testing.B) {
	var list strings.Builder
	// A product of two primes of 40 digits, which no method splits within the budget.
	list.WriteString("5698659916814440909989562272574224868191463185583009895495666337811544346213073\n")
	for n := range 1_000_000 {
		fmt.Fprintln(&list, 1_000_000_000_001+2*n)
	}
	file := filepath.Join(b.TempDir(), "numbers")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	s := startFleet(b)
	s.consumer("--name w")
	for _, chunk := range []string{"auto", "10"} {
		b.Run("chunk="+chunk, func(b *testing.B) {
			var most int64
			var elapsed time.Duration
			for b.Loop() {
				began := time.Now()
				p := s.run("producer", "submit --reuse=false --budget 20s --chunk "+chunk+" -f "+file).wantCode(1)
				elapsed += time.Since(began)
				most = max(most, p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
			}
			b.ReportMetric(float64(most)/1024, "MiB")
			b.ReportMetric(elapsed.Seconds()/float64(b.N), "s/job")
			b.ReportMetric(0, "ns/op")
		})
	}
}
