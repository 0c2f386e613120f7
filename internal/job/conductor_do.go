package job

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime/debug"
	"slices"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// errTakenOver says that another process has written the manifest: it conducts the campaign, too.
var errTakenOver = errors.New("another process conducts the campaign")

// execute does what the machine has put out, in order. All of it waits for a server that is unreachable.
func (d *conductor) execute(ctx context.Context, outputs []campaign.Output) error {
	for _, out := range outputs {
		if err := d.do(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

// do does one output.
func (d *conductor) do(ctx context.Context, out campaign.Output) error {
	switch out := out.(type) {
	case campaign.Reserve:
		return d.reserve(ctx, out.Next)
	case campaign.Issue:
		return d.issue(ctx, out)
	case campaign.Purge:
		d.taken.clear()
		return d.retry(ctx, func() error { return d.c.f.PurgeQueue(ctx, d.part.ID) })
	case campaign.Store:
		return d.store(ctx, out.Effort)
	case campaign.Solve:
		d.solve(ctx)
	case campaign.Split:
		return d.split(ctx, out)
	case campaign.Abandon:
		return d.abandon(ctx, out.Why)
	case campaign.Stop:
		d.drop()
		return d.retry(ctx, func() error { return d.c.f.StopWork(ctx, d.part.ID) })
	case campaign.Refuse:
		return d.strike(ctx, &out.Yield, out.Why)
	case campaign.Drop:
		d.log.Debug().Str("worker", out.Yield.Worker).Msg("a yield was dropped: " + out.Why)
	case campaign.Audit:
		d.audit(ctx, out)
	case campaign.End:
		return d.end(ctx)
	default:
		return fmt.Errorf("internal error: unknown output %T of a campaign", out)
	}
	return nil
}

// retry calls try until it succeeds, or fails for a reason that does not pass by itself. A part that is gone was
// removed with its job.
func (d *conductor) retry(ctx context.Context, try func() error) error {
	err := d.c.f.Retry(ctx, try)
	if errors.Is(err, fleet.ErrNoPart) {
		return errCampaignOver
	}
	return err
}

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

// reserve stores that the coefficients or groups below next are reserved, unless another process has reserved any
// meanwhile.
func (d *conductor) reserve(ctx context.Context, next uint64) error {
	before := d.part.Next
	err := d.change(ctx, func(p *task.Part) error {
		if p.Next != before && p.Next != next || p.State == task.PartDone { // equal to next: an answer was lost
			return errTakenOver
		}
		p.Next = next
		return nil
	})
	if err != nil {
		return err
	}
	return d.step(ctx, campaign.Reserved{Next: next})
}

// issue queues tasks.
func (d *conductor) issue(ctx context.Context, out campaign.Issue) error {
	ranges := make([]task.Range, out.Tasks)
	for i := range ranges {
		ranges[i] = task.Range{First: out.First + uint64(i)*out.Size, Count: out.Size}
	}
	err := d.work.issue(ctx, d.c.f, d.part, ranges, out, d.mixed)
	d.taken.issue(ranges)
	if err == nil {
		d.log.Debug().Int("tasks", out.Tasks).Dur("time", out.Time).Msg(d.work.kind() + " tasks queued")
	}
	return err
}

// store stores the curves that count, unless another process has stored any meanwhile.
func (d *conductor) store(ctx context.Context, effort campaign.Effort) error {
	before, after := d.part.Effort, effortOfPart(effort)
	return d.change(ctx, func(p *task.Part) error {
		if !slices.Equal(p.Effort, before) && !slices.Equal(p.Effort, after) { // equal to after: an answer was lost
			return errTakenOver
		}
		p.Effort = after
		return nil
	})
}

// solve starts the linear algebra, which owns the set of relations until it reports its end.
func (d *conductor) solve(ctx context.Context) {
	d.log.Info().Int("relations", d.machine.Progress(time.Now()).Relations).Msg("enough relations: the linear algebra begins")
	ctx, d.solver = context.WithCancel(ctx)
	solved := make(chan struct{})
	d.solved = solved
	d.group.Go(func() {
		var divisor *big.Int
		err := beforeSolve(aliveWith(ctx))
		if err == nil {
			divisor, err = d.work.solve(aliveWith(ctx))
		}
		close(solved)
		d.report(ctx, campaign.Solved{Divisor: divisor, Err: err})
	})
}

// drop interrupts the linear algebra, which ends within milliseconds, and frees the memory of the work.
func (d *conductor) drop() {
	if d.solver != nil {
		d.solver()
		d.solver = nil
		<-d.solved
	}
	d.work.drop()
	d.free()
	debug.FreeOSMemory() // hundreds of MiB that other programs of the machine may need
}

// report sends the end of the solver or of an audit to run.
func (d *conductor) report(ctx context.Context, in campaign.Input) {
	select {
	case d.ended <- in:
	case <-ctx.Done():
	}
}

// audit computes a part of a yield once more, to see whether its worker has told the truth.
func (d *conductor) audit(ctx context.Context, out campaign.Audit) {
	audit := d.work.audit(out)
	d.group.Go(func() {
		in, err := audit(aliveWith(ctx))
		if err != nil {
			in = campaign.Audited{}
			d.log.Debug().Err(err).Msg("cannot compute a part of a yield once more")
		}
		in.Audit = out
		d.report(ctx, in)
	})
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
			p.Curve = &task.Curve{B1: out.Curve.B1, B2: out.Curve.B2, Sigma: out.Curve.Sigma}
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

// end removes all that is stored of the campaign.
func (d *conductor) end(ctx context.Context) error {
	name := fleet.PartName{Parent: d.part.Parent, Child: d.part.ID}
	if err := d.retry(ctx, func() error { return d.c.f.RemovePart(ctx, name) }); err != nil {
		return err
	}
	return errCampaignOver
}
