package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Inputs is the record of one job's numbers in FACTOR_INPUTS: blocks of 1 to 4096 numbers, which
// verification and requeueing read. It is safe for concurrent use.
//
// Life of a block:
//
//	feeder: AppendBlocks ──► stored, never changed ──► read by watchers, sweepers, and other feeders
//	                              │                        │ not found
//	                              │                        ▼
//	                              │                    gone, for less than an election: a replica is behind
//	                              │                        │ for longer
//	                              │                        ▼
//	                              │                    lost: ErrInputLost, until it is stored again
//	                              └──► removed with the job
//
// Blocks and chunks are cut independently: a block is what the feeder stores at a time, a chunk is what
// a worker computes at a time. A range of a chunk may lie in several blocks.
type Inputs struct {
	f   *Fleet
	job string

	mu sync.Mutex // guards all below

	// The blocks that are known to be stored, blocks[0].First = 0. First and End ascend, and
	// blocks[i+1].First <= blocks[i].End < blocks[i+1].End: there are no gaps. Blocks may overlap:
	// a feeder that has lost its lease, and does not know it yet, stores the same numbers in other
	// blocks than the next feeder.
	blocks    []task.Range
	gone      map[task.Range]time.Time // blocks that were not found, and since when
	waitUntil time.Time                // until then await waits; zero = it does not wait now
	cache     *blockCache
	known     knownInputs
}

// Inputs returns the record of a job with the blocks that are stored now. It waits for a server that is
// unreachable. A job without input has an empty record, which is no error.
func (f *Fleet) Inputs(ctx context.Context, job string) (*Inputs, error) {
	in := f.EmptyInputs(job)
	return in, in.Reload(ctx)
}

// EmptyInputs returns the record of a job of which no block is known, without a request. It is for a job that this
// process has just created: nothing can be stored of it before its feeder has the lease.
func (f *Fleet) EmptyInputs(job string) *Inputs {
	in := &Inputs{f: f, job: job, gone: make(map[task.Range]time.Time)}
	in.cache = newBlockCache(in, &f.cached)
	return in
}

// Reload looks for blocks that other processes have stored. It waits for a server that is
// unreachable.
func (in *Inputs) Reload(ctx context.Context) error {
	var places []schema.Place
	err := in.f.link.Retry(ctx, func() (err error) {
		places, err = in.f.list(ctx, in.f.inputs, schema.InputsPrefix+in.job+".*")
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(places, func(a, b schema.Place) int {
		return cmp.Or(cmp.Compare(a.Range.First, b.Range.First), cmp.Compare(a.Range.End(), b.Range.End()))
	})
	in.mu.Lock()
	defer in.mu.Unlock()
	in.blocks = in.blocks[:0]
	for _, p := range places {
		if p.Range.Count <= task.MaxCount {
			in.learnLocked(p.Range) // not one behind a gap: the block before it was lost
		}
	}
	return nil
}

// Count returns how many numbers are stored without a gap, from the first one on.
func (in *Inputs) Count() uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.countLocked()
}

// countLocked is Count for callers that hold mu.
func (in *Inputs) countLocked() uint64 {
	if len(in.blocks) == 0 {
		return 0
	}
	return in.blocks[len(in.blocks)-1].End()
}

// MaxBlocks is how many blocks AppendBlocks stores at a time, at most.
const MaxBlocks = 16

// AppendBlocks stores blocks, each of 1 to 4096 numbers and at most task.MaxBlockBytes; first is the position of the first
// number, at most Count. All are stored or none if the server supports atomic batches, and else one after the other: no
// block is ever stored before those in front of it. There are at most MaxBlocks, of less than stream.MaxBatchBytes
// together. It keeps the numbers, which must not be modified. The caller is the job's feeder. A block that is stored
// already, by an attempt whose answer was lost, counts as stored; a former feeder can have stored only the same numbers
// under the same subject, because both read the same input. Blocks of a former feeder may be found at any time, so
// that Count says nothing about which number comes next.
func (in *Inputs) AppendBlocks(ctx context.Context, first uint64, blocks ...task.Block) error {
	var messages []*nats.Msg
	var ranges []task.Range
	before := in.lastBlocks(first)
	for _, block := range blocks {
		r := task.Range{First: first, Count: uint64(len(block.Numbers))}
		m := message(schema.InputSubject(in.job, r), task.AppendKnown(block.Encode(), in.knownIn(r)))
		before.write(m)
		before.add(r)
		ranges, messages, first = append(ranges, r), append(messages, m), r.End()
	}
	if err := in.f.link.StoreTogether(ctx, messages); err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for i, r := range ranges {
		in.learnLocked(r)
		in.cache.put(r, blocks[i])
	}
	return nil
}

// Append is AppendBlocks for numbers that were written in plain digits.
func (in *Inputs) Append(ctx context.Context, first uint64, numbers ...[]nat.Nat) error {
	blocks := make([]task.Block, len(numbers))
	for i := range numbers {
		blocks[i].Numbers = numbers[i]
	}
	return in.AppendBlocks(ctx, first, blocks...)
}

// learnLocked adds a stored block to those that are known, unless it leaves a gap or has no further numbers. The caller
// holds mu.
func (in *Inputs) learnLocked(b task.Range) {
	if count := in.countLocked(); b.First <= count && count < b.End() {
		in.blocks = append(in.blocks, b)
	}
}

// Numbers returns the r.Count numbers of a range. The caller must not modify them. An error wraps
// collect.ErrNoInput if the range is not stored as a whole, and ErrInputLost if a block of it
// was stored and is gone.
func (in *Inputs) Numbers(ctx context.Context, r task.Range) ([]nat.Nat, error) {
	if r.End() > in.Count() {
		if err := in.extend(ctx, r); err != nil {
			return nil, err
		}
		if err := in.await(ctx, r.End()); err != nil {
			return nil, err
		}
		if count := in.Count(); r.End() > count {
			return nil, fmt.Errorf("%w: %v is outside the %d numbers of job %s", collect.ErrNoInput, r, count, in.job)
		}
	}
	var numbers []nat.Nat
	for r.Count > 0 {
		b, block, err := in.block(ctx, r.First)
		if err != nil {
			return nil, err
		}
		end := min(r.End(), b.End())
		part := block.Numbers[r.First-b.First : end-b.First : end-b.First]
		if numbers == nil && end == r.End() {
			return part, nil
		}
		numbers = append(numbers, part...)
		r = task.Span(end, r.End())
	}
	return numbers, nil
}
