package job

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/task"
)

// leaveTimeout bounds what a submitter does after it was told to end. A user who has pressed Ctrl-C waits
// for it.
const leaveTimeout = 2 * time.Second

// LeaveWithin returns a context for Watch.Leave that ends with ctx, or after 2 s.
func LeaveWithin(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, leaveTimeout)
}

// A LeftError is returned by a submitter that was told to end before it had stored all its input. It
// wraps the cause. The numbers that are stored by then are computed; the rest needs another submitter.
type LeftError struct {
	Stored   uint64 // numbers of the job that are stored, as far as this process knows
	Noun     string // task.Noun of the job
	Unsealed error  // why the job could not be sealed as cut off; nil = it is sealed
	cause    error
}

func (e *LeftError) Error() string { return e.cause.Error() }
func (e *LeftError) Unwrap() error { return e.cause }

// A departure is how a feeder has left its job.
type departure struct {
	job *task.Job // the manifest as it is then; nil after an error
	err error
}

// leave seals the job as cut off, because this process ends before its input does. Without that the job
// would stay open until a holder seals it, and for ever in a fleet without a supervisor. Requires that no
// other process feeds the job: the caller has the feeder's lease, or has created the job and has not fed
// it yet. ctx has ended; leave has a time limit of its own.
func (fd *feeder) leave() {
	if fd.watch.Private {
		return
	}
	ctx, cancel := fd.watch.Leave()
	defer cancel()
	d := new(departure)
	if fd.fleet.Connected() {
		d.job, d.err = fd.cutOff(ctx, "its submitter was stopped before it had read all input")
	} else {
		d.err = fmt.Errorf("%w: not connected", natsconn.ErrConnect)
	}
	if d.err != nil {
		fd.watch.Log.Debug().Err(d.err).Str("job", fd.id).Msg("cannot seal the job whose input was cut off")
	}
	fd.departure = d
}

// explain returns a LeftError if err is the cause of ctx's end and the feeder has left its job for it,
// else err.
func (fd *feeder) explain(ctx context.Context, err error) error {
	d := fd.departure
	if err == nil || d == nil || ctx.Err() == nil || d.err == nil && !d.job.CutOff {
		return err
	}
	return &LeftError{Stored: fd.stored(), Noun: task.Noun(fd.sub.Kind), Unsealed: d.err, cause: err}
}

// cutOff seals the manifest, if it is open, with the numbers that are stored, and returns it. note says
// why the input is not complete. It counts the stored numbers first. The feeder is not active, so that the
// count stays right; if it comes back, feeder.seal or feeder.reopen corrects the manifest.
//
// A job that its submitter would have removed at its end expires, although it may never end: no user may
// know its id. Whoever records its end replaces that time.
func (s *streams) cutOff(ctx context.Context, note string) (*task.Job, error) {
	if err := s.inputs.Reload(ctx); err != nil {
		return nil, err
	}
	return s.fleet.ChangeJob(ctx, s.id, func(j *task.Job) error {
		if j.State != task.Open {
			return nil
		}
		j.State, j.CutOff, j.Count, j.Note = task.Sealed, true, s.inputs.Count(), note
		if j.Keep == 0 {
			expires := s.fleet.Now(ctx).Add(fleet.TombstoneAge)
			j.Expires = &expires
		}
		return nil
	})
}
