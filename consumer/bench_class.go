package main

import (
	"fmt"
	"strings"

	"factorfleet/internal/cli"
	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
	"factorfleet/internal/task"
)

// A benchClass is a class of numbers to measure with.
type benchClass struct {
	name     string
	bits     int
	generate func(bits, count int, seed uint64) []nat.Nat
}

// mostBits is the largest size of a class: above it, a second of CPU time is too short to measure.
const mostBits = 256

// parseClass reads the name of a class. An unknown name is an error with exit code Usage.
func parseClass(name string) (benchClass, error) {
	if name == "tutorial" {
		return benchClass{name, 40, func(int, int, uint64) []nat.Nat { return sample.Tutorial() }}, nil
	}
	for prefix, class := range map[string]struct {
		least    int
		generate func(bits, count int, seed uint64) []nat.Nat
	}{"random": {2, sample.Random}, "semiprime": {8, sample.Semiprimes}} {
		digits, ok := strings.CutPrefix(name, prefix)
		var bits int
		if n, err := fmt.Sscanf(digits, "%d", &bits); ok && n == 1 && err == nil && fmt.Sprint(bits) == digits && bits >= class.least && bits <= mostBits {
			return benchClass{name, bits, class.generate}, nil
		}
	}
	return benchClass{}, cli.Usagef("%q is not a class: use tutorial, or random or semiprime with a size from 8 to %d bits, such as semiprime64", name, mostBits)
}

// count returns the count of numbers in a chunk, about as a producer cuts chunks.
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

// chunk returns an encoded chunk with numbers of the class, others for each seed.
func (b *benchClass) chunk(seed uint64) []byte {
	return (&task.Task{Kind: task.KindFactor, Numbers: b.generate(b.bits, b.count(), seed)}).Encode()
}
