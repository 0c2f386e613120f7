package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func benchCommand() *ucli.Command {
	return &ucli.Command{
		Name:      "bench",
		Usage:     "measure on one core how many numbers of each size a worker does in a second",
		ArgsUsage: "[CLASS...]",
		Description: "A class is random40 or semiprime64: odd numbers of exactly so many bits, at random or\n" +
			"products of two primes of half the size; or tutorial: the 1000 odd numbers from\n" +
			"999999999999 on. Measured is the CPU time of all that a worker does with a chunk: decode,\n" +
			"factor, encode.",
		Flags: []ucli.Flag{
			&ucli.DurationFlag{Name: "time", Value: time.Second, Usage: "`DURATION` of CPU time for each class"},
			&ucli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: bench,
	}
}

func bench(c *ucli.Context) error {
	if c.Duration("time") <= 0 {
		return cli.Usagef("--time must be positive")
	}
	classes := c.Args().Slice()
	if len(classes) == 0 {
		classes = benchClasses
	}
	for _, name := range classes {
		if _, err := parseClass(name); err != nil {
			return err
		}
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	show := tableOfBenches(c.App.Writer)
	if c.Bool("json") {
		show = func(r *benchReport) error { return json.NewEncoder(c.App.Writer).Encode(r) }
	}
	for _, name := range classes {
		class, _ := parseClass(name)
		r, err := class.measure(s.Context, c.Duration("time"))
		if err == nil {
			err = show(r)
		}
		if err != nil {
			return command.Fail(err)
		}
	}
	return nil
}

// A benchClass is a kind of numbers to measure with.
type benchClass struct {
	name string
	bits int
	make func(bits, count int, seed uint64) []nat.Nat
}

// parseClass reads the name of a class.
func parseClass(name string) (benchClass, error) {
	if name == "tutorial" {
		return benchClass{name, 40, func(int, int, uint64) []nat.Nat { return sample.Tutorial() }}, nil
	}
	for prefix, class := range map[string]struct {
		least int
		make  func(bits, count int, seed uint64) []nat.Nat
	}{"random": {2, sample.Random}, "semiprime": {8, sample.Semiprimes}} {
		digits, ok := strings.CutPrefix(name, prefix)
		var bits int
		if n, err := fmt.Sscanf(digits, "%d", &bits); ok && n == 1 && err == nil && fmt.Sprint(bits) == digits && bits >= class.least && bits <= benchMost {
			return benchClass{name, bits, class.make}, nil
		}
	}
	return benchClass{}, cli.Usagef("%q is no class: tutorial, or random or semiprime with a size of 8 to %d bits, such as semiprime64", name, benchMost)
}

// benchMost is the size up to which a second says something.
const benchMost = 256

// count returns how many numbers a chunk has: as a producer would cut them.
func (b *benchClass) count() int {
	switch {
	case b.bits <= 64:
		return 4096
	case b.bits <= 96:
		return 1024
	case b.bits <= 128:
		return 128
	}
	return 8
}

// A benchReport says how quickly numbers of a class were done.
type benchReport struct {
	Class   string  `json:"class"`
	Kernels string  `json:"kernels"`        // the level that was measured
	Numbers int     `json:"numbers"`        // done
	Rate    float64 `json:"numbers_per_s"`  // of one core
	Micros  float64 `json:"us_per_number"`  // its inverse
	Method  string  `json:"method"`         // what most of them took, without its parameters
	Before  float64 `json:"last_us_number"` // of the last release, on another machine; 0 = not measured
}

// chunk returns an encoded chunk of numbers of the class, another one for each seed.
func (b *benchClass) chunk(seed uint64) []byte {
	return (&task.Task{Kind: task.KindFactor, Numbers: b.make(b.bits, b.count(), seed)}).Encode()
}

// measure does one chunk after the other, for at least the CPU time given. Small numbers are the same
// in all chunks; of large ones a chunk has too few to stand for all.
func (b *benchClass) measure(ctx context.Context, least time.Duration) (*benchReport, error) {
	chunk := b.chunk(1)
	work := kind.All()[task.KindFactor]
	methods := make(map[string]int)
	var took time.Duration
	var items []task.Factorization // a slot keeps its memory
	done := 0
	for seed := uint64(2); took < least; seed++ {
		before := cpuTime()
		var err error
		items, err = benchChunk(ctx, work, chunk, items[:0])
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", b.name, err)
		}
		took += cpuTime() - before
		done += len(items)
		for i := range items {
			methods[methodName(items[i].Method)]++
		}
		if b.bits > 128 {
			chunk = b.chunk(seed)
		}
	}
	rate := float64(done) / took.Seconds()
	return &benchReport{Class: b.name, Kernels: kernels.Active().String(), Numbers: done, Rate: rate, Micros: 1e6 / rate, Method: mostOf(methods), Before: lastRelease[b.name]}, nil
}

// benchChunk does what a worker does with a chunk, and appends the answers to items.
func benchChunk(ctx context.Context, work worker.Kind, chunk []byte, items []task.Factorization) ([]task.Factorization, error) {
	t, err := task.DecodeTask(chunk)
	if err != nil {
		return nil, err
	}
	if err := work.Run(ctx, t.Numbers, worker.RunOptions{Tick: func() {}}, &items); err != nil {
		return nil, err
	}
	(&task.Result{Kind: t.Kind, Items: items}).Encode()
	return items, nil
}

// methodName returns a method without its parameters.
func methodName(method string) string {
	name, _, _ := strings.Cut(method, "(")
	return name
}

func mostOf(counts map[string]int) string {
	return slices.MaxFunc(slices.Sorted(maps.Keys(counts)), func(a, b string) int { return cmp.Compare(counts[a], counts[b]) })
}

// tableOfBenches returns a function that prints a line of a table at a time, each as
// soon as it is measured.
func tableOfBenches(w io.Writer) func(*benchReport) error {
	head := true
	return func(r *benchReport) error {
		tw := tabwriter.NewWriter(w, 14, 8, 2, ' ', tabwriter.AlignRight)
		if head {
			fmt.Fprint(tw, "CLASS\tKERNELS\tNUMBERS/S\tUS/NUMBER\tLAST RELEASE\tRATIO\tMOSTLY BY\t\n")
			head = false
		}
		before, ratio := "-", "-"
		if r.Before > 0 {
			before, ratio = micros(r.Before), fmt.Sprintf("%.1f", r.Before/r.Micros)
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f\t%s\t%s\t%s\t%s\t\n", r.Class, r.Kernels, r.Rate, micros(r.Micros), before, ratio, r.Method)
		return tw.Flush()
	}
}

// micros writes microseconds with three digits at least.
func micros(us float64) string {
	if us >= 100 {
		return fmt.Sprintf("%.0f", us)
	}
	return fmt.Sprintf("%.3g", us)
}
