package fleet

import (
	"context"

	"factorfleet/internal/task"
)

// EndRemoved writes the tombstone of a job that ends with all answers printed, in one write instead of two: change
// marks the end, as for EndJob. The caller then calls PurgeAnswered. If it dies before, what is stored of the job
// is removed with its tombstone. The manifest that is returned has the state removed. In a store without room for it
// all that is stored of the job is removed first; an error wraps ErrFull if that did not make enough room.
func (f *Fleet) EndRemoved(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	return f.changeMakingRoom(ctx, id, f.purgeJob, func(j *task.Job) error {
		if err := change(j); err != nil {
			return err
		}
		expires := f.Now(ctx).Add(TombstoneAge)
		j.State, j.Expires, j.Bad = task.Removed, &expires, nil
		return nil
	})
}

// PurgeAnswered removes everything of a job that is removed and was answered. It requests all purges at the same
// time: no range of such a job moves any more, and nobody reads it.
func (f *Fleet) PurgeAnswered(ctx context.Context, id string) error {
	requests := []func() error{func() error { return f.RemoveParts(ctx, id) }}
	for _, p := range f.all(id) {
		requests = append(requests, func() error { return f.purge(ctx, id, []purge{p}) })
	}
	return together(requests...)
}

// all names everything that is stored of a job but its manifest, in the order in which a range moves.
func (f *Fleet) all(id string) []purge {
	return purgesOf(id, f.tasks, f.returns, f.results, f.inputs, f.dead)
}
