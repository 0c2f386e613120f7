package observe

import (
	"context"

	"factorfleet/internal/fleet"
)

// A Fleet is the report of `status`.
type Fleet struct {
	Queue   []fleet.ClassStatus `json:"queue"`
	Workers int                 `json:"workers"`
	Slots   int                 `json:"slots"`
	Busy    int                 `json:"busy"` // slots that run a task
	Jobs    int                 `json:"jobs"` // jobs that have not ended

	Supervisors int `json:"supervisors"` // 0 = the fleet is unsupervised
	Server
}

// FleetOf counts the queue, the workers, the supervisors and the active jobs.
func FleetOf(ctx context.Context, fl *fleet.Fleet) (r Fleet, err error) {
	if r.Queue, err = fl.Queue(ctx); err != nil {
		return r, err
	}
	workers, err := fl.Workers(ctx)
	if err != nil {
		return r, err
	}
	r.Workers = len(workers)
	for _, w := range workers {
		r.Slots += w.Slots
		r.Busy += w.Busy
	}
	supervisors, err := fl.Supervisors(ctx)
	if err != nil {
		return r, err
	}
	r.Supervisors = len(supervisors)
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return r, err
	}
	for _, j := range jobs {
		if !j.Finished() {
			r.Jobs++
		}
	}
	return r, nil
}
