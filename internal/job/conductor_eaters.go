package job

import (
	"context"
	"maps"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// lookTaken follows the tasks of the campaign, of which queued are in the queue and held are named by heartbeats. A worker
// that names tasks and computes none gets a complaint. If it names none, the log lists the workers that have sent nothing.
func (d *conductor) lookTaken(ctx context.Context, queued []task.Range, held map[string][]fleet.Holder) error {
	holder := func(r task.Range) string {
		if list := held[d.nameOf(r)]; len(list) > 0 {
			return list[0].Worker
		}
		return ""
	}
	failures := d.c.registry.SieveFailures()
	for _, name := range d.taken.look(queued, holder, failures, time.Now()) {
		if err := d.suspect(ctx, name, failures); err != nil {
			return err
		}
	}
	if d.taken.manyLost() {
		d.log.Warn().Strs("worker", d.silentWorkers()).
			Msg("someone takes the tasks of a campaign and computes none of them: these workers have free slots and have sent nothing")
	}
	return nil
}

// nameOf returns the name of a task of the campaign in heartbeats.
func (d *conductor) nameOf(r task.Range) string {
	return fleet.HeldName(task.Address{Job: d.part.ID, Range: r, Round: task.FirstRound})
}

// suspect complains about a worker that has named lost tasks, unless it says that tasks have failed there, or is of a
// version that does not say it, or its yields are stored and were not read yet.
func (d *conductor) suspect(ctx context.Context, name string, failures map[string]uint64) error {
	c := d.taken.of[name]
	d.taken.forget(name)
	if n, stated := failures[name]; !stated || n != c.failures {
		d.log.Debug().Str("worker", name).Msg("a worker says that it cannot sieve")
		return nil
	}
	var stored task.Set
	err := d.retry(ctx, func() (err error) { stored, err = d.c.f.YieldsOf(ctx, d.part.ID, name); return err })
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.lost, stored.Overlaps) {
		return nil
	}
	d.c.trust.Complain(name, fleet.ComplaintSieve)
	return nil
}

// maxSilent bounds the workers that a line names.
const maxSilent = 8

// silentWorkers returns workers that may work for the campaign and have sent no yield of a task, at most maxSilent.
func (d *conductor) silentWorkers() (names []string) {
	slots := d.work.slots(d.c.registry, d.c.trust.Quarantined)
	for _, name := range slices.Sorted(maps.Keys(slots.Of)) {
		if c := d.taken.of[name]; slots.Of[name] > 0 && (c == nil || c.done == 0) && len(names) < maxSilent {
			names = append(names, name)
		}
	}
	return names
}
