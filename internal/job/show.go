package job

import (
	"context"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Results emits the verified answers that are stored now and the numbers that were given up,
// in order if w says so, and returns without waiting for more. An error wraps fleet.ErrNoJob
// if there is no job of that id.
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

// show ends the loop of Results. The collector emits the answers behind a number without
// answer only if that number is given up, so that all numbers without answer are given up
// here; emit passes them over.
func (l *loop) show() {
	all := task.Span(0, l.access.stored())
	for gap := range l.collector.Covered().Gaps(all) {
		l.unanswered.Add(gap)
	}
	err := l.collector.GiveUp(l.ctx, all, "no answer yet")
	if err == nil {
		err = l.flush()
	}
	if err != nil {
		l.finish(endingOf(err))
		return
	}
	l.finish(ending{kind: shown})
}
