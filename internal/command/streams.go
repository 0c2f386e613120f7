package command

import (
	"context"

	"factorfleet/internal/fleet"
)

// whileStreamsExist returns a context that ends when ctx ends, or when the streams of the fleet are gone: then no job can
// end. It prints what else a job waits for, such as a durable that is paused, and that it waits no more. stop ends both.
// It does nothing for a server in this process.
func (s *Session) whileStreamsExist(ctx context.Context, t Target) (_ context.Context, stop func()) {
	if t.Private {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { cancel(t.Fleet.FollowFindings(ctx, s.noteFindings)) }()
	return ctx, func() { cancel(nil) }
}

// noteFindings prints what is missing or paused now.
func (s *Session) noteFindings(list []fleet.Finding) {
	for _, f := range list {
		s.Notef("waiting: %s", f)
	}
	if len(list) == 0 {
		s.Notef("all streams and durables are there again")
	}
}
