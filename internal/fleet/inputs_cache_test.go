package fleet

import (
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestCacheBudget: the caches of all jobs together take what one process may cache, each a part of it, and a cache that
// is used no more gives its part back.
func TestCacheBudget(t *testing.T) {
	t.Parallel()
	digits, ok := new(big.Int).SetString(strings.Repeat("7", 4000), 10)
	if !ok {
		t.Fatal("no number")
	}
	n := nat.FromBig(digits)
	var block task.Block
	for sizeOf(block) < 1<<20 {
		block.Numbers = append(block.Numbers, n)
	}
	f := new(Fleet)
	const jobs, blocks = 64, 30
	var inputs []*Inputs
	for i := range jobs {
		inputs = append(inputs, f.EmptyInputs(fmt.Sprint("j", i)))
	}
	put := func(in *Inputs, at int) { in.cache.put(task.Range{First: uint64(at), Count: 1}, block) }
	for at := range blocks {
		put(inputs[0], at)
	}
	if size := inputs[0].cache.size; size > cachedBytes || size < cachedBytes-2<<20 {
		t.Errorf("one job has %d bytes of %d", size, cachedBytes)
	}
	for at := range blocks {
		for _, in := range inputs {
			put(in, at)
		}
	}
	sum := 0
	for i, in := range inputs {
		if sum += in.cache.size; in.cache.size < 1<<20 || in.cache.size > cachedBytes {
			t.Errorf("job %d of %d has %d bytes", i, jobs, in.cache.size)
		}
		if _, ok := in.cache.get(task.Range{First: blocks - 1, Count: 1}); !ok {
			t.Errorf("job %d does not have its last block", i)
		}
	}
	if sum > cachedTotal+jobs<<20 || f.cached.bytes.Load() != int64(sum) {
		t.Errorf("%d bytes, counted as %d", sum, f.cached.bytes.Load())
	}
	inputs = nil
	await(t, "what was cached is released", func() bool {
		runtime.GC()
		return f.cached.bytes.Load() == 0 && f.cached.caches.Load() == 0
	})
}
