// Package collect turns the results of a job into its output: verified,
// deduplicated, complete, and in the order of the input if requested.
//
// # Model
//
// A job is a sequence of positions 0, 1, 2, ... Each position is in one state:
//
//	missing --Accept--> answered --emitted     (after two equal answers if Config.Replicas = 2, see replicas.go)
//	missing --GiveUp--> given up --emitted
//	answered, not yet emitted --LostResult--> missing
//
// A position is covered if it is answered or given up. A result answers a range of
// positions. Results may arrive in any order, twice, and with ranges that overlap in
// any way (a whole chunk, and a piece of it that was requeued). The first verified
// result that contains a missing position answers it; later answers to it are
// duplicates. So the invariants are:
//
//	emitted is a subset of covered, and no position is emitted twice
//	Verified = number of answered positions, Dead = number of positions given up
//	Verified + Dead = number of covered positions
//	ordered:     emitted = [0, e), and the pieces that wait are disjoint, start at e
//	             or later, and together are covered without [0, e)
//	not ordered: emitted = covered, and nothing waits
//
// # Order
//
// Ordered output emits position e next. An answer that arrives before its turn waits as a
// piece in one of three lists, each sorted by position:
//
//	held     verified, its payload is in memory
//	evicted  verified, its payload is only in the stream; its hash is kept
//	dead     given up
//
// The payloads in memory are bounded by Config.Limit. Beyond it the pieces with the highest
// positions are evicted, since they are needed last. So a job whose first number is
// answered last needs Limit bytes and 32 to 48 bytes for each waiting piece. Each evicted
// result is read again about once (see decoded).
//
// Accepting a result costs O(answers + log pieces) and, if it does not come last, the move
// of one page of 256 pieces.
//
// # Trust
//
// Package verify checks a result against the numbers of the stored input before
// anything of it counts. A result whose positions are all covered is not verified: it
// cannot change the output, and a hostile worker could store any number of them. The
// exception is Arrival.Again. What a worker claims about itself (attempt, CPU time) enters
// the statistics only, but an unfinished answer must claim the budget of its number.
//
// The package knows no messaging, no clock and no logger. Its caller passes results
// in, and it calls the functions of its Config. The typed errors Refused and
// LostResult name the ranges that the caller must have computed again.
package collect

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"factorfleet/internal/task"
)

// A Collector collects the results of one job. Check may be called from any
// goroutine at any time. All other methods must not be called concurrently.
type Collector struct {
	cfg     Config
	refused atomic.Uint64 // the only field that Check writes

	covered task.Set     // answered or given up; changed by mark and unmark only
	marking sync.RWMutex // guards covered against Check, which only reads it

	// emitted counts the positions that were emitted. If ordered it is e of the model,
	// and held, evicted and dead are the pieces that wait for emitted to reach their
	// first position.
	emitted   uint64
	held      waitingList[held, *held]
	heldBytes int64 // sum of cost over held, <= cfg.Limit
	evicted   waitingList[evicted, *evicted]
	dead      waitingList[deadPiece, *deadPiece]

	// Votes of missing positions, see replicas.go: the first one, and those that differ from it. Most positions have one
	// vote at most: the first map has no pointers, so that an item that waits for a second worker costs some 40 bytes.
	votes     map[uint64]vote
	others    map[uint64][]vote
	voted     []task.Range // see NewVotes
	repeated  bool         // see NewVotes
	disagreed uint64       // answers that differed from earlier votes

	last    decoded // see result
	item    Item    // the argument of Emit
	gaps    []task.Range
	counts  Counts // without Refused and Workers
	workers []WorkerShare
	index   map[string]uint16 // worker name -> index into workers
}

// New returns a Collector of a job of which no position is covered. It panics if cfg
// lacks a required function.
func New(cfg Config) *Collector {
	if cfg.Numbers == nil || cfg.Emit == nil || cfg.Ordered && cfg.Reread == nil {
		panic("collect: internal error: incomplete Config")
	}
	cfg.Limit = cmp.Or(cfg.Limit, defaultLimit)
	return &Collector{cfg: cfg, index: make(map[string]uint16), votes: make(map[uint64]vote), others: make(map[uint64][]vote)}
}

// Accept takes a result that Check has returned, and returns how many positions it has
// covered: 0 for a duplicate. Results may be accepted in any order.
//
// A returned nil error ends the life of k: its memory serves later results, and only
// k.Numbers may still be used.
//
// The fresh positions stay covered whatever the error. The error is a *LostResult
// about an earlier result, or comes from Numbers, Emit or ctx. After one of the
// latter three, ordered output resumes where it stopped with the next call of Accept
// or GiveUp; if not ordered, the positions that were not emitted stay missing.
func (c *Collector) Accept(ctx context.Context, k Checked) (fresh uint64, err error) {
	if k.duplicate {
		c.voted, c.repeated = nil, false
		c.counts.Duplicate += k.Range.Count
		return 0, nil
	}
	if k.result == nil {
		panic("collect: internal error: Accept of a result that Check did not return")
	}
	worker := c.workerIndex(k.Worker)
	// Covering one gap covers no position of another, so the list stays valid.
	c.gaps = slices.AppendSeq(c.gaps[:0], c.covered.Gaps(k.Range))
	missing := total(c.gaps)
	if c.cfg.Replicas > 1 {
		c.gaps = c.confirm(&k, worker, c.gaps)
	}
	if c.cfg.Ordered {
		fresh, err = c.acceptOrdered(ctx, &k, worker)
	} else {
		fresh, err = c.acceptUnordered(ctx, &k, worker)
	}
	if err == nil || c.cfg.Ordered { // else the rest is partly missing, not duplicate
		c.counts.Duplicate += k.Range.Count - missing
	}
	if err == nil {
		k.result.Release()
	}
	return fresh, err
}

// total returns the number of positions in ranges.
func total(ranges []task.Range) (n uint64) {
	for _, r := range ranges {
		n += r.Count
	}
	return n
}

// acceptOrdered covers all c.gaps of k: it emits what is next, and lets the rest wait.
func (c *Collector) acceptOrdered(ctx context.Context, k *Checked, worker uint16) (fresh uint64, err error) {
	var data []byte // copy of k.Data, made when first needed
	for _, gap := range c.gaps {
		var done uint64
		if err == nil && gap.First == c.emitted {
			done, err = c.emitItems(ctx, k.result, k.Range.First, gap, k.numbersFrom(gap.First))
		}
		if done < gap.Count {
			rest := c.newPiece(k, task.Span(gap.First+done, gap.End()), worker)
			data = c.hold(rest, k.Stored, k.Data, data)
		}
		c.cover(gap, k, worker)
		fresh += gap.Count
		if err == nil {
			err = c.emitReady(ctx)
		}
	}
	return fresh, err
}

// acceptUnordered emits and covers c.gaps of k, up to the first error of Emit.
func (c *Collector) acceptUnordered(ctx context.Context, k *Checked, worker uint16) (fresh uint64, err error) {
	for _, gap := range c.gaps {
		gap.Count, err = c.emitItems(ctx, k.result, k.Range.First, gap, k.numbersFrom(gap.First))
		c.cover(gap, k, worker)
		fresh += gap.Count
		if err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

// cover makes r answered. Requires that r is within k.Range and that none of its positions is answered.
func (c *Collector) cover(r task.Range, k *Checked, worker uint16) {
	c.mark(r)
	c.countVerified(k.items(r), worker)
}

// GiveUp gives up the positions of r, which must lie inside the input. Those that are
// missing are emitted as dead, for the reason why ("given up" if empty). This is
// final: later results for them count as duplicates. The errors are those of Accept;
// if not ordered, the caller must call GiveUp again after an error.
func (c *Collector) GiveUp(ctx context.Context, r task.Range, why string) error {
	why = cmp.Or(why, "given up") // Item.Dead must not be empty
	c.gaps = slices.AppendSeq(c.gaps[:0], c.covered.Gaps(r))
	for _, gap := range c.gaps {
		var err error
		if c.cfg.Ordered {
			c.dead.push(deadPiece{gap, why})
		} else {
			gap.Count, err = c.emitDead(ctx, gap, why)
		}
		c.mark(gap)
		c.forgetVotes(gap)
		c.counts.Dead += gap.Count
		if err != nil {
			return err
		}
	}
	return c.emitReady(ctx)
}

// mark makes r covered.
func (c *Collector) mark(r task.Range) {
	c.marking.Lock()
	defer c.marking.Unlock()
	c.covered.Add(r)
}

// unmark makes r missing.
func (c *Collector) unmark(r task.Range) {
	c.marking.Lock()
	defer c.marking.Unlock()
	c.covered.Remove(r)
}

// Covers reports whether all of r, at least one position, is covered: verified or given up. Any goroutine
// may call it.
func (c *Collector) Covers(r task.Range) bool {
	c.marking.RLock()
	defer c.marking.RUnlock()
	return r.Count > 0 && c.covered.Contains(r)
}

// Missing returns the parts of r that are not covered, in ascending order. Any goroutine may call it.
func (c *Collector) Missing(r task.Range) []task.Range {
	c.marking.RLock()
	defer c.marking.RUnlock()
	return slices.Collect(c.covered.Gaps(r))
}

// Overlaps reports whether any position of r is covered. Any goroutine may call it.
func (c *Collector) Overlaps(r task.Range) bool {
	c.marking.RLock()
	defer c.marking.RUnlock()
	return c.covered.Overlaps(r)
}

// Complete reports whether all positions of a job of count numbers are covered and
// emitted.
func (c *Collector) Complete(count uint64) bool {
	return c.emitted >= count && c.covered.Contains(task.Span(0, count))
}

// Covered returns the covered positions. The set belongs to the Collector and changes
// with its next call; the caller must not change it.
func (c *Collector) Covered() *task.Set { return &c.covered }
