package collect

import (
	"bytes"
	"context"
	"hash/maphash"
	"time"

	"factorfleet/internal/task"
)

// A piece is a part of a verified result that waits for its turn: positions that the
// result was the first to answer. Millions of pieces may wait, so a piece is 24 bytes
// and holds no pointer.
type piece struct {
	first      uint64 // position
	seq        uint64 // stream sequence of the result
	count      uint16 // positions, >= 1; offset+count <= task.MaxCount
	offset     uint16 // of first from the first position of the result
	unfinished uint16 // positions that Collector.unfinished counts, <= count
	worker     uint16 // index into Collector.workers
}

// newPiece returns the piece of k for r. r is within k.Range.
func (c *Collector) newPiece(k *Checked, r task.Range, worker uint16) piece {
	return piece{
		first: r.First, seq: k.Seq, count: uint16(r.Count), offset: uint16(r.First - k.Range.First),
		unfinished: uint16(c.unfinished(k.items(r))), worker: worker,
	}
}

func (p *piece) start() uint64    { return p.first }
func (p *piece) span() task.Range { return task.Range{First: p.first, Count: uint64(p.count)} }

// base returns the first position of the result.
func (p *piece) base() uint64 { return p.first - uint64(p.offset) }

// of returns the answers of p in its decoded result.
func (p *piece) of(r *task.Result) []task.Factorization { return r.Items[p.offset:][:p.count] }

// A held piece has its payload in memory. The pieces of one result share one copy of
// it, and each is charged for the whole: then too much is evicted and read again,
// which costs time and no correctness.
type held struct {
	piece
	data   []byte
	stored int64 // when the server stored it, Unix microseconds
}

// cost returns the bytes that a held piece counts towards Config.Limit: its payload,
// and 88 for the entry and the rounding of the allocator.
func cost(data []byte) int64 { return int64(len(data)) + 88 }

// micro returns the Unix microseconds of t, 0 for the zero time; fromMicro is its inverse.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}

// An evicted piece has its payload in the stream only. hash tells whether a payload
// that is read again is the one that was verified. Its key is random for each process,
// so that no worker can construct another payload with the same hash.
type evicted struct {
	piece
	hash uint64
}

var hashSeed = maphash.MakeSeed()

// hold lets p wait, with its payload in memory if there is room. If there is none, the
// pieces with the highest positions, which are needed last, are evicted first. data is
// the collector's copy of payload, or nil if there is none yet; hold returns it.
func (c *Collector) hold(p piece, stored time.Time, payload, data []byte) []byte {
	// Before and after each iteration: heldBytes <= Limit. It ends, because each iteration
	// removes a held piece or returns.
	for c.heldBytes+cost(payload) > c.cfg.Limit {
		far := c.held.max()
		if far == nil || far.first < p.first {
			c.evicted.push(evicted{p, maphash.Bytes(hashSeed, payload)})
			return data
		}
		c.evicted.push(evicted{far.piece, maphash.Bytes(hashSeed, far.data)})
		c.heldBytes -= cost(far.data)
		c.held.popMax()
	}
	if data == nil {
		data = bytes.Clone(payload)
	}
	c.held.push(held{p, data, micro(stored)})
	c.heldBytes += cost(data)
	return data
}

// emitHeld emits h, the first of c.held.
func (c *Collector) emitHeld(ctx context.Context, h *held) error {
	result, err := c.result(&h.piece, func() ([]byte, time.Time, error) { return h.data, fromMicro(h.stored), nil })
	if err != nil {
		panic("collect: internal error: " + err.Error()) // Check has decoded these bytes
	}
	if err := c.emitPiece(ctx, &h.piece, result); err != nil {
		return err
	}
	c.heldBytes -= cost(h.data)
	c.held.popMin()
	return nil
}

// emitPiece emits p, whose result is decoded. After an error p is the part that was not
// emitted.
func (c *Collector) emitPiece(ctx context.Context, p *piece, result *task.Result) error {
	numbers, err := c.numbers(ctx, p.span())
	if err != nil {
		return err
	}
	done, err := c.emitItems(ctx, result, p.base(), p.span(), numbers)
	if err != nil {
		p.unfinished -= uint16(c.unfinished(p.of(result)[:done]))
		p.first += done
		p.offset += uint16(done)
		p.count -= uint16(done)
	}
	return err
}
