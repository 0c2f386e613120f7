package job

import (
	"context"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/factored"
	"factorfleet/internal/schema"
)

// The submitter of a job and its holder put answers into the cache: each of them alone may be there to the end. To do it
// twice is harmless. A holder that takes over leaves out what was answered before.

const (
	// maxKeeping is how many entries of a job are put into the cache at once. Further ones are left out: a cache may
	// lack any.
	maxKeeping = 256
	// keepWait is how long the end of a job waits for the last entries.
	keepWait = time.Second
)

// A cacheLine is an entry for the cache.
type cacheLine struct {
	key  string
	line []byte
}

// worthKeeping returns the entries for the answers of k, which is verified, that are worth one. It is called before the
// collector accepts k.
func (l *loop) worthKeeping(k *collect.Checked) (list []cacheLine) {
	if l.keep == nil || !l.hasFeeder && !(l.holding && l.upToDate) || k.Worker == schema.CacheWriter {
		return nil
	}
	for i, n := range k.Numbers() { // none of a duplicate
		if a := k.Answer(i); factored.IsWorth(n, a) {
			list = append(list, cacheLine{factored.Key(n), factored.Line(n, a)})
		}
	}
	return list
}

// keepLines puts entries into the cache, in goroutines that outlive the loop by the time of one answer at most.
func (l *loop) keepLines(list []cacheLine) {
	for _, e := range list {
		select {
		case l.keeping <- struct{}{}:
		default:
			return
		}
		go func() {
			defer func() { <-l.keeping }()
			l.keep(context.WithoutCancel(l.ctx), e.key, e.line)
		}()
	}
}

// awaitKept waits until the cache has what was put into it, for keepWait at most. Requires that run has returned.
func (l *loop) awaitKept(ctx context.Context) {
	if len(l.keeping) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keepWait)
	defer cancel()
	for range cap(l.keeping) { // each goroutine that ends makes room for one
		select {
		case l.keeping <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}
