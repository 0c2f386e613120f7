package plan

import (
	"math"
	"slices"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// What auto aims at. A second of work makes the price of a message negligible and
// is still a short wait when a chunk is lost; 20 ms is where it starts to be felt.
const (
	targetWork = time.Second
	leastWork  = 20 * time.Millisecond
	// maxAhead full chunks of look-ahead are enough to shape the end of any job
	maxAhead = 16
)

// Flow says what the input of a Chunker is doing.
type Flow int

const (
	Flowing Flow = iota // more numbers are on their way: keep a look-ahead
	Paused              // the input is silent, or what is here has waited long enough
	Ended               // no number will follow
)

// A Chunk is what one task is made of.
type Chunk struct {
	Range     task.Range
	Numbers   []nat.Nat // the caller's
	Predicted time.Duration
}

// A Chunker cuts a stream of numbers into chunks of consecutive positions. Every
// chunk holds at least one number, at most task.MaxCount, and at most
// task.MaxChunkBytes unless a single number is longer. It is not safe for concurrent use.
//
//   - auto: the first slots chunks are predicted to take 20 ms, the next slots twice
//     that and so on up to 1 s, so that every worker starts at once and the first
//     results come soon. While the input flows a look-ahead of 2*slots such chunks
//     (at most 16 chunks of the largest size) is held back; when it pauses or ends,
//     what is there goes out in pieces of 1/(2*slots) of the remainder, between 20 ms
//     and 1 s, so that the workers finish together.
//   - a duration: as many numbers as are predicted to take that long; a pause hands
//     out what is there.
//   - a count: exactly so many numbers whatever the input does, and one remainder at
//     its end. Somebody who types numbers waits for the chunk to be full. Only
//     numbers too long for MaxChunkBytes make such a chunk smaller.
//
// Call Next after every Add until it returns false: memory is then bounded by the
// look-ahead and one Add.
type Chunker struct {
	chunking Chunking
	costs    []time.Duration
	slots    int
	position uint64 // of the first number of ahead
	made     int    // chunks handed out

	// What is not handed out yet, and its sums. ahead is the end of buffer; numbers
	// handed out are overwritten once they are half of it.
	buffer, ahead []nat.Nat
	work          time.Duration
	bytes         int
}

// NewChunker returns a Chunker for numbers of one kind. slots is how many numbers the
// fleet works on at a time, at least 1; first is the position of the first number.
func NewChunker(c Chunking, kind string, slots int, first uint64) *Chunker {
	return &Chunker{chunking: c, costs: tableOf(kind), slots: max(1, slots), position: first}
}

// Add appends numbers to the input. It does not keep the slice.
func (c *Chunker) Add(numbers []nat.Nat) {
	if len(c.ahead)+len(numbers) > cap(c.ahead) && len(c.ahead) <= len(c.buffer)/2 {
		kept := copy(c.buffer, c.ahead)
		clear(c.buffer[kept:])
		c.buffer, c.ahead = c.buffer[:kept], c.buffer[:kept]
	}
	handed := len(c.buffer) - len(c.ahead)
	c.buffer = append(c.buffer, numbers...)
	c.ahead = c.buffer[handed:]
	for i := range numbers {
		bits := numbers[i].BitLen()
		c.work += lookUp(c.costs, bits)
		c.bytes += (bits + 7) / 8
	}
}

// Next returns the next chunk, or false if there is none for now.
func (c *Chunker) Next(state Flow) (Chunk, bool) {
	if len(c.ahead) == 0 {
		return Chunk{}, false
	}
	limit := c.limit(state)
	if state == Flowing && !c.ready(limit) ||
		state == Paused && c.chunking.count > 0 && !c.fills(limit) {
		return Chunk{}, false
	}
	return c.cut(limit), true
}

// A size is what one chunk may hold.
type size struct {
	count int
	work  time.Duration
	bytes int
}

// limit returns the size of the next chunk.
func (c *Chunker) limit(state Flow) size {
	limit := size{count: task.MaxCount, work: math.MaxInt64, bytes: task.MaxChunkBytes}
	switch {
	case c.chunking.count > 0:
		limit.count = c.chunking.count
	case c.chunking.work > 0:
		limit.work = c.chunking.work
	default:
		limit.work = c.ramp()
		if state != Flowing {
			limit.work = min(limit.work, max(leastWork, c.work/time.Duration(2*c.slots)))
		}
	}
	return limit
}

// ramp returns how much work a chunk of auto holds at most.
func (c *Chunker) ramp() time.Duration {
	// 2^6 * leastWork exceeds targetWork
	return min(targetWork, leastWork<<min(6, c.made/c.slots))
}

// ready reports whether a chunk may go out while the input flows.
func (c *Chunker) ready(limit size) bool {
	if c.chunking != (Chunking{}) || limit.work < targetWork {
		return c.fills(limit)
	}
	return c.fills(size{
		count: maxAhead * task.MaxCount,
		work:  time.Duration(2*c.slots) * targetWork,
		bytes: maxAhead * task.MaxChunkBytes,
	})
}

// fills reports whether what is ahead fills a chunk of the given size.
func (c *Chunker) fills(limit size) bool {
	return len(c.ahead) >= limit.count || c.work >= limit.work || c.bytes >= limit.bytes
}

// cut takes numbers off the look-ahead as long as they fit, at least one.
func (c *Chunker) cut(limit size) Chunk {
	var count, bytes int
	var work time.Duration
	for count < len(c.ahead) && count < limit.count {
		bits := c.ahead[count].BitLen()
		cost, size := lookUp(c.costs, bits), (bits+7)/8
		if count > 0 && (work+cost > limit.work || bytes+size > limit.bytes) {
			break
		}
		count, work, bytes = count+1, work+cost, bytes+size
	}
	chunk := Chunk{
		Range:     task.Range{First: c.position, Count: uint64(count)},
		Numbers:   slices.Clone(c.ahead[:count]),
		Predicted: work,
	}
	c.ahead = c.ahead[count:]
	c.position += uint64(count)
	c.work -= work
	c.bytes -= bytes
	c.made++
	return chunk
}
