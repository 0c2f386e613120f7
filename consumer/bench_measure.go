package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/command"
	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/kind"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A benchReport says how fast numbers of a class are factored.
type benchReport = command.BenchReport

// measure factors one chunk after the other, for at least the given CPU time. All chunks are equal up
// to 128 bits. Above, a chunk has too few numbers to represent the class, so each chunk is new.
func (b *benchClass) measure(ctx context.Context, least time.Duration) (*benchReport, error) {
	chunk := b.chunk(1)
	work := kind.All()[task.KindFactor]
	methods := make(map[string]int)
	var took time.Duration
	var items []task.Factorization // reused, as a worker's slot does
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
	return &benchReport{
		Class: b.name, Kernels: kernels.Active().String(), Numbers: done, Rate: rate, Micros: 1e6 / rate,
		Method: mostFrequent(methods), Before: lastRelease[b.name],
	}, nil
}

// benchChunk decodes a chunk, factors its numbers and encodes the answers, as a worker does. It appends
// the answers to items.
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

// cpuTime returns the CPU time of this process. Unlike the time on the clock, it does not depend on
// what else the machine does. Where the system does not tell it, it is the time on the clock.
func cpuTime() time.Duration {
	if t, ok := cputime.Process(); ok {
		return t
	}
	return time.Since(began)
}

var began = time.Now()

// methodName returns a method without its parameters.
func methodName(method string) string {
	name, _, _ := strings.Cut(method, "(")
	return name
}

// mostFrequent returns the key with the largest count, the first in order if there are several.
func mostFrequent(counts map[string]int) string {
	return slices.MaxFunc(slices.Sorted(maps.Keys(counts)), func(a, b string) int { return cmp.Compare(counts[a], counts[b]) })
}
