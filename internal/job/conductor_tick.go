package job

import (
	"context"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// tick reports the fleet to the machine, looks whether the number has an answer, and repeats the hints.
func (d *conductor) tick(ctx context.Context) error {
	now := time.Now()
	if d.isPaused(ctx) {
		return nil
	}
	if !now.Before(d.coverDue) {
		if err := d.lookCovered(ctx, now); err != nil {
			return err
		}
	}
	if !now.Before(d.hintDue) {
		d.hint(now)
	}
	if !d.machine.Active() || d.machine.Phase() == campaign.Solving {
		return nil
	}
	if err := d.noteAdvance(ctx); err != nil {
		return err
	}
	if err := d.work.tick(ctx, d, now); err != nil {
		return err
	}
	in, err := d.fleet(ctx)
	if err != nil {
		d.log.Debug().Err(err).Msg("cannot look at the queue, retrying")
		return nil
	}
	return d.step(ctx, in)
}

// isPaused reports whether the job of the number is paused. Its campaign then issues nothing, and does not end although
// the number is not queued. Tasks of the campaign that are queued already are computed, and their yields count. If the
// manifest cannot be read the job counts as it was seen last.
func (d *conductor) isPaused(ctx context.Context) bool {
	if j, err := d.c.f.Job(ctx, d.part.Parent); err == nil {
		d.paused, d.throttled = j.Paused, j.Throttled
		if d.paused {
			d.uncovered = false
		}
	}
	return d.paused
}

// fleet returns what the machine has to know of the fleet. A task that a worker has just begun may count as queued.
func (d *conductor) fleet(ctx context.Context) (in campaign.Fleet, _ error) {
	q, err := d.c.f.SieveQueue(ctx, d.part.ID)
	if err != nil {
		return in, err
	}
	slots := d.work.slots(d.c.registry, d.c.trust.Quarantined)
	usable := slots.All
	d.mixed = slots.Old > 0 && !slots.Plain
	held := d.c.registry.HeldOf(d.part.ID)
	if err := d.lookTaken(ctx, q.Ranges, held); err != nil {
		return in, err
	}
	for _, r := range q.Ranges { // a heartbeat may name tasks that have ended since
		if len(held[d.nameOf(r)]) > 0 {
			in.Running++
		}
	}
	in.Queued = q.Tasks - in.Running
	if q.Other > 0 {
		others := slots.All - d.c.shareOf(ctx, d.part.ID, slots.All) // slots of other campaigns
		if in.Others, err = d.othersWait(ctx, in.Queued+campaign.TasksForSlot*others); err != nil {
			return in, err
		}
	}
	if in.Others {
		_, working := d.c.allParts(ctx)
		usable = min(usable, d.harvests.slots(d.work.harvest(), slots.Of, max(len(working), 1), time.Now()))
	}
	in.Slots = d.c.shareOf(ctx, d.part.ID, usable)
	return in, nil
}

// othersWait reports whether tasks of others wait for slots. Up to sieve of the tasks that wait are those of campaigns.
func (d *conductor) othersWait(ctx context.Context, sieve int) (wait bool, _ error) {
	classes, err := d.c.f.Queue(ctx)
	for _, k := range classes {
		if k.Class.Route() != "" { // they wait for some workers only, perhaps for one that is not there
			continue
		}
		waiting := k.Queued
		if k.Class == fleet.SieveClass { // the tasks of campaigns are among them
			waiting -= min(waiting, uint64(sieve))
		}
		wait = wait || waiting > 0
	}
	return wait, err
}

// coverShare is after how many times the duration of a look at the queue of the parent the next one follows, but no later
// than coverEvery. A look that has not found the position is repeated at once.
const (
	coverShare = 50
	coverEvery = 10 * time.Second
)

// lookCovered tells the machine that the position of the number is not queued any more, once two looks have seen that:
// it is answered, or given up, or its job has ended.
func (d *conductor) lookCovered(ctx context.Context, now time.Time) error {
	open, err := d.c.f.Outstanding(ctx, d.part.Parent, d.part.Position)
	if err == nil && !open && d.throttled { // after a pause its owner may have the number without a task: see leftToWorkers
		_, open = d.c.registry.HeldRanges(d.part.Parent)[task.Range{First: d.part.Position, Count: 1}]
	}
	d.coverDue = now.Add(max(d.c.every, min(coverShare*time.Since(now), coverEvery)))
	if err != nil {
		d.log.Debug().Err(err).Msg("cannot look whether the number has an answer, retrying")
		return nil
	}
	before := d.uncovered
	if d.uncovered = !open; open || !before {
		if !open {
			d.coverDue = now.Add(d.c.every)
		}
		return nil
	}
	return d.step(ctx, campaign.ParentCovered{})
}
