package plan

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// ofBits returns count numbers of the given length.
func ofBits(bits, count int) []nat.Nat {
	n := nat.FromBig(new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
	numbers := make([]nat.Nat, count)
	for i := range numbers {
		numbers[i] = n
	}
	return numbers
}

// drain calls Next until it returns false.
func drain(c *Chunker, state InputState) (chunks []Chunk) {
	for {
		chunk, ok := c.Next(state)
		if !ok {
			return chunks
		}
		chunks = append(chunks, chunk)
	}
}

func counts(chunks []Chunk) (n []int) {
	for _, c := range chunks {
		n = append(n, len(c.Numbers))
	}
	return n
}

func equal(a []int, b ...int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestChunksCover feeds numbers of all sizes in random pieces with random pauses and
// checks that every chunk is within its limits and that nothing is lost or reordered.
func TestChunksCover(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		chunking := []Chunking{{}, {count: 43}, {count: 4096}, {work: time.Millisecond}, {work: 5 * time.Second}}[seed%5]
		slots := 1 + rng.IntN(20)
		first := rng.Uint64N(1000)
		c := NewChunker(chunking, task.KindFactor, slots, first)
		var all []nat.Nat
		var chunks []Chunk
		for range 30 {
			piece := ofBits(1+rng.IntN(1<<rng.IntN(14)), 1+rng.IntN(1<<rng.IntN(12)))
			all = append(all, piece...)
			c.Add(piece)
			clear(piece) // Add must not keep it
			chunks = append(chunks, drain(c, InputState(rng.IntN(2)))...)
			if ahead := len(c.ahead); ahead > maxAhead*task.MaxCount {
				t.Fatalf("seed %d: %d numbers are held back", seed, ahead)
			}
		}
		chunks = append(chunks, drain(c, InputEnded)...)
		if len(c.ahead) != 0 || c.work != 0 || c.bytes != 0 {
			t.Fatalf("seed %d: left over %d numbers, %v, %d bytes", seed, len(c.ahead), c.work, c.bytes)
		}
		next := first
		for _, chunk := range chunks {
			var bytes int
			var work time.Duration
			for i, n := range chunk.Numbers {
				if want := all[next-first+uint64(i)]; n.Cmp(want) != 0 {
					t.Fatalf("seed %d: position %d holds another number", seed, next+uint64(i))
				}
				bytes += n.ByteLen()
				work += Cost(task.KindFactor, n.BitLen())
			}
			count := len(chunk.Numbers)
			if chunk.Range != (task.Range{First: next, Count: uint64(count)}) || chunk.Predicted != work {
				t.Fatalf("seed %d: chunk %v of %d numbers, %v, predicted %v", seed, chunk.Range, count, work, chunk.Predicted)
			}
			most := time.Duration(math.MaxInt64)
			if chunking.count == 0 {
				most = max(chunking.work, time.Second)
			}
			if count < 1 || count > task.MaxCount || count > 1 && (bytes > task.MaxChunkBytes || work > most) {
				t.Fatalf("seed %d: chunk of %d numbers, %d bytes, %v", seed, count, bytes, work)
			}
			next += uint64(count)
		}
		if next != first+uint64(len(all)) {
			t.Fatalf("seed %d: %d of %d numbers came out", seed, next-first, len(all))
		}
	}
}

func TestExactCount(t *testing.T) {
	c := NewChunker(Chunking{count: 43}, task.KindFactor, 4, 0)
	var got []int
	for range 10 {
		c.Add(ofBits(40, 10))
		got = append(got, counts(drain(c, InputPaused))...)
	}
	got = append(got, counts(drain(c, InputEnded))...)
	if !equal(got, 43, 43, 14) {
		t.Errorf("chunks of %v numbers", got)
	}
}

// flatCost makes every number cost 1 ms for one test, whatever the table says.
func flatCost(t *testing.T) {
	saved := factorTable
	factorTable = []time.Duration{time.Millisecond}
	t.Cleanup(func() { factorTable = saved })
}

func TestDuration(t *testing.T) {
	flatCost(t)
	c := NewChunker(Chunking{work: 10 * time.Millisecond}, task.KindFactor, 4, 0)
	c.Add(ofBits(80, 25))
	if got := counts(drain(c, InputFlowing)); !equal(got, 10, 10) {
		t.Errorf("flowing: chunks of %v numbers", got)
	}
	if got := counts(drain(c, InputPaused)); !equal(got, 5) {
		t.Errorf("paused: chunks of %v numbers", got)
	}
}

// TestAuto follows one job of numbers of 1 ms on two slots from the first chunk to the
// last.
func TestAuto(t *testing.T) {
	flatCost(t)
	c := NewChunker(Chunking{}, task.KindFactor, 2, 0)
	c.Add(ofBits(80, 4000))
	c.Add(ofBits(80, 3000))
	ramp := counts(drain(c, InputFlowing))
	if !equal(ramp, 20, 20, 40, 40, 80, 80, 160, 160, 320, 320, 640, 640, 1000) {
		t.Errorf("start: chunks of %v numbers", ramp)
	}
	if ahead := len(c.ahead); ahead < 3000 || ahead >= 4000 {
		t.Errorf("%d numbers are held back", ahead)
	}
	tail := counts(drain(c, InputEnded))
	for i, n := range tail[1:] {
		if n > tail[i] || n < 20 && i+2 < len(tail) {
			t.Errorf("end: chunks of %v numbers", tail)
			break
		}
	}
	if len(tail) < 8 || tail[0] < 800 {
		t.Errorf("end: chunks of %v numbers", tail)
	}
}

func TestAutoPaused(t *testing.T) {
	c := NewChunker(Chunking{}, task.KindFactor, 8, 0)
	if _, ok := c.Next(InputPaused); ok {
		t.Error("a chunk out of nothing")
	}
	c.Add(ofBits(40, 1))
	if _, ok := c.Next(InputFlowing); ok {
		t.Error("one cheap number fills a chunk")
	}
	if got := counts(drain(c, InputPaused)); !equal(got, 1) {
		t.Errorf("a single number is not returned at a pause: %v", got)
	}
	c.Add(ofBits(200, 3))
	if got := counts(drain(c, InputFlowing)); !equal(got, 1, 1, 1) {
		t.Errorf("hard numbers: chunks of %v", got)
	}
}

// BenchmarkChunker is the cost of one number: below 20 ns.
func BenchmarkChunker(b *testing.B) {
	numbers := ofBits(63, 1024)
	c := NewChunker(Chunking{}, task.KindFactor, 8, 0)
	for i := 0; i < b.N; i += len(numbers) {
		c.Add(numbers)
		for {
			if _, ok := c.Next(InputFlowing); !ok {
				break
			}
		}
	}
}

// TestItems: chunks of items are balanced by their count, and bounded in bytes.
func TestItems(t *testing.T) {
	items := make([]nat.Nat, 1000)
	for i := range items {
		items[i] = task.ItemNumber(make([]byte, i))
	}
	c := NewChunker(Chunking{}, "exec:resize", 2, 0)
	c.Add(items)
	chunks := append(drain(c, InputFlowing), drain(c, InputEnded)...)
	if got := counts(chunks); !equal(got[:14], 1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 50, 50) || got[len(got)-1] != 1 {
		t.Errorf("chunks of %v items", got)
	}
	c = NewChunker(Chunking{count: 100}, "exec:resize", 2, 0)
	for range 10 {
		c.Add([]nat.Nat{task.ItemNumber(make([]byte, task.MaxItem))})
	}
	for _, chunk := range drain(c, InputEnded) {
		if n := len(chunk.Numbers); n > 2 {
			t.Errorf("a chunk of %d of the longest items", n)
		}
	}
}

// TestAddCost: numbers that take a second more each have chunks of their own, also at the start.
func TestAddCost(t *testing.T) {
	t.Parallel()
	c := NewChunker(Chunking{}, task.KindSquare, 2, 0)
	c.AddCost(time.Second)
	c.Add([]nat.Nat{nat.New(1), nat.New(2), nat.New(3)})
	for i := range uint64(3) {
		chunk, ok := c.Next(InputEnded)
		if !ok || chunk.Range != (task.Range{First: i, Count: 1}) || chunk.Predicted != time.Second+Cost(task.KindSquare, 2) {
			t.Errorf("chunk %d: %+v, %v", i, chunk, ok)
		}
	}
	if Cost(task.KindSquare, 2) != squareCost {
		t.Error("the cost of other jobs has changed")
	}
}

// TestSkip: chunks continue behind the positions that need no task.
func TestSkip(t *testing.T) {
	t.Parallel()
	numbers := []nat.Nat{nat.New(15), nat.New(21), nat.New(22)}
	c := NewChunker(Chunking{count: 10}, task.KindFactor, 2, 100)
	c.Skip(5)
	c.Add(numbers)
	first, ok := c.Next(InputEnded)
	if want := (task.Range{First: 105, Count: 3}); !ok || first.Range != want {
		t.Errorf("%v, want %v", first.Range, want)
	}
	c.Skip(1)
	c.Skip(2)
	c.Add(numbers[:1])
	second, ok := c.Next(InputEnded)
	if want := (task.Range{First: 111, Count: 1}); !ok || second.Range != want {
		t.Errorf("%v, want %v", second.Range, want)
	}
	c.Add(numbers)
	defer func() {
		if recover() == nil {
			t.Error("Skip passes over numbers that wait")
		}
	}()
	c.Skip(1)
}
