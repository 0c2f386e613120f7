package collect

import (
	"context"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A deadPiece is a range of positions given up that waits for its turn.
type deadPiece struct {
	task.Range
	why string
}

func (d *deadPiece) start() uint64 { return d.First }

// emitReady emits waiting pieces as long as one starts at emitted. At most one does, since
// pieces are disjoint. It does nothing if not ordered: nothing waits. After an error the
// piece that was being emitted waits with the positions that were not.
func (c *Collector) emitReady(ctx context.Context) error {
	// Before and after each iteration: all waiting pieces start at emitted or later.
	for {
		var err error
		if h := c.held.min(); h != nil && h.first == c.emitted {
			err = c.emitHeld(ctx, h)
		} else if e := c.evicted.min(); e != nil && e.first == c.emitted {
			err = c.emitEvicted(ctx, e)
		} else if d := c.dead.min(); d != nil && d.First == c.emitted {
			err = c.emitDeadPiece(ctx, d)
		} else {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// emitDeadPiece emits d, the first of c.dead. After an error d is the part that was not
// emitted.
func (c *Collector) emitDeadPiece(ctx context.Context, d *deadPiece) error {
	done, err := c.emitDead(ctx, d.Range, d.why)
	if err != nil {
		d.Range = task.Span(d.First+done, d.End())
		return err
	}
	c.dead.popMin()
	return nil
}

// emitDead emits the positions of r as dead, in blocks of task.MaxCount, since r may
// be a whole job. After an error, the first done positions have been emitted.
func (c *Collector) emitDead(ctx context.Context, r task.Range, why string) (done uint64, err error) {
	for done < r.Count {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		block := task.Range{First: r.First + done, Count: min(r.Count-done, task.MaxCount)}
		numbers, err := c.numbers(ctx, block)
		if err != nil {
			return done, err
		}
		texts, err := c.written(ctx, block)
		if err != nil {
			return done, err
		}
		for i, n := range numbers {
			c.item = Item{Position: block.First + uint64(i), N: n, Kind: c.cfg.Kind, Format: c.cfg.Format, Dead: why}
			c.item.Expr = texts.next(c.item.Position)
			if err := c.cfg.Emit(&c.item); err != nil {
				return done, err
			}
			c.emitted++
			done++
		}
	}
	return done, nil
}

// emitItems emits the answers of result for the positions of r. result starts at
// position base, numbers at r.First. After an error, the first done positions of r have
// been emitted.
func (c *Collector) emitItems(ctx context.Context, result *task.Result, base uint64, r task.Range, numbers []nat.Nat) (done uint64, err error) {
	texts, err := c.written(ctx, r)
	if err != nil {
		return 0, err
	}
	item := &c.item
	*item = Item{Kind: c.cfg.Kind, Format: c.cfg.Format, Worker: result.Worker, Attempt: result.Attempt}
	item.Source = task.Source{Version: result.ShownVersion(), Origin: result.Origin, Stored: result.Stored}
	whole := task.Range{First: base, Count: uint64(len(result.Items))}
	answers := result.Items[r.First-base:][:r.Count]
	for i := range answers {
		item.Position = r.First + uint64(i)
		item.N = numbers[i]
		item.Expr = texts.next(item.Position)
		item.Factorization = answers[i]
		item.Chunk = result.Chunk(whole, item.Position)
		if err := c.cfg.Emit(item); err != nil {
			return uint64(i), err
		}
		c.emitted++
	}
	return r.Count, nil
}
