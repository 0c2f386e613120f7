package command

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"factorfleet/internal/cli"
)

// A lastAnswers ends a job early when its process must end: the workers answer the numbers at work with the divisors
// that are known, and the process prints these answers. It does so only for a job that ends with the process, and only
// if all other numbers have an answer: of a long list nothing more is printed.
//
//	the context of the command ends ──► the last numbers are at work? ──no──► the job ends
//	                                         │ yes                               ▲
//	                                         ▼                                   │ 2 s, or a second signal
//	                                    order to the workers ──► last answers ───┘
type lastAnswers struct {
	job    *foregroundJob
	wanted atomic.Pointer[error] // why the process ends, once the order was given; nil before
}

// follow returns a context that outlives ctx for as long as the last answers take. stop ends it.
func (a *lastAnswers) follow(ctx context.Context) (longer context.Context, stop func()) {
	if !a.job.target.Private {
		return ctx, func() {}
	}
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-longer.Done():
			return
		case <-ctx.Done():
		}
		a.order(context.Cause(ctx), longer.Done())
		cancel(context.Cause(ctx))
	}()
	return longer, func() { cancel(nil) }
}

// order gives the order, if the process ends because of a signal or its deadline, and waits for the end of the job.
func (a *lastAnswers) order(why error, ended <-chan struct{}) {
	if !errors.As(why, new(cli.SignalError)) && !errors.Is(why, errDeadline) || !a.few() {
		return
	}
	ctx, cancel := a.job.session.leave()
	defer cancel()
	if _, err := a.job.target.Fleet.FinishEarly(ctx, *a.job.id.Load()); err != nil {
		a.job.session.Log.Debug().Err(err).Msg("cannot end the job early")
		return
	}
	a.wanted.Store(&why)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// few reports whether all numbers without an answer are at work.
func (a *lastAnswers) few() bool {
	s := a.job.progress.Snapshot(time.Now())
	return s.Sealed && s.Total-s.Done <= uint64(max(a.job.target.Slots(), 1))
}

// why returns the error of a process that has printed the last answers because it must end; nil if it need not end.
func (a *lastAnswers) why() error {
	why := a.wanted.Load()
	switch {
	case why == nil:
		return nil
	case errors.Is(*why, errDeadline):
		return cli.Exit(cli.Deadline, *why)
	}
	return *why
}
