package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Cancel writes the manifest and then removes tasks and returns. Remove removes all records, writes
// the tombstone, and removes once more what was stored meanwhile if the job was active. Each step may
// be repeated, so a process that dies in between leaves a job that can be ended again. What a worker
// or sweeper stores later is removed with the tombstone.
//
//	step      Cancel                          Remove
//	1         -                               purge queue, results, inputs, dead letters; remove parts
//	2         manifest: cancelled             manifest: removed
//	3         order to workers                order to workers      } only if the job was active
//	4         purge queue, remove parts       purge all once more   }
//
// A full store is the reason for step 1: a store without room refuses the manifest, too, and a purge
// needs no room. Cancel keeps the results, so it has only the queue to make room with, and does step 4
// before step 2 if it must. A server takes a message of any size while it is below its limit, so the store may
// be above it by a result (nats-server 2.15.2, jetStream.limitsExceeded): a queue smaller than that is not enough.
//
// What is stored after step 4: a holder or sweeper that has read the former manifest may requeue a range
// up to sweptJobAge or one review later. The holder purges the queue again when it sees the end, and a
// supervisor does so if there is no holder.

// TombstoneAge is how long the id of a removed job stays reserved. In this time a late result of a worker
// that was cut off is not taken for one of a new job with the same id.
const TombstoneAge = 24 * time.Hour

// Cancel stores that the job is cancelled, tells the workers, and removes its tasks. It returns the new
// manifest. An error wraps ErrDiffers if the job has ended, and ErrNoJob if there is none. In a store
// without room for the manifest the tasks are removed first. If that does not make enough room, the error
// wraps ErrFull and the job stays active: its holder requeues what was removed.
func (f *Fleet) Cancel(ctx context.Context, id string) (*task.Job, error) {
	return f.cancel(ctx, id, func(*task.Job) error { return nil })
}

// cancel is Cancel with a change of the manifest besides. An error of change ends it: nothing is changed.
func (f *Fleet) cancel(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	j, err := f.changeMakingRoom(ctx, id, f.PurgeQueue, func(j *task.Job) error {
		if j.Finished() {
			return fmt.Errorf("%w: job %s is %s already", ErrDiffers, id, j.State)
		}
		if err := change(j); err != nil {
			return err
		}
		now := f.Now(ctx)
		j.State, j.Ended = task.Cancelled, &now
		expires := now.Add(max(j.Keep, TombstoneAge))
		j.Expires = &expires
		return nil
	})
	if err != nil {
		return j, err
	}
	return j, errors.Join(f.StopWork(ctx, id), f.RemoveParts(ctx, id))
}

// EndJob is ChangeJob for the end of a job, when its queued tasks are needed no more: in a store
// without room for the manifest they are removed first. An error wraps ErrFull if that did not
// make enough room.
func (f *Fleet) EndJob(ctx context.Context, id string, change func(*task.Job) error) (*task.Job, error) {
	j, err := f.changeMakingRoom(ctx, id, f.PurgeQueue, change)
	if err == nil {
		if failed := f.RemoveParts(ctx, id); failed != nil { // a supervisor does it later
			f.link.Log.Debug().Err(failed).Str("job", id).Msg("cannot remove the parts of a job that has ended")
		}
	}
	return j, err
}

// How often changeMakingRoom makes room, and the longest pause between two tries: other processes
// that wait for room try again within seconds, and may take what was made. Together at most 4 s, which a
// user at a terminal may wait.
const (
	roomTries = 25
	roomPause = 150 * time.Millisecond
)

// changeMakingRoom is ChangeJob with a makeRoom that is called when the store has no room for the
// manifest. What makeRoom has removed may be stored again before the change is written: the caller
// removes it once more.
func (f *Fleet) changeMakingRoom(ctx context.Context, id string, makeRoom func(context.Context, string) error, change func(*task.Job) error) (*task.Job, error) {
	pause := stream.NewPause()
	for try := 0; ; try++ {
		j, err := f.ChangeJob(ctx, id, change)
		if !errors.Is(err, stream.ErrFull) || try == roomTries {
			return j, err
		}
		if try > 0 && pause.WaitAtMost(ctx, roomPause) != nil {
			return j, err
		}
		if j, err = f.changeMeanwhile(ctx, id, makeRoom, change); !errors.Is(err, stream.ErrFull) {
			return j, err
		}
	}
}

// changeMeanwhile calls makeRoom, and tries the change all the time until makeRoom has returned. Other
// processes that wait for room, such as the feeder of the job, try seldom: so the manifest is the first
// to get the room. An error wraps ErrFull if there was none.
func (f *Fleet) changeMeanwhile(ctx context.Context, id string, makeRoom func(context.Context, string) error, change func(*task.Job) error) (*task.Job, error) {
	made := make(chan error, 1)
	go func() { made <- makeRoom(ctx, id) }()
	for {
		j, err := f.ChangeJob(ctx, id, change)
		full := errors.Is(err, stream.ErrFull)
		select {
		case failed := <-made:
			if full && failed != nil {
				return nil, failed
			}
			return j, err
		default:
		}
		if !full {
			return j, errors.Join(err, <-made)
		}
	}
}

// StopWork tells the workers to drop the job and removes its tasks. Orders come first: a worker that
// pulls between the two gets a task of a job that it knows to be cancelled. An order that a worker misses
// costs the time of the tasks that it has.
func (f *Fleet) StopWork(ctx context.Context, id string) error {
	if err := f.link.NC.PublishMsg(order(schema.CancelPrefix + id)); err != nil {
		return fmt.Errorf("tell the workers to stop job %s: %w", id, stream.Explain(err))
	}
	return f.PurgeQueue(ctx, id)
}

// PurgeQueue removes the job from FACTOR_TASKS and FACTOR_RETURNS, in the order in which a range moves:
// one that is returned meanwhile is removed from FACTOR_RETURNS. A range that the sweeper requeues between
// the two remains queued. Deliveries that run are not stopped; their acks find no task.
func (f *Fleet) PurgeQueue(ctx context.Context, id string) error {
	return f.purge(ctx, id, purgesOf(id, f.tasks, f.returns))
}

// Remove removes everything of the job except a tombstone, which reserves its id for
// TombstoneAge. An active job ends with that. If the store has no room for the tombstone even
// then, the error wraps ErrFull: the job is still listed, and can be removed again.
func (f *Fleet) Remove(ctx context.Context, id string) error {
	if err := f.purgeJob(ctx, id); err != nil {
		return err
	}
	active := false
	_, err := f.changeMakingRoom(ctx, id, f.purgeJob, func(j *task.Job) error {
		active = !j.Finished()
		expires := f.Now(ctx).Add(TombstoneAge)
		j.Stopped = j.Stopped || active || j.State == task.Cancelled
		j.State, j.Expires, j.Bad = task.Removed, &expires, nil
		return nil
	})
	if err != nil || !active {
		return err
	}
	if err := f.StopWork(ctx, id); err != nil {
		return err
	}
	return f.purgeJob(ctx, id) // what was stored before the workers and the holder knew
}

// purgeJob removes the job and its parts from all streams, the queue first: a worker that pulls a task while this runs
// stores a result that the next purge removes. A process that dies in between leaves inputs without
// tasks, never tasks without inputs.
func (f *Fleet) purgeJob(ctx context.Context, id string) error {
	if err := f.purge(ctx, id, f.all(id)); err != nil {
		return err
	}
	return f.RemoveParts(ctx, id)
}

// A purge names what is removed: the messages of a stream with subjects of that form.
type purge struct {
	stream  jetstream.Stream
	subject string
	last    uint64 // the last sequence that is removed; 0 = no limit
}

// purgesOf returns what removes a job from streams.
func purgesOf(id string, from ...jetstream.Stream) (list []purge) {
	for _, s := range from {
		for _, filter := range filtersOf(s.CachedInfo().Config.Name, id) {
			list = append(list, purge{stream: s, subject: filter})
		}
	}
	return list
}

// purge removes what the list names, in its order. The list is that of job id, for the error.
func (f *Fleet) purge(ctx context.Context, id string, list []purge) error {
	for _, p := range list {
		options := []jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject(p.subject)}
		if p.last > 0 {
			options = append(options, jetstream.WithPurgeSequence(p.last+1)) // the server keeps that one
		}
		if err := p.stream.Purge(ctx, options...); err != nil {
			return fmt.Errorf("remove job %s from %s: %w", id, p.stream.CachedInfo().Config.Name, stream.Explain(err))
		}
	}
	return nil
}
