package input

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// BenchmarkText reads numbers of a given size, one a line; the time is for one number.
func BenchmarkText(b *testing.B) {
	for _, bits := range []int{20, 63, 64, 100} {
		b.Run(fmt.Sprintf("bits=%d", bits), func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			var text strings.Builder
			const lines = 100000
			for range lines {
				if bits > 64 {
					fmt.Fprintf(&text, "%d", random.Uint64N(1e12))
				}
				fmt.Fprintln(&text, random.Uint64()>>max(0, 64-bits)|1<<(min(bits, 64)-1))
			}
			dst := make([]nat.Nat, 4096)
			b.ReportAllocs()
			for left := b.N; left > 0; left -= lines {
				in := text.String()
				if left < lines {
					in = in[:len(in)/lines*left]
				}
				r := New(func(task.BadToken) {}, From("-", strings.NewReader(in)))
				for {
					if _, err := r.Read(dst); err == io.EOF {
						break
					}
				}
			}
		})
	}
}

func BenchmarkLongest(b *testing.B) {
	dst := make([]nat.Nat, 1)
	for b.Loop() {
		New(func(task.BadToken) {}, From("-", strings.NewReader(longest))).Read(dst)
	}
}

// BenchmarkItems reads items of 20 bytes, one a line; the time is for one item.
func BenchmarkItems(b *testing.B) {
	const lines = 100000
	in := strings.Repeat("picture-12345678.png\n", lines)
	dst := make([]nat.Nat, 4096)
	b.ReportAllocs()
	for left := b.N; left > 0; left -= lines {
		r := New(func(task.BadToken) {}, ItemsFrom(task.FormatLines, "-", strings.NewReader(in[:len(in)/lines*min(left, lines)])))
		for {
			if _, err := r.Read(dst); err == io.EOF {
				break
			}
		}
	}
}
