package job

import (
	"time"

	"factorfleet/internal/task"
)

// hintEvery is the time between two hints to an owner: hints are not stored, and an owner may be new.
const hintEvery = 2 * time.Second

// hint tells the owners of the number what the campaign knows.
func (d *conductor) hint(now time.Time) {
	d.hintDue = now.Add(min(hintEvery, 2*d.c.every))
	h := task.Hint{Job: d.part.Parent, Position: d.part.Position, Composite: d.part.Composite, Divisors: d.part.Divisors}
	for _, owner := range d.c.ownersOf(d.part) {
		d.work.hint(&h, d.part, owner)
		d.send(owner, &h)
	}
	d.hintTwins()
}

// hintTwins tells the owners of other numbers with the same composite which divisors are known.
func (d *conductor) hintTwins() {
	found := d.c.candidates.Load()
	if found == nil || len(d.part.Divisors) == 0 {
		return
	}
	for child, y := range *found {
		if child == d.part.ID || y.Number.Cmp(d.part.Composite) != 0 {
			continue
		}
		h := task.Hint{Job: y.Job, Position: y.Position, Composite: y.Number, Divisors: d.part.Divisors}
		for _, owner := range y.owners {
			d.send(owner, &h)
		}
	}
}

// send sends a hint to a worker. One that is lost is repeated.
func (d *conductor) send(worker string, h *task.Hint) {
	if err := d.c.f.Hint(worker, h); err != nil {
		d.log.Debug().Err(err).Str("worker", worker).Msg("cannot send a hint")
	}
}
