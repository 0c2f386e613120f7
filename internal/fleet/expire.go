package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// abandonedAge is the age of the manifest at which a supervisor removes a job that never ended, and that it has left
// alone: its input is lost, or it is beyond repair.
const abandonedAge = 30 * 24 * time.Hour

// What is removed, when, and what remains:
//
//	state      | when                                  | remains
//	done       | Expires: its keep after the end       | a tombstone, for TombstoneAge
//	cancelled  | Expires, at least TombstoneAge later  | a tombstone, for TombstoneAge
//	removed    | Expires                               | nothing: the id is free
//	open,      | Expires if it has one, if no process  | a tombstone, for TombstoneAge
//	sealed     | holds or supervises it                |
//	           | abandonedAge after its manifest was   | the same
//	           | written, if a supervisor leaves it    |
//	           | alone                                 |
//
// A supervisor removes a job when it becomes due. Without one, each producer that waits for a job removes some,
// see RemoveExpired, and the server removes tombstones by itself, see writeManifest.
//
// A job that is no tombstone is removed under its lease: a process that prints the answers of a job which has just
// expired holds it, and so keeps it. A job without Expires never ended. A producer does not remove it, however old
// it is: it may be a job of two months whose supervisor is being restarted, or the store was out of use.

// expiresAt returns when a job may be removed, by the server's clock. The process that wrote Expires may
// have had a wrong clock, so its times are not compared with those of the server, only with each other:
//
//	manifest              | removed no earlier than
//	done or cancelled,    | Written + (Expires - Ended): one process has written both at that time
//	with Ended            |
//	any other             | Expires, but at the latest Written + the longer of its keep and TombstoneAge
//	open or sealed,       | Written + abandonedAge
//	without Expires       |
func expiresAt(j *task.Job) (at time.Time, ok bool) {
	switch {
	case j.Expires == nil:
		return j.Written.Add(abandonedAge), !j.Finished()
	case j.State == task.Done, j.State == task.Cancelled:
		if j.Ended != nil {
			return j.Written.Add(j.Expires.Sub(*j.Ended)), true
		}
	}
	keep := TombstoneAge
	if j.State != task.Removed {
		keep = max(keep, j.Keep)
	}
	if at = j.Written.Add(keep); j.Expires.Before(at) {
		at = *j.Expires
	}
	return at, true
}

// expired reports whether a job may be removed at the time now of the server.
func expired(j *task.Job, now time.Time) bool {
	at, ok := expiresAt(j)
	return ok && !now.Before(at)
}

// removeUnheld removes an expired job, whose manifest is j at a revision, unless a process holds it; removed is
// false then. extents were read before j. In a store without room for a lease, an ended job is removed all the
// same: a process that prints its answers ends with the error that the job was removed.
func (f *Fleet) removeUnheld(ctx context.Context, j *task.Job, revision uint64, extents []extent) (removed bool, _ error) {
	if j.State == task.Removed {
		return true, f.removeTombstone(ctx, j, revision, extents)
	}
	held, err := f.acquire(ctx, j.ID, task.NewJobID(time.Now()))
	switch {
	case err == nil:
		defer f.release(lease{job: j.ID, revision: held})
	case errors.Is(err, jetstream.ErrKeyExists):
		return false, nil
	case stream.IsFull(err) && j.Finished():
		if holder, err := f.Holder(ctx, j.ID); err != nil || holder != "" {
			return false, err
		}
	default:
		return false, fmt.Errorf("request the lease of job %s: %w", j.ID, stream.Explain(err))
	}
	return true, f.removeExpired(ctx, j.ID)
}

// errNotExpired ends removeExpired without an error.
var errNotExpired = errors.New("the job has not expired")

// removeExpired makes a job a tombstone under its lease, if it is still to be removed: it may have been reopened
// or removed since the caller has read its manifest. The tombstone is written first, in place of the revision that
// has expired: what was read from a replica that is behind removes nothing.
func (f *Fleet) removeExpired(ctx context.Context, id string) error {
	now, active := f.Now(ctx), false
	_, err := f.EndRemoved(ctx, id, func(j *task.Job) error {
		if active = !j.Finished(); j.State == task.Removed || !expired(j, now) {
			return errNotExpired
		}
		return nil
	})
	switch {
	case errors.Is(err, errNotExpired), errors.Is(err, ErrNoJob):
		return nil
	case err == nil && active:
		err = f.StopWork(ctx, id)
	}
	if err != nil {
		return err
	}
	return f.purgeJob(ctx, id)
}
