// Package collect turns the results of a job into its output: verified,
// deduplicated, complete, and in the order of the input if that is asked for.
//
// A result answers a range of positions. Ranges may come in any order, twice, and
// overlap in any way (a whole chunk, and a piece of it that was queued again):
// what counts is which positions are covered. A position is covered by the first
// verified result that holds it, or by being given up (Bury), and is emitted
// exactly once.
//
// A result is verified by package verify against the numbers of the stored input,
// before anything of it counts. What the worker says of itself is believed for the
// statistics alone.
//
// The package knows no messaging, no clock and no logger: it is fed, calls the
// functions of its Config, and says by typed errors (Refused, Lost) what is to be
// queued again.
package collect

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// DefaultLimit is the default of Config.Limit.
const DefaultLimit = 32 << 20

// Config is what a Collector is made of.
type Config struct {
	// Kind of the job; results of another kind are refused.
	Kind string

	// Numbers returns the numbers of r, at most task.MaxCount, as the stored input
	// has them. They are asked for when a result is checked and, if it had to
	// wait for its turn, when it is emitted; so the caller caches blocks. An error
	// that wraps ErrNoInput makes a result refused; any other is handed on. It
	// must be safe to call from several goroutines, as Check is, and what it
	// returned must not change.
	Numbers func(ctx context.Context, r task.Range) ([]nat.Nat, error)

	// Reread returns the payload of the result with this stream sequence again.
	// Whatever it returns wrongly or not at all is Lost, so it tries again itself
	// for as long as that may help. Needed if Ordered.
	Reread func(ctx context.Context, seq uint64) ([]byte, error)

	// Emit gets the answer of one number. The Item and its Factors are the
	// collector's and overwritten after the call. A position
	// counts as emitted when Emit returned nil, and is not emitted again.
	Emit func(*Item) error

	// Ordered: positions are emitted as 0, 1, 2, ...; else as they come.
	Ordered bool

	// Limit bounds the bytes of the results that wait for their turn in memory;
	// the others are read again. 0 = DefaultLimit.
	Limit int64
}

// An Item is the answer for one position.
type Item struct {
	Position           uint64
	N                  nat.Nat
	Kind               string
	task.Factorization        // empty if Dead
	Worker             string // "" if Dead
	Attempt            uint32
	Dead               string // why it was given up; "" = it was not
}

// A Collector collects the results of one job. Check may be called at any time
// from any goroutine; everything else is for one goroutine at a time.
type Collector struct {
	cfg     Config
	refused atomic.Uint64 // the only thing here that Check writes

	covered task.Set // verified, or given up
	dead    task.Set // given up; a subset of covered

	// emitted counts the positions that were emitted. Ordered: they are
	// [0, emitted), and held, spilled and graves are disjoint and together hold
	// exactly the covered positions from there on, each piece waiting for emitted
	// to reach its first. Not ordered: they are the covered ones, nothing waits.
	emitted   uint64
	held      queue[held, *held]
	heldBytes int64 // sum of cost over held; at most cfg.Limit
	spilled   queue[spilled, *spilled]
	graves    queue[grave, *grave]

	last    decoded // see result
	item    Item    // what Emit is given
	gaps    []task.Range
	counts  Counts // but for Refused and Workers
	workers []Tally
	index   map[string]uint16 // worker name -> workers
}

// New returns a Collector of a job of which nothing is covered yet.
func New(cfg Config) *Collector {
	if cfg.Numbers == nil || cfg.Emit == nil || cfg.Ordered && cfg.Reread == nil {
		panic("collect: internal error: incomplete Config")
	}
	cfg.Limit = cmp.Or(cfg.Limit, DefaultLimit)
	return &Collector{cfg: cfg, index: make(map[string]uint16)}
}

// Accept takes a checked result; any order will do. It returns how many of its
// positions were not covered before: 0 for a duplicate. Without an error k must not be
// used again, but for its Numbers.
//
// What is counted in fresh stays counted whatever the error, which is a *Lost or
// comes from Numbers, from Emit or from ctx. After the latter three, ordered output
// goes on where it stopped with the next call of Accept or Bury; if not
// ordered, the positions that were not emitted are not covered.
func (c *Collector) Accept(ctx context.Context, k Checked) (fresh uint64, err error) {
	if k.result == nil {
		panic("collect: internal error: Accept of a result that Check did not return")
	}
	worker := c.worker(k.Worker)
	// Nothing in the loop covers a position of a later gap, so the gaps stay true.
	c.gaps = slices.AppendSeq(c.gaps[:0], c.covered.Missing(k.Range))
	var data []byte // our copy of k.Data, made when first needed
	for _, gap := range c.gaps {
		var done uint64
		if !c.cfg.Ordered || err == nil && gap.First == c.emitted {
			offset := gap.First - k.Range.First
			done, err = c.emitItems(k.result, k.Range.First, gap, k.numbers[offset:])
		}
		if c.cfg.Ordered && done < gap.Count {
			rest := newPiece(&k, task.Span(gap.First+done, gap.End()), worker)
			data = c.hold(rest, k.Data, data)
			done = gap.Count
		}
		c.cover(task.Range{First: gap.First, Count: done}, &k, worker)
		fresh += done
		if err == nil {
			err = c.drain(ctx)
		}
		if err != nil && !c.cfg.Ordered {
			return fresh, err // the other gaps stay uncovered
		}
	}
	c.countRest(&k, fresh, worker)
	if err == nil {
		k.result.Release()
	}
	return fresh, err
}

// cover counts r, which lies in k and was not covered.
func (c *Collector) cover(r task.Range, k *Checked, worker uint16) {
	c.covered.Add(r)
	c.countVerified(k.items(r), worker)
}

// Bury gives the positions of r up, which must lie inside the input: those that
// are not covered yet are emitted as dead, for the reason why. That is final,
// verified results that come later are too late for the output and count as Late
// only. Errors are as those of Accept; if not ordered, call it again then.
func (c *Collector) Bury(ctx context.Context, r task.Range, why string) error {
	why = cmp.Or(why, "given up") // an Item is dead by its reason
	c.gaps = slices.AppendSeq(c.gaps[:0], c.covered.Missing(r))
	for _, gap := range c.gaps {
		var err error
		if c.cfg.Ordered {
			c.graves.push(grave{gap, why})
		} else {
			gap.Count, err = c.emitDead(ctx, gap, why)
		}
		c.dead.Add(gap)
		c.covered.Add(gap)
		c.counts.Dead += gap.Count
		if err != nil {
			return err
		}
	}
	return c.drain(ctx)
}

// Complete reports whether all positions of a job of count numbers are verified
// or dead, and emitted.
func (c *Collector) Complete(count uint64) bool {
	return c.emitted >= count && c.covered.Contains(task.Span(0, count))
}

// Covered returns the positions that are verified or dead. The set is the
// collector's: it changes with the next call.
func (c *Collector) Covered() *task.Set { return &c.covered }
