package fleet

import (
	"context"

	"factorfleet/internal/task"
)

// For tests outside of the package.

// Probe searches once for exhausted tasks of a class, and concludes those at or below floor.
func (f *Fleet) Probe(ctx context.Context, class task.Class, floor uint64) error {
	x, err := f.Failures(ctx)
	if err != nil {
		return err
	}
	p := newProbe(x)
	p.floors[class] = floor
	return p.search(ctx, class, make(map[task.Address]task.Class))
}

// UseRoute lists the durables, whatever the credentials say, creates that of a class, and removes it.
func (f *Fleet) UseRoute(ctx context.Context, class task.Class) error {
	if _, err := listClasses(ctx, f.tasks); err != nil {
		return err
	}
	if err := f.EnsureRoute(ctx, class); err != nil {
		return err
	}
	return f.removeRoute(ctx, class)
}

// AnsweredByHolder asks the holder of a job how many answers it has verified.
func (f *Fleet) AnsweredByHolder(ctx context.Context, job string) error {
	_, _, err := f.answeredByHolder(ctx, job)
	return err
}

// SweepOrphansOnce makes one sweep of what is stored of jobs that do not exist.
func (f *Fleet) SweepOrphansOnce(ctx context.Context) error {
	_, err := f.newOrphanSweep("", OrphanPace{}).sweep(ctx)
	return err
}

// UseCache has f use the cache whatever the credentials permit.
func UseCache(f *Fleet) { f.cacheless = false }
