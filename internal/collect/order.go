package collect

import (
	"context"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A grave is a dead range that waits for its turn.
type grave struct {
	task.Range
	why string
}

func (g *grave) start() uint64 { return g.First }

// drain emits what waits, as long as it is its turn.
func (c *Collector) drain(ctx context.Context) error {
	// Before and after each iteration: nothing that waits begins before emitted.
	for {
		var err error
		if h := c.held.min(); h != nil && h.first == c.emitted {
			err = c.drainHeld(ctx, h)
		} else if s := c.spilled.min(); s != nil && s.first == c.emitted {
			err = c.drainSpilled(ctx, s)
		} else if g := c.graves.min(); g != nil && g.First == c.emitted {
			err = c.drainGrave(ctx, g)
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

func (c *Collector) drainGrave(ctx context.Context, g *grave) error {
	done, err := c.emitDead(ctx, g.Range, g.why)
	if err != nil {
		g.Range = task.Span(g.First+done, g.End())
		return err
	}
	c.graves.popMin()
	return nil
}

// emitDead emits the positions of r as dead; done of them before the error.
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
		for i, n := range numbers {
			c.item = Item{Position: block.First + uint64(i), N: n, Kind: c.cfg.Kind, Dead: why}
			if err := c.cfg.Emit(&c.item); err != nil {
				return done, err
			}
			c.emitted++
			done++
		}
	}
	return done, nil
}

// emitItems emits the positions of r, answered by the items of result, the first
// of which is that of position base; numbers begin with that of r.First. done of
// them were emitted before the error.
func (c *Collector) emitItems(result *task.Result, base uint64, r task.Range, numbers []nat.Nat) (done uint64, err error) {
	item := &c.item
	*item = Item{Kind: c.cfg.Kind, Worker: result.Worker, Attempt: result.Attempt}
	answers := result.Items[r.First-base:][:r.Count]
	for i := range answers {
		item.Position = r.First + uint64(i)
		item.N = numbers[i]
		item.Factorization = answers[i]
		if err := c.cfg.Emit(item); err != nil {
			return uint64(i), err
		}
		c.emitted++
	}
	return r.Count, nil
}
