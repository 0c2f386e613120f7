package collect

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"factorfleet/internal/task"
)

// LostResult is the error of Accept and GiveUp when the payload of an evicted result could
// not be read again: the server has lost it, or it was overwritten. Its positions are
// missing again and must be requeued. Everything else is as after a call without an error.
type LostResult struct {
	Range  task.Range // the positions that are missing again
	Worker string
	Err    error // the reason
}

// Error names the range, the worker and the reason.
func (e *LostResult) Error() string {
	return fmt.Sprintf("verified result %v of worker %q cannot be read again: %v", e.Range, e.Worker, e.Err)
}

// Unwrap returns the reason.
func (e *LostResult) Unwrap() error { return e.Err }

// errChanged is the reason of a LostResult that was overwritten or damaged.
var errChanged = errors.New("its payload is not the one that was verified")

// emitEvicted emits e, the first of c.evicted, after reading its payload again. A payload
// with the hash of the verified one needs no second verification.
func (c *Collector) emitEvicted(ctx context.Context, e *evicted) error {
	result, err := c.result(&e.piece, func() ([]byte, time.Time, error) {
		data, stored, err := c.cfg.Reread(ctx, e.seq)
		if err == nil && maphash.Bytes(hashSeed, data) != e.hash {
			err = errChanged
		}
		return data, stored, err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p := e.piece
		c.evicted.popMin()
		return c.lose(&p, err)
	}
	if err := c.emitPiece(ctx, &e.piece, result); err != nil {
		return err
	}
	c.evicted.popMin()
	return nil
}

// lose makes the positions of p missing. p does not wait any more. With replicas the votes of the positions are
// forgotten, and the results with the other votes do not arrive again: that error is no *LostResult, and only a new
// process, which reads all results, can continue.
func (c *Collector) lose(p *piece, err error) error {
	c.unmark(p.span())
	c.countLost(p)
	if c.cfg.Replicas > 1 {
		return fmt.Errorf("a result of two equal ones is lost, %v of worker %q: %w", p.span(), c.workers[p.worker].Name, err)
	}
	return &LostResult{Range: p.span(), Worker: c.workers[p.worker].Name, Err: err}
}

// decoded is the last result that was decoded for one of several pieces.
//
// A cache of one is enough. Between two pieces of a result lie only pieces of results
// that were accepted before it, so results nest like parentheses. Hence each result
// is decoded once, and once more for every result directly inside it: in total at most
// twice the number of results.
type decoded struct {
	seq    uint64
	result *task.Result // nil if the cache is empty
}

// result returns the decoded result of p, from the cache or from the payload that read
// returns.
func (c *Collector) result(p *piece, read func() ([]byte, time.Time, error)) (*task.Result, error) {
	if c.last.result != nil && c.last.seq == p.seq {
		return c.last.result, nil
	}
	data, stored, err := read()
	if err != nil {
		return nil, err
	}
	result, err := task.DecodeResult(data)
	if err != nil {
		return nil, err
	}
	result.Stored = stored
	if len(result.Items) > int(p.count) { // other pieces may follow
		c.last = decoded{p.seq, result}
	}
	return result, nil
}
