package job

import (
	"context"
	"errors"
	"slices"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// errTakenOver says that another process has written the manifest: it conducts the campaign, too.
var errTakenOver = errors.New("another process conducts the campaign")

// change changes the manifest of the part.
func (d *conductor) change(ctx context.Context, change func(*task.Part) error) error {
	return d.retry(ctx, func() error {
		p, err := d.c.f.ChangePart(ctx, d.part.Parent, d.part.ID, change)
		if err == nil {
			d.part = p
		}
		return err
	})
}

// record changes the manifest of a part whose campaign goes on, unless another process has conducted it meanwhile. Else
// d would go on from what the other process has written, and reserve the same numbers once more. set gives fields the
// same values each time: after an answer that was lost it is called again.
func (d *conductor) record(ctx context.Context, set func(*task.Part)) error {
	before, after := d.part, *d.part
	set(&after)
	return d.change(ctx, func(p *task.Part) error {
		if p.State == task.PartDone || !sameWork(p, before) && !sameWork(p, &after) { // equal to after: an answer was lost
			return errTakenOver
		}
		set(p)
		return nil
	})
}

// sameWork reports whether p and q are equal in what only conductors write while a campaign goes on.
func sameWork(p, q *task.Part) bool {
	return p.Next == q.Next && slices.Equal(p.Effort, q.Effort)
}

// reserve stores that the coefficients or groups below next are reserved.
func (d *conductor) reserve(ctx context.Context, next uint64) error {
	if err := d.record(ctx, func(p *task.Part) { p.Next = next }); err != nil {
		return err
	}
	return d.step(ctx, campaign.Reserved{Next: next})
}

// store stores the curves that count.
func (d *conductor) store(ctx context.Context, effort campaign.Effort) error {
	return d.record(ctx, func(p *task.Part) { p.Effort = effortOfPart(effort) })
}

// split stores a divisor, and tells the owners.
func (d *conductor) split(ctx context.Context, out campaign.Split) error {
	x := nat.FromBig(out.Divisor)
	err := d.change(ctx, func(p *task.Part) error {
		p.State = task.PartDone
		for _, known := range p.Divisors {
			if known.Cmp(x) == 0 {
				return nil
			}
		}
		if len(p.Divisors) == 0 && out.Curve != nil {
			p.Curve = (*task.Curve)(out.Curve)
		}
		if len(p.Divisors) < task.MaxDivisors {
			p.Divisors = append(p.Divisors, x)
		}
		return nil
	})
	if err == nil {
		d.log.Info().Msg("a divisor of the composite was found")
		d.hint(time.Now())
	}
	return err
}

// abandon stores why there is no divisor, so that the campaign is not begun again.
func (d *conductor) abandon(ctx context.Context, why string) error {
	d.log.Warn().Msg("the campaign has ended, the worker that has the number finishes alone: " + why)
	err := d.change(ctx, func(p *task.Part) error { p.State, p.Note = task.PartDone, why; return nil })
	if err == nil {
		d.hint(time.Now())
	}
	return err
}
