package job

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestEndRules states what each ending does with the streams, and whether it holds if the
// caller's context ends at the same moment.
func TestEndRules(t *testing.T) {
	t.Parallel()
	want := map[endKind]endRule{
		failed:       {false, leave, nil},
		complete:     {true, recordEnd, nil},
		fed:          {true, leave, nil},
		shown:        {true, leave, nil},
		interrupted:  {false, leave, nil},
		cancelled:    {false, stopWork, ErrCancelled},
		removed:      {false, leave, fleet.ErrNoJob},
		inputLost:    {false, countLeft, ErrInputLost},
		beyondRepair: {false, leave, ErrBeyondRepair},
		outputFailed: {false, leave, ErrOutput},
		disconnected: {false, leave, natsconn.ErrClosed},
	}
	if len(want) != len(endRules) {
		t.Errorf("%d kinds are described, there are %d", len(want), len(endRules))
	}
	for kind, rule := range endRules {
		if rule != want[endKind(kind)] {
			t.Errorf("kind %d: %+v, want %+v", kind, rule, want[endKind(kind)])
		}
		if rule.cause != nil {
			err := fmt.Errorf("read: %w", rule.cause)
			if got := endingOf(err); got.kind != endKind(kind) || got.err != err {
				t.Errorf("%v leads to %+v, want kind %d", err, got, kind)
			}
		}
	}
}

// TestEndingOf: only errors that cannot pass by themselves end a job from within a review.
func TestEndingOf(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]endKind{
		natsconn.ErrConnect:                      failed,
		context.DeadlineExceeded:                 failed,
		context.Canceled:                         failed,
		collect.ErrNoInput:                       failed,
		stream.ErrFull:                           failed,
		fleet.ErrDiffers:                         failed,
		natsconn.ErrClosed:                       disconnected,
		fleet.ErrNoJob:                           removed,
		cancelledError("j"):                      cancelled,
		removedError("j"):                        removed,
		inputLostError(&task.Job{ID: "j"}, 2, 1): inputLost,
		fmt.Errorf("%w: %w", ErrOutput, fleet.ErrNoJob):              outputFailed,
		fmt.Errorf("%w: %w", ErrBeyondRepair, fleet.ErrInputLost):    beyondRepair,
		fmt.Errorf("%w: %w", fleet.ErrInputLost, collect.ErrNoInput): inputLost,
	} {
		if got := endingOf(err).kind; got != want {
			t.Errorf("%v: kind %d, want %d", err, got, want)
		}
	}
}

func TestManifestEnding(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		state   task.State
		stopped bool
		want    endKind
	}{{task.Cancelled, false, cancelled}, {task.Removed, false, removed}, {task.Removed, true, cancelled}} {
		end, ok := manifestEnding(&task.Job{ID: "j", State: x.state, Stopped: x.stopped})
		if !ok || end.kind != x.want || !errors.Is(end.err, endRules[x.want].cause) {
			t.Errorf("%+v: %+v, %v", x, end, ok)
		}
	}
	for _, state := range []task.State{task.Open, task.Sealed, task.Done} {
		if end, ok := manifestEnding(&task.Job{ID: "j", State: state}); ok {
			t.Errorf("%s: %+v", state, end)
		}
	}
}

// TestFirstEnding: the first ending holds. The end of the caller's context comes before all
// but those in which the process has done what it was asked for.
func TestFirstEnding(t *testing.T) {
	t.Parallel()
	because := errors.New("because")
	for kind := range endKinds {
		for _, ended := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			l := newLoop(ctx, loopConfig{job: &task.Job{ID: "j", Kind: task.KindSquare}, watch: Watch{Emit: discard}, numbers: noNumbers, reread: noResult})
			if ended {
				cancel(because)
			}
			l.finish(ending{kind: kind})
			l.finish(ending{kind: failed, err: errors.New("late")})
			want := ending{kind: kind}
			if ended && kind != complete && kind != fed && kind != shown {
				want = ending{interrupted, because}
			}
			if got := l.ended(ctx); got != want {
				t.Errorf("kind %d, context ended: %v: %+v", kind, ended, got)
			}
			if l.ctx.Err() == nil {
				t.Errorf("kind %d: the loop continues", kind)
			}
			cancel(nil)
		}
	}
}
