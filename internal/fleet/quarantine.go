package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A standing is changed by compare and set on the revision of its key, so that two processes that
// refuse results of one worker at the same time write two strikes. The order to the worker is sent after
// the standing is stored: a worker that missed the order is reminded of what is stored.

// standing returns the stored standing of a worker; a good one if there is none.
func (f *Fleet) standing(ctx context.Context, worker string) (Standing, error) {
	e, err := f.jobs.Get(ctx, standingPrefix+worker)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Standing{Worker: worker}, nil
	}
	if err != nil {
		return Standing{}, err
	}
	s := decodeStanding(worker, e.Value())
	s.revision = e.Revision()
	return s, nil
}

// changeStanding applies change to the standing of a worker and stores it; it repeats both if
// another process has changed the standing meanwhile. It stores nothing if change returns false.
func (f *Fleet) changeStanding(ctx context.Context, worker string, change func(*Standing) bool) (s Standing, changed bool, err error) {
	if err := task.CheckWorker(worker); err != nil {
		return s, false, err
	}
	for {
		err = f.link.Retry(ctx, func() error {
			var err error
			if s, err = f.standing(ctx, worker); err != nil {
				return err
			}
			revision := s.revision // a change may replace all of s
			changed = change(&s)
			switch {
			case !changed:
				return nil
			case revision == 0:
				s.revision, err = f.jobs.Create(ctx, standingPrefix+worker, s.encode())
			default:
				s.revision, err = f.jobs.Update(ctx, standingPrefix+worker, s.encode(), revision)
			}
			return err
		})
		switch {
		case err == nil:
			return s, changed, nil
		case !stream.IsConflict(err):
			return s, false, fmt.Errorf("write the standing of worker %s: %w", worker, stream.Explain(err))
		}
	}
}

// Quarantine stops a worker: its results are refused from now on. known reports whether it was
// quarantined before; then nothing is written, and the order is sent again. why is shortened to one line
// of maxReason bytes. The sequence is read before the standing is written, so that a result which is
// stored between the two is refused, not accepted unseen.
func (f *Fleet) Quarantine(ctx context.Context, worker, why string) (known bool, err error) {
	after, err := f.lastSequence(ctx, f.results)
	if err != nil {
		return false, err
	}
	_, changed, err := f.changeStanding(ctx, worker, func(s *Standing) bool {
		if s.Quarantined != nil {
			return false
		}
		now := f.now()
		s.Quarantined, s.Reason, s.After = &now, oneShortLine(why), after
		return true
	})
	if err != nil {
		return false, err
	}
	return !changed, f.order(schema.QuarantinePrefix + worker)
}

// Release ends a quarantine and clears the strikes and complaints. known reports whether the worker ever
// had any of these. Results and failure records that are stored by now earn no strikes later. Results that were refused
// in the quarantine were removed, so that the worker can answer their ranges again.
func (f *Fleet) Release(ctx context.Context, worker string) (known bool, err error) {
	results, err := f.lastSequence(ctx, f.results)
	if err != nil {
		return false, err
	}
	claims, err := f.lastSequence(ctx, f.dead)
	if err != nil {
		return false, err
	}
	s, changed, err := f.changeStanding(ctx, worker, func(s *Standing) bool {
		if s.Quarantined == nil && len(s.Strikes) == 0 && len(s.Complaints) == 0 {
			return false
		}
		*s = Standing{Worker: worker, Forgiven: results, ForgivenClaims: claims}
		return true
	})
	if err != nil {
		return false, err
	}
	if t, ok := f.trust.current(); ok { // a Standings of this process may come before the follower
		t.learn(s)
	}
	return changed || s.Forgiven > 0, f.order(schema.ReleasePrefix + worker)
}

// lastSequence returns the sequence of the last message that a stream has stored.
func (f *Fleet) lastSequence(ctx context.Context, s jetstream.Stream) (uint64, error) {
	info, err := s.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at stream %s: %w", s.CachedInfo().Config.Name, stream.Explain(err))
	}
	return info.State.LastSeq, nil
}
