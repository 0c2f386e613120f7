package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// yieldShare bounds what is read of one worker that adds nothing: yields without a relation that is new. Each costs
// its verification, about a microsecond a relation. An honest worker has few: after a take-over of the owner's task,
// or if a range is void. What is beyond is not read, and the worker gets a complaint.
var yieldShare = fleet.Share{Burst: 32 << 20, Rate: 1 << 20} // bytes

// uselessYield counts for a yield in addition to its bytes: a request and a look.
const uselessYield = 4 << 10

// yieldBounds has the buckets of workers, at most maxBounded; with more, all begin anew.
type yieldBounds map[string]*fleet.Bucket

// of returns the bucket of a worker.
func (b *yieldBounds) of(worker string) *fleet.Bucket {
	x := (*b)[worker]
	if x == nil {
		if *b == nil || len(*b) >= maxBounded {
			*b = make(yieldBounds)
		}
		x = new(fleet.Bucket)
		(*b)[worker] = x
	}
	return x
}

// take has the machine take a batch of yields. Refused ones are removed, so that nobody reads them again, and so are
// all that arrive when none is wanted any more.
func (d *conductor) take(ctx context.Context, b yieldBatch) error {
	if b.replayed {
		return d.step(ctx, campaign.Replayed{})
	}
	for i := range b.arrivals {
		if err := d.takeYield(ctx, &b.arrivals[i]); err != nil {
			return err
		}
	}
	if last := len(b.arrivals) - 1; last >= 0 {
		d.last = b.arrivals[last].Seq
	}
	refused := d.refused
	d.refused = nil
	return d.c.f.DropResults(ctx, refused)
}

// takeYield has the machine take one yield, unless its worker is quarantined or has sent too much that is useless.
func (d *conductor) takeYield(ctx context.Context, a *collect.Arrival) error {
	if d.c.trust.Refuses(a.Worker, a.Seq) {
		d.refused = append(d.refused, a.Seq)
		return nil
	}
	size := float64(len(a.Data) + uselessYield)
	if _, ok := d.bounds.of(a.Worker).Take(time.Now(), yieldShare, size); !ok {
		d.refused = append(d.refused, a.Seq)
		d.c.trust.Complain(a.Worker, fleet.ComplaintResults)
		return nil
	}
	if !d.machine.Active() {
		d.refused = append(d.refused, a.Seq) // the owner may take long to answer, and workers may store without end
		return nil
	}
	out := campaign.Yield{Worker: a.Worker, Seq: a.Seq, First: a.Range.First, End: a.Range.End()}
	y, err := task.DecodeYield(a.Data)
	switch {
	case err != nil:
		return d.strike(ctx, &out, err.Error())
	case y.Kind != d.work.kind(), y.Worker != a.Worker:
		return d.strike(ctx, &out, fmt.Sprintf("a result of kind %.40q of worker %.40q is no yield of %s", y.Kind, y.Worker, a.Worker))
	case y.Params != d.work.sum():
		d.log.Debug().Str("worker", a.Worker).Msg("a yield for other parameters was dropped: is the worker of another version?")
		return nil
	}
	before, phase := d.amount(), d.machine.Phase()
	d.work.read(&out, y)
	err = d.step(ctx, out)
	if after := d.amount(); d.machine.Phase() != phase || after > before {
		d.bounds.of(a.Worker).Spend(-size)
		d.harvests.add(a.Worker, after-before, time.Now())
	}
	return err
}

// amount returns the relations or curves that count.
func (d *conductor) amount() int {
	p := d.machine.Progress(time.Now())
	return p.Relations + int(p.Curves)
}

// strike gives a worker a strike for a yield, and has the yield removed.
func (d *conductor) strike(ctx context.Context, y *campaign.Yield, why string) error {
	d.refused = append(d.refused, y.Seq)
	r := task.Span(y.First, y.End)
	standing, fresh, err := d.c.trust.Strike(ctx, y.Worker, fleet.Strike{
		Time: time.Now().UTC(), Job: d.part.ID, Range: r.String(), Seq: y.Seq, Reason: why,
	})
	if err != nil {
		return err
	}
	if fresh {
		log := d.log.With().Str("worker", y.Worker).Stringer("range", r).Logger()
		log.Warn().Err(errors.New(why)).Int("strikes", len(standing.Strikes)).Msg("a yield of a campaign was refused")
		if standing.Quarantined != nil {
			log.Warn().Msg("worker quarantined: its results are refused until it is released")
		}
	}
	return nil
}
