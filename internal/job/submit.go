package job

import (
	"context"
	"errors"
	"fmt"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Submit runs a job as its feeder and as a watcher until the job has ended. If a job of that id
// exists, Submit joins it: it compares the input with the stored numbers before it emits any answer,
// and continues behind them. started is called with the id once the job exists.
//
// When ctx ends the job continues without this process, and the error wraps the cause of ctx. If the
// input was not stored to its end by then, the job is sealed as cut off, and the error is a LeftError.
// Other errors wrap
//
//   - fleet.ErrDiffers if the job of that id has other input or another kind, or if it was cancelled
//     or removed before;
//   - ErrCancelled or fleet.ErrNoJob if a user cancels or removes the job meanwhile;
//   - ErrInputLost, ErrBeyondRepair or ErrOutput, see there;
//   - stream.ErrFull if the store has no room for the manifest, or
//   - natsconn.ErrClosed if the connection was closed for good.
//
// An unreachable server is waited for once the job exists. The Summary is valid after an error too,
// unless it is nil: then the job was not begun.
func Submit(ctx context.Context, f *fleet.Fleet, sub Submission, w Watch, started func(id string)) (*Summary, error) {
	s, fd, err := begin(ctx, f, sub)
	if err != nil {
		return nil, err
	}
	started(s.id)
	l := s.newLoop(ctx, goalEnd, fd.job, w, true)
	fd.attach(l)
	sum, err := s.watch(ctx, l, fd.run)
	return sum, fd.explain(ctx, err)
}

// Feed stores and queues the input of a job like Submit, and returns the manifest without waiting for
// answers. w.Emit and w.Flush are not called. The errors are those of Submit.
func Feed(ctx context.Context, f *fleet.Fleet, sub Submission, w Watch, started func(id string)) (*task.Job, error) {
	s, fd, err := begin(ctx, f, sub)
	if err != nil {
		return nil, err
	}
	started(s.id)
	l := s.newLoop(ctx, goalFed, fd.job, w, true)
	fd.attach(l)
	end := l.run(ctx, fd.run, func(ctx context.Context) error { return s.followManifest(ctx, l) })
	return l.job, fd.explain(ctx, s.conclude(ctx, l, end))
}

// Wait runs a job as a watcher until the job has ended. An error wraps fleet.ErrNoJob if there is no
// job of that id. The other errors, and the Summary, are those of Submit.
func Wait(ctx context.Context, f *fleet.Fleet, id string, w Watch) (*Summary, error) {
	s, j, err := open(ctx, f, id)
	if err != nil {
		return nil, err
	}
	if n := s.stored(); n < j.Count {
		return nil, inputLostError(j, j.Count, n)
	}
	return s.watch(ctx, s.newLoop(ctx, goalEnd, j, w, false))
}

// Results emits the verified answers that are stored now and the numbers that were given up, in order
// if w says so, and returns without waiting for more. Summary.Missing counts the other numbers. An
// error wraps fleet.ErrNoJob if there is no job of that id. Any request that fails is an error, since
// a user waits; Results can be repeated.
func Results(ctx context.Context, f *fleet.Fleet, id string, w Watch) (*Summary, error) {
	s, j, err := open(ctx, f, id)
	if err != nil {
		return nil, err
	}
	l := s.newLoop(ctx, goalShow, j, w, false)
	end := l.run(ctx)
	sum := l.summary()
	sum.Missing += max(j.Count, s.stored()) - s.stored() // and what the server has lost
	return sum, s.conclude(ctx, l, end)
}

// watch runs a watcher, with more parts, until the job has ended.
func (s *streams) watch(ctx context.Context, l *loop, parts ...func(context.Context) error) (*Summary, error) {
	end := l.run(ctx, append(parts, s.parts(l)...)...)
	if endRules[end.kind].then == recordEnd {
		return s.recordEnd(ctx, l)
	}
	return l.summary(), s.conclude(ctx, l, end)
}

// newLoop returns the loop of this process for job j. hasFeeder says that one of its parts will be the
// feeder.
func (s *streams) newLoop(ctx context.Context, g goal, j *task.Job, w Watch, hasFeeder bool) *loop {
	c := loopConfig{
		goal: g, hasFeeder: hasFeeder, job: j, watch: w, access: s, numbers: s.inputs.Numbers, written: s.inputs.Written, reread: s.fleet.Result,
	}
	if j.Kind == task.KindFactor && !w.Private {
		c.keep = s.fleet.KeepCached
	}
	l := newLoop(ctx, c)
	if g != goalFed {
		l.results = func(ctx context.Context) error { return s.followResults(ctx, l) }
	}
	return l
}

// open returns the access to a job that exists, and its manifest. An error wraps fleet.ErrNoJob if
// there is no job of that id, or if it was removed.
func open(ctx context.Context, f *fleet.Fleet, id string) (*streams, *task.Job, error) {
	j, err := f.JobSoon(ctx, id)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	if j.State == task.Removed {
		return nil, nil, removedError(id)
	}
	in, err := f.Inputs(ctx, id)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	return newStreams(f, id, in), j, nil
}

// causeOf returns the cause of ctx if ctx has ended, else err.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// begin creates the job, or finds the one of that id, and returns the access to it and its
// feeder.
func begin(ctx context.Context, f *fleet.Fleet, sub Submission) (*streams, *feeder, error) {
	j, existed, err := createOrFind(ctx, f, sub)
	if err != nil {
		return nil, nil, causeOf(ctx, err)
	}
	in := f.EmptyInputs(j.ID)
	if existed {
		if err := in.Reload(ctx); err != nil {
			return nil, nil, causeOf(ctx, err)
		}
	}
	s := newStreams(f, j.ID, in)
	return s, newFeeder(s, sub, j, existed), nil
}

// createOrFind stores the manifest of a new job, or returns that of the job which has the id
// that the user chose. It creates the durable of its class: tasks are queued later.
func createOrFind(ctx context.Context, f *fleet.Fleet, sub Submission) (j *task.Job, existed bool, _ error) {
	now := f.Now(ctx)
	id := sub.ID
	if id == "" {
		id = task.NewJobID(now)
	}
	if err := task.CheckJob(id); err != nil {
		return nil, false, err
	}
	j = &task.Job{
		ID: id, Schema: 1, Kind: sub.Kind, Format: sub.Format, Replicas: sub.Replicas, Class: sub.Class, Route: sub.Route, Chunk: sub.Chunking.String(),
		Budget: sub.Budget, Certify: sub.Certify, Campaign: sub.Campaign, WorkDigits: sub.WorkDigits, Keep: sub.Keep, State: task.Open, Created: now,
	}
	j.Sleep, j.One, j.Retries = sub.Sleep, sub.One, sub.Retries
	sub.Rules.write(j, now)
	if err := f.PermitsRoute(ctx, j.Queue()); err != nil {
		return nil, false, err
	}
	err := f.CreateJob(ctx, j)
	if errors.Is(err, fleet.ErrDiffers) && sub.ID != "" {
		existed = true
		j, err = find(ctx, f, sub)
	}
	if err == nil && !j.Finished() { // after the job is known, so that an id that is refused leaves no durable
		err = f.EnsureRoute(ctx, j.Queue())
	}
	return j, existed, err
}

// find returns the manifest of the job that exists. An error wraps fleet.ErrDiffers if sub
// cannot join it.
func find(ctx context.Context, f *fleet.Fleet, sub Submission) (*task.Job, error) {
	j, err := f.JobSoon(ctx, sub.ID)
	switch {
	case err != nil:
		return nil, err
	case j.State == task.Removed:
		return nil, fmt.Errorf("%w: job %s was removed; its id is reserved for 24 hours", fleet.ErrDiffers, j.ID)
	case j.State == task.Cancelled:
		return nil, fmt.Errorf("%w: job %s was cancelled; use another --id, or `producer rm %s` and wait 24 hours", fleet.ErrDiffers, j.ID, j.ID)
	case j.Kind != sub.Kind:
		return nil, fmt.Errorf("%w: job %s exists and is of kind %s, not %s", fleet.ErrDiffers, j.ID, j.Kind, sub.Kind)
	case j.Format != sub.Format:
		return nil, fmt.Errorf("%w: job %s exists with items of format %s, not %s", fleet.ErrDiffers, j.ID, j.Format, sub.Format)
	case max(j.Replicas, 1) != max(sub.Replicas, 1):
		return nil, fmt.Errorf("%w: job %s exists with --replicas %d, not %d", fleet.ErrDiffers, j.ID, max(j.Replicas, 1), max(sub.Replicas, 1))
	}
	return j, nil
}

// sameSettings reports whether a job was submitted with the settings of sub. Keep is not compared: it
// does not change the work.
func sameSettings(j *task.Job, sub *Submission) bool {
	return j.Chunk == sub.Chunking.String() && j.Class == sub.Class && j.Route == sub.Route && j.Budget == sub.Budget &&
		j.Certify == sub.Certify && j.WorkDigits == sub.WorkDigits && j.Sleep == sub.Sleep && j.One == sub.One
}
