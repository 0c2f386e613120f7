package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Inputs is the record of one job's numbers in FACTOR_INPUTS: blocks of up to 4096
// numbers, which verification and re-queueing read. It is safe for concurrent use.
type Inputs struct {
	f   *Fleet
	job string

	mu sync.Mutex
	// What is known to be stored: from 0, without gaps, both ends ascending. Blocks
	// may overlap: a feeder that lost its lease unawares has stored the same numbers
	// in other blocks than the next one.
	blocks []task.Range
	gone   map[task.Range]time.Time // since when blocks are not found
	late   time.Time                // when to wait no longer for what is not stored; zero = nobody waits
	cache  blockCache
}

// Inputs opens the record of a job as it stands.
func (f *Fleet) Inputs(ctx context.Context, job string) (*Inputs, error) {
	in := &Inputs{f: f, job: job, gone: make(map[task.Range]time.Time)}
	return in, in.Reload(ctx)
}

// Reload looks for blocks that others have stored.
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
		// A block after a gap is none: its predecessor was lost.
		if count := in.countLocked(); p.Range.First <= count && count < p.Range.End() && p.Range.Count <= task.MaxCount {
			in.blocks = append(in.blocks, p.Range)
		}
	}
	return nil
}

// Count returns how many numbers are stored.
func (in *Inputs) Count() uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.countLocked()
}

func (in *Inputs) countLocked() uint64 {
	if len(in.blocks) == 0 {
		return 0
	}
	return in.blocks[len(in.blocks)-1].End()
}

// Append stores the next block. It returns once it is stored; numbers is kept and
// must not be changed.
func (in *Inputs) Append(ctx context.Context, numbers []nat.Nat) (task.Range, error) {
	r := task.Range{First: in.Count(), Count: uint64(len(numbers))}
	if err := in.f.link.Store(ctx, message(schema.InputSubject(in.job, r), task.EncodeBlock(numbers))); err != nil {
		return r, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.countLocked() == r.First { // nobody reloaded it meanwhile
		in.blocks = append(in.blocks, r)
	}
	in.cache.put(r, numbers)
	return r, nil
}

// Numbers returns the numbers of a range. An error wraps collect.ErrNoInput if the
// range is not within what is stored. The caller must not change them.
func (in *Inputs) Numbers(ctx context.Context, r task.Range) ([]nat.Nat, error) {
	if r.End() > in.Count() {
		if err := in.Reload(ctx); err != nil {
			return nil, err
		}
		if err := in.await(ctx, r.End()); err != nil {
			return nil, err
		}
		if count := in.Count(); r.End() > count {
			return nil, fmt.Errorf("%w: %v lies outside the %d numbers of job %s", collect.ErrNoInput, r, count, in.job)
		}
	}
	var numbers []nat.Nat
	for r.Count > 0 {
		b, block, err := in.block(ctx, r.First)
		if err != nil {
			return nil, err
		}
		end := min(r.End(), b.End())
		part := block[r.First-b.First : end-b.First : end-b.First]
		if numbers == nil && end == r.End() {
			return part, nil
		}
		numbers = append(numbers, part...)
		r = task.Span(end, r.End())
	}
	return numbers, nil
}

// await waits until so many numbers are stored, if it may be that the servers do not know
// it yet: a result can come from one part of a cluster when what it answers is not seen
// from here. Whoever forges results gets one such wait, no more.
func (in *Inputs) await(ctx context.Context, count uint64) error {
	if c := in.f.inputs.CachedInfo().Cluster; c == nil || len(c.Replicas) == 0 {
		return nil
	}
	for pause := stream.NewPause(); in.Count() < count; {
		in.mu.Lock()
		if in.late.IsZero() {
			in.late = time.Now().Add(in.f.link.Election())
		}
		over := time.Now().After(in.late)
		in.mu.Unlock()
		if over {
			return nil
		}
		if err := pause.WaitAtMost(ctx, time.Second/2); err != nil {
			return err
		}
		if err := in.Reload(ctx); err != nil {
			return err
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.late = time.Time{}
	return nil
}

// block returns the block that holds a position, which must be stored.
func (in *Inputs) block(ctx context.Context, position uint64) (task.Range, []nat.Nat, error) {
	in.mu.Lock()
	// The first block that ends behind position.
	i, _ := slices.BinarySearchFunc(in.blocks, position+1, func(b task.Range, end uint64) int { return cmp.Compare(b.End(), end) })
	if i == len(in.blocks) {
		in.mu.Unlock()
		return task.Range{}, nil, fmt.Errorf("%w: position %d of job %s", collect.ErrNoInput, position, in.job)
	}
	b := in.blocks[i]
	numbers, ok := in.cache.get(b)
	in.mu.Unlock()
	if ok {
		return b, numbers, nil
	}

	m, err := in.read(ctx, b)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return b, nil, fmt.Errorf("%w: block %v of job %s is gone", ErrInputLost, b, in.job)
	}
	if err != nil {
		return b, nil, fmt.Errorf("read input block %v of job %s: %w", b, in.job, stream.Explain(err))
	}
	numbers, err = task.DecodeBlock(m.Data)
	if err == nil && uint64(len(numbers)) != b.Count {
		err = errors.New("another count of numbers than its subject says")
	}
	if err != nil {
		return b, nil, fmt.Errorf("%w: block %v of job %s: %w", ErrInputLost, b, in.job, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cache.put(b, numbers)
	return b, numbers, nil
}

// read reads a block. A server that was cut off from its cluster may not have it yet, so it
// is gone only if it stays so for as long as an election takes.
func (in *Inputs) read(ctx context.Context, b task.Range) (m *jetstream.RawStreamMsg, err error) {
	err = in.f.link.Retry(ctx, func() (err error) {
		m, err = in.f.inputs.GetLastMsgForSubject(ctx, schema.InputSubject(in.job, b))
		notFound := errors.Is(err, jetstream.ErrMsgNotFound)
		if gone := in.missing(b, notFound); notFound && gone < in.f.link.Election() {
			return stream.ErrStale
		}
		return err
	})
	return m, err
}

// missing notes whether a block was not found, and returns for how long it was not.
func (in *Inputs) missing(b task.Range, now bool) time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	since, before := in.gone[b]
	switch {
	case !now:
		delete(in.gone, b)
		return 0
	case !before:
		since = time.Now()
		in.gone[b] = since
	}
	return time.Since(since)
}

// blockCache keeps the blocks used last. A block of words takes 64 KiB; one of long
// numbers at most about four times its 256 KiB on the wire.
type blockCache struct {
	entries []cachedBlock // the last used comes last
}

type cachedBlock struct {
	task.Range
	numbers []nat.Nat
}

const cachedBlocks = 24

func (c *blockCache) get(r task.Range) ([]nat.Nat, bool) {
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := c.entries[i]; e.Range == r {
			c.entries = append(append(c.entries[:i], c.entries[i+1:]...), e)
			return e.numbers, true
		}
	}
	return nil, false
}

func (c *blockCache) put(r task.Range, numbers []nat.Nat) {
	if _, ok := c.get(r); ok {
		return // read by two at once
	}
	if len(c.entries) == cachedBlocks {
		c.entries = append(c.entries[:0], c.entries[1:]...)
	}
	c.entries = append(c.entries, cachedBlock{r, numbers})
}
