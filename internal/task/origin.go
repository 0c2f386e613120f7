package task

import (
	"time"

	"factorfleet/internal/text"
)

// An Origin says where and when the answers of a Result were computed. All of it is what the worker claims: it is shown,
// and decides nothing. A decoder leaves out what no worker can mean.
type Origin struct {
	Kernels string    // level of kernels of the engine; "" = not stated
	Began   time.Time // when the first number of the range was begun, to the millisecond; zero = not stated
	Ended   time.Time // when the last one was finished; not before Began, zero if Began is
	Round   string    // of the task; "" = the first one, or not stated

	// ChunkCount is how many numbers the task has, at most MaxCount; 0 = not stated. If the range has more numbers, it is
	// joined of tasks of so many, of which the last one may be shorter. ChunkBefore is how many numbers of the task are
	// in front of the range, less than ChunkCount.
	ChunkCount, ChunkBefore uint32
}

// Chunk returns the range of the task that had the number at a position of the result of range r, as the worker claims;
// a range without numbers if it is not stated. Requires that r contains the position.
func (o *Origin) Chunk(r Range, position uint64) Range {
	count, before := uint64(o.ChunkCount), uint64(o.ChunkBefore)
	if count == 0 || before > r.First {
		return Range{}
	}
	first := r.First - before
	first += (position - first) / count * count
	if r.Count > count && first+count > r.End() { // the last one of those that are joined
		return Span(first, r.End())
	}
	return Range{First: first, Count: count}
}

// A Source says where an answer comes from. All but Stored is what its worker claims. It is empty if the number was given
// up, and what is zero is not known.
type Source struct {
	Version string    // of the program of the worker
	Origin  Origin    // of the result
	Chunk   Range     // of the task; without numbers = not stated
	Stored  time.Time // when the server stored the answer, by its clock
}

// maxKernels is the length of the longest name of a level of kernels.
const maxKernels = 32

// originOf returns what a message states, without what breaks a rule of task.proto.
func originOf(kernels, round []byte, began int64, span uint64, count, before uint32) (o Origin) {
	if o.Kernels = string(kernels); !isName(o.Kernels, jobChar, maxKernels) {
		o.Kernels = ""
	}
	if len(round) > 0 && CheckRound(string(round)) == nil {
		o.Round = string(round)
	}
	if began != 0 && span <= lastMilli && began >= firstMilli && began+int64(span) <= lastMilli {
		o.Began, o.Ended = time.UnixMilli(began), time.UnixMilli(began+int64(span))
	}
	if count <= MaxCount && before < count {
		o.ChunkCount, o.ChunkBefore = count, before
	}
	return o
}

// spanMilli returns the milliseconds from Began to Ended.
func (o *Origin) spanMilli() uint64 {
	return uint64(max(0, o.Ended.UnixMilli()-o.Began.UnixMilli()))
}

// maxVersion bounds what is shown of a version, in bytes: a result states it once, and an output repeats it.
const maxVersion = 64

// ShownVersion returns the version that a result states, as it is shown: one line of at most 64 bytes.
func (r *Result) ShownVersion() string { return text.Sanitize(r.Version, maxVersion) }
