package plan

import (
	"math"
	"slices"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// The predicted work of chunks in mode auto, and its look-ahead.
const (
	// targetWork makes the cost of a message negligible, and is little to repeat if a worker dies.
	targetWork = time.Second
	// leastWork is the work of the first and the last chunks. Below it, the cost of a message
	// (some tens of microseconds at each end) would be noticeable.
	leastWork = 20 * time.Millisecond
	// maxAhead bounds the memory of the look-ahead, in full chunks: 65,536 numbers or 2 MiB.
	maxAhead = 16
)

// An InputState says what a Chunker may expect of its input.
type InputState int

const (
	InputFlowing InputState = iota // more numbers will arrive soon: keep a look-ahead
	InputPaused                    // the input is silent: do not let numbers wait any longer
	InputEnded                     // no number will follow
)

// A Chunk is the content of one task.
type Chunk struct {
	Range     task.Range
	Numbers   []nat.Nat     // Range.Count of them; the caller owns the slice
	Predicted time.Duration // sum of Cost over Numbers, and of AddCost
}

// A Chunker cuts a stream of numbers into chunks of consecutive positions. Every
// chunk holds 1 to task.MaxCount numbers, and at most task.MaxChunkBytes bytes unless
// it is a single longer number. A Chunker is not safe for concurrent use.
//
// Let s be the slots of the fleet, i = 0, 1, ... the index of the chunk, and B the
// predicted work of the look-ahead, the numbers that were added and not returned yet. A
// chunk takes numbers while their predicted work is at most limit, and at least one.
//
//	auto      ramp  = min(1 s, 20 ms * 2^floor(i/s))
//	          limit = ramp                              while the input flows
//	          limit = min(ramp, max(20 ms, B/(2s)))     when it pauses or ends
//	duration  limit = the duration
//	count     no limit of work, exactly count numbers
//
// The ramp lets every slot start at once and the first results arrive soon. Once it
// has reached 1 s, chunks are returned only while B >= 2s * 1 s (or the look-ahead
// fills 16 chunks), so that enough work is left to cut at the end: chunks of 1/(2s) of
// the rest let all slots finish at about the same time.
//
// A pause returns the whole look-ahead, except for a count: then only full chunks are
// returned until the input ends, and one chunk for the rest. A chunk of a count is
// smaller only if its numbers exceed task.MaxChunkBytes.
//
// The caller calls Next after every Add until it returns false. Then the memory is
// bounded by the look-ahead and the numbers of one Add.
type Chunker struct {
	chunking Chunking
	costs    []time.Duration // Cost by bits
	slots    int             // >= 1
	position uint64          // of the first number of ahead
	made     int             // chunks returned

	// ahead is the look-ahead and the end of buffer; the part of buffer before it has
	// been returned, and is overwritten once it is half of buffer. work and bytes are the
	// sums over ahead.
	buffer, ahead []nat.Nat
	work          time.Duration
	bytes         int
}

// NewChunker returns a Chunker for numbers of one kind. slots is the number of slots
// of the fleet; values below 1 count as 1. first is the position of the first number.
func NewChunker(c Chunking, kind string, slots int, first uint64) *Chunker {
	return &Chunker{chunking: c, costs: tableOf(kind), slots: max(1, slots), position: first}
}

// AddCost adds a time to the predicted work of each number. It is called before Add.
func (c *Chunker) AddCost(each time.Duration) {
	if each == 0 {
		return
	}
	c.costs = slices.Clone(c.costs)
	for bits := range c.costs {
		c.costs[bits] += each
	}
}

// Add appends numbers to the look-ahead. It does not keep the slice.
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

// Skip passes over the next count positions, which need no task. Requires that the look-ahead is empty.
func (c *Chunker) Skip(count uint64) {
	if len(c.ahead) > 0 {
		panic("plan: internal error: Skip while numbers wait")
	}
	c.position += count
}

// Next returns the next chunk, or false if none is due in this state of the input.
func (c *Chunker) Next(state InputState) (Chunk, bool) {
	if len(c.ahead) == 0 {
		return Chunk{}, false
	}
	limit := c.limit(state)
	if state == InputFlowing && !c.ready(limit) ||
		state == InputPaused && c.chunking.count > 0 && !c.fills(limit) {
		return Chunk{}, false
	}
	return c.cut(limit), true
}

// A size bounds a chunk, or the look-ahead.
type size struct {
	count int
	work  time.Duration
	bytes int
}

// limit returns the largest size of the next chunk.
func (c *Chunker) limit(state InputState) size {
	limit := size{count: task.MaxCount, work: math.MaxInt64, bytes: task.MaxChunkBytes}
	switch {
	case c.chunking.count > 0:
		limit.count = c.chunking.count
	case c.chunking.work > 0:
		limit.work = c.chunking.work
	default:
		limit.work = c.ramp()
		if state != InputFlowing {
			limit.work = min(limit.work, max(leastWork, c.work/time.Duration(2*c.slots)))
		}
	}
	return limit
}

// ramp returns the largest work of a chunk in mode auto while the input flows.
func (c *Chunker) ramp() time.Duration {
	// 6 is enough: 2^6 * leastWork > targetWork.
	return min(targetWork, leastWork<<min(6, c.made/c.slots))
}

// ready reports whether a chunk is due while the input flows.
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

// fills reports whether the look-ahead reaches limit in one dimension.
func (c *Chunker) fills(limit size) bool {
	return len(c.ahead) >= limit.count || c.work >= limit.work || c.bytes >= limit.bytes
}

// cut takes numbers off the look-ahead as long as they fit into limit, at least one.
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
