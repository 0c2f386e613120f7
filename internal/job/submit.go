package job

import (
	"context"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Submit runs a job as its feeder and as a watcher until the job has ended. If a job of that
// id exists, Submit joins it; an error wraps fleet.ErrDiffers if its input is different. When
// ctx ends the job continues without this process, and the error is the cause of ctx. started
// is called with the id once the job exists.
func Submit(ctx context.Context, f *fleet.Fleet, sub Submission, w Watch, started func(id string)) (*Summary, error) {
	s, fd, err := begin(ctx, f, sub)
	if err != nil {
		return nil, err
	}
	started(s.id)
	l := s.newLoop(ctx, goalEnd, fd.job, w, true)
	fd.attach(l)
	return s.watch(ctx, l, fd.run)
}

// Feed stores and queues the input of a job like Submit, and returns without waiting for
// answers.
func Feed(ctx context.Context, f *fleet.Fleet, sub Submission, w Watch, started func(id string)) (*task.Job, error) {
	s, fd, err := begin(ctx, f, sub)
	if err != nil {
		return nil, err
	}
	started(s.id)
	l := s.newLoop(ctx, goalFed, fd.job, w, true)
	fd.attach(l)
	end := l.run(ctx, fd.run, func(ctx context.Context) error { return s.followManifest(ctx, l) })
	return l.job, s.conclude(ctx, l, end)
}

// Wait runs a job as a watcher until the job has ended. An error wraps fleet.ErrNoJob if there
// is no job of that id. When ctx ends the job continues, and the error is the cause of ctx.
func Wait(ctx context.Context, f *fleet.Fleet, id string, w Watch) (*Summary, error) {
	s, j, err := open(ctx, f, id)
	if err != nil {
		return nil, err
	}
	if n := s.stored(); n < j.Count {
		return nil, inputLostError(id, j.Count, n)
	}
	return s.watch(ctx, s.newLoop(ctx, goalEnd, j, w, false))
}

// watch runs a watcher, and the parts that it has besides, until the job has ended.
func (s *streams) watch(ctx context.Context, l *loop, parts ...func(context.Context) error) (*Summary, error) {
	end := l.run(ctx, append(parts, s.parts(l)...)...)
	if endRules[end.kind].then == recordEnd {
		return s.recordEnd(ctx, l)
	}
	return l.summary(), s.conclude(ctx, l, end)
}

// newLoop returns the loop of this process for job j.
func (s *streams) newLoop(ctx context.Context, g goal, j *task.Job, w Watch, hasFeeder bool) *loop {
	l := newLoop(ctx, loopConfig{
		goal: g, hasFeeder: hasFeeder, job: j, watch: w, access: s, numbers: s.inputs.Numbers, reread: s.fleet.Result,
	})
	if g != goalFed {
		l.results = func(ctx context.Context) error { return s.followResults(ctx, l) }
	}
	return l
}
