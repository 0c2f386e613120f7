package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A result can arrive before this process sees the input that it answers, and a block can be missing
// from a server of a cluster that is behind. Both pass within an election. So an absence counts only
// after it has lasted that long: as collect.ErrNoInput for numbers that were never seen here, and
// as ErrInputLost for a block that was.

// await waits until count numbers are stored, at most for an election; the caller then looks at Count. A
// server alone has one state, so that there is nothing to wait for. In a cluster a result may
// arrive here before the input that it answers, because the replica that answers is behind. A forged result
// gets the same answer, but does not make others wait longer: all of them share one deadline.
func (in *Inputs) await(ctx context.Context, count uint64) error {
	if c := in.f.inputs.CachedInfo().Cluster; c == nil || len(c.Replicas) == 0 {
		return nil
	}
	for pause := stream.NewPause(); in.Count() < count; {
		in.mu.Lock()
		if in.waitUntil.IsZero() {
			in.waitUntil = time.Now().Add(in.f.link.Election())
		}
		expired := time.Now().After(in.waitUntil)
		in.mu.Unlock()
		if expired {
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
	in.waitUntil = time.Time{}
	return nil
}

// block returns the range and the content of the block that holds a position below Count. The content is
// shared by all callers and must not be modified. An error wraps collect.ErrNoInput if the position is
// not below Count, and ErrInputLost if the block is gone or is not what its subject says. The block is
// read without the lock; two goroutines that read it at the same time keep one copy.
func (in *Inputs) block(ctx context.Context, position uint64) (task.Range, task.Block, error) {
	in.mu.Lock()
	// The first block with End > position; its First <= position, since there are no gaps.
	i, _ := slices.BinarySearchFunc(in.blocks, position+1, func(b task.Range, end uint64) int { return cmp.Compare(b.End(), end) })
	if i == len(in.blocks) {
		in.mu.Unlock()
		return task.Range{}, task.Block{}, fmt.Errorf("%w: position %d of job %s", collect.ErrNoInput, position, in.job)
	}
	b := in.blocks[i]
	block, ok := in.cache.get(b)
	in.mu.Unlock()
	if ok {
		return b, block, nil
	}

	m, err := in.read(ctx, b)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return b, block, fmt.Errorf("%w: block %v of job %s is gone", ErrInputLost, b, in.job)
	}
	if err != nil {
		return b, block, fmt.Errorf("read input block %v of job %s: %w", b, in.job, stream.Explain(err))
	}
	block, err = task.DecodeBlock(m.Data)
	if err == nil && uint64(len(block.Numbers)) != b.Count {
		err = fmt.Errorf("it has %d numbers, its subject says %d", len(block.Numbers), b.Count)
	}
	if err != nil {
		return b, block, fmt.Errorf("%w: block %v of job %s: %w", ErrInputLost, b, in.job, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cache.put(b, block)
	in.learnKnownLocked(b, m.Data)
	return b, block, nil
}

// read reads a block. A server that was cut off from its cluster may not have it yet: the block is
// lost only if it is not found for as long as an election takes.
func (in *Inputs) read(ctx context.Context, b task.Range) (m *jetstream.RawStreamMsg, err error) {
	err = in.f.link.Retry(ctx, func() (err error) {
		m, err = in.f.inputs.GetLastMsgForSubject(ctx, schema.InputSubject(in.job, b))
		notFound := errors.Is(err, jetstream.ErrMsgNotFound)
		if gone := in.goneFor(b, notFound); notFound && gone < in.f.link.Election() {
			return stream.ErrStale
		}
		return err
	})
	return m, err
}

// goneFor notes whether a block was found, and returns for how long it has not been found.
func (in *Inputs) goneFor(b task.Range, notFound bool) time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	since, before := in.gone[b]
	switch {
	case !notFound:
		delete(in.gone, b)
		return 0
	case !before:
		since = time.Now()
		in.gone[b] = since
	}
	return time.Since(since)
}
