package job

import (
	"context"
	"errors"
	"fmt"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

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

// issue queues tasks.
func (d *conductor) issue(ctx context.Context, out campaign.Issue) error {
	ranges := make([]task.Range, out.Tasks)
	for i := range ranges {
		ranges[i] = task.Range{First: out.First + uint64(i)*out.Size, Count: out.Size}
	}
	err := d.work.issue(ctx, d.c.f, d.part, ranges, out, d.mixed)
	d.taken.issue(ranges)
	if err == nil {
		d.log.Debug().Int("tasks", out.Tasks).Dur("predicted", out.Time).Msg(d.work.kind() + " tasks queued")
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
