package fleet

import (
	"context"

	"factorfleet/internal/task"
)

// For tests outside of the package.

// Probe looks once for exhausted tasks of a class, and deals with those at or below floor.
func (f *Fleet) Probe(ctx context.Context, class task.Class, floor uint64) error {
	p := &probe{sweeper: sweeper{f: f, jobs: make(map[string]*sweptJob)}, floors: map[task.Class]uint64{class: floor}}
	return p.look(ctx, class, make(map[task.Address]task.Class))
}
