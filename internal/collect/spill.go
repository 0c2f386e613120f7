package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"factorfleet/internal/task"
)

// A piece is a verified part of a result that waits for its turn: positions that
// no earlier result had covered. It is small and holds no pointer, for there may
// be millions.
type piece struct {
	first      uint64 // position
	seq        uint64 // of the result
	count      uint16 // positions; 1 to task.MaxCount, as offset+count
	offset     uint16 // of first from the first position of the result
	unfinished uint16 // of these, with a composite left over
	worker     uint16 // index into Collector.workers
}

func newPiece(k *Checked, r task.Range, worker uint16) piece {
	return piece{
		first: r.First, seq: k.Seq, count: uint16(r.Count), offset: uint16(r.First - k.Range.First),
		unfinished: uint16(unfinished(k.items(r))), worker: worker,
	}
}

func (p *piece) start() uint64    { return p.first }
func (p *piece) span() task.Range { return task.Range{First: p.first, Count: uint64(p.count)} }
func (p *piece) base() uint64     { return p.first - uint64(p.offset) }
func (p *piece) of(r *task.Result) []task.Factorization {
	return r.Items[p.offset:][:p.count]
}

// A held piece has its payload in memory. Pieces of one result share it, and each
// is charged for it: what is spilled too early is only read again.
type held struct {
	piece
	data []byte
}

// cost is what a held piece counts towards Config.Limit: its payload, its entry,
// and what the allocator rounds up.
func cost(data []byte) int64 { return int64(len(data)) + 80 }

// A spilled piece has its payload in the stream. The hash tells whether what is
// read again is what was verified; nobody outside can aim at it, the key is this
// process's own.
type spilled struct {
	piece
	hash uint64
}

var hashSeed = maphash.MakeSeed()

// hold makes p wait, in memory if there is room: what is needed last goes first.
// data is a copy of payload, or nil if there is none yet; hold returns it.
func (c *Collector) hold(p piece, payload, data []byte) []byte {
	// Before and after each iteration: heldBytes <= Limit.
	for c.heldBytes+cost(payload) > c.cfg.Limit {
		far := c.held.max()
		if far == nil || far.first < p.first {
			c.spilled.push(spilled{p, maphash.Bytes(hashSeed, payload)})
			return data
		}
		c.spilled.push(spilled{far.piece, maphash.Bytes(hashSeed, far.data)})
		c.heldBytes -= cost(far.data)
		c.held.popMax()
	}
	if data == nil {
		data = bytes.Clone(payload)
	}
	c.held.push(held{p, data})
	c.heldBytes += cost(data)
	return data
}

func (c *Collector) drainHeld(ctx context.Context, h *held) error {
	result, err := c.result(&h.piece, func() ([]byte, error) { return h.data, nil })
	if err != nil {
		panic("collect: internal error: " + err.Error()) // Check has decoded these bytes
	}
	if err := c.drainPiece(ctx, &h.piece, result); err != nil {
		return err
	}
	c.heldBytes -= cost(h.data)
	c.held.popMin()
	return nil
}

func (c *Collector) drainSpilled(ctx context.Context, s *spilled) error {
	result, err := c.result(&s.piece, func() ([]byte, error) {
		data, err := c.cfg.Reread(ctx, s.seq)
		if err == nil && maphash.Bytes(hashSeed, data) != s.hash {
			err = errChanged
		}
		return data, err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p := s.piece
		c.spilled.popMin()
		return c.lose(&p, err)
	}
	if err := c.drainPiece(ctx, &s.piece, result); err != nil {
		return err
	}
	c.spilled.popMin()
	return nil
}

// drainPiece emits p. After an error p is what is left of it.
func (c *Collector) drainPiece(ctx context.Context, p *piece, result *task.Result) error {
	numbers, err := c.numbers(ctx, p.span())
	if err != nil {
		return err
	}
	done, err := c.emitItems(result, p.base(), p.span(), numbers)
	if err != nil {
		p.unfinished -= uint16(unfinished(p.of(result)[:done]))
		p.first += done
		p.offset += uint16(done)
		p.count -= uint16(done)
	}
	return err
}

// decoded is the last result that was decoded for one of several pieces.
//
// One is enough. Between two pieces of a result lie only pieces that came before
// it, so results nest like parentheses, and each is decoded at most once more for
// every result directly inside it: in total at most twice the number of results.
type decoded struct {
	seq    uint64
	result *task.Result // nil if there is none
}

// result returns the result that p is a piece of, from the payload that read
// returns.
func (c *Collector) result(p *piece, read func() ([]byte, error)) (*task.Result, error) {
	if c.last.result != nil && c.last.seq == p.seq {
		return c.last.result, nil
	}
	data, err := read()
	if err != nil {
		return nil, err
	}
	result, err := task.DecodeResult(data)
	if err != nil {
		return nil, err
	}
	if len(result.Items) > int(p.count) {
		c.last = decoded{p.seq, result}
	}
	return result, nil
}

// errChanged is why a result is Lost that was overwritten or damaged.
var errChanged = errors.New("its payload is not the one that was verified")

// Lost is returned when a verified result, of which only the stream had kept the
// payload, could not be read again. Its positions are not covered any more: they
// are to be queued again. All else is as if there was no error.
type Lost struct {
	Range  task.Range
	Worker string
	Err    error
}

func (e *Lost) Error() string {
	return fmt.Sprintf("collect: result %v of worker %q lost: %v", e.Range, e.Worker, e.Err)
}

func (e *Lost) Unwrap() error { return e.Err }

// lose uncovers p, which waits no more.
func (c *Collector) lose(p *piece, why error) error {
	r := p.span()
	c.covered.Remove(r)
	w := &c.workers[p.worker]
	c.counts.Verified -= r.Count
	c.counts.Unfinished -= uint64(p.unfinished)
	w.Verified -= r.Count
	c.counts.Lost += r.Count
	return &Lost{Range: r, Worker: w.Name, Err: why}
}
