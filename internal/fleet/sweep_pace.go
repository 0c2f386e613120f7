package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// Each worker has a share of the sweeper of a process, so that the returns of one do not delay those of
// others:
//
//	up to Burst at once, then Rate a second   processed
//	Debt more                                 redelivered when it is their turn
//	all others                                removed, with a complaint
//
// A worker with 256 slots that drains returns 256 ranges, and 512 that wait in it: that passes at once.
// Removed returns lose nothing: the holder of the job finds ranges that are really missing.
var (
	// The durable has at most 1000 messages delivered or postponed, of all workers.
	returnShare = Share{Burst: 1024, Rate: 200, Debt: 256}

	// Returns whose range is still queued wait a little: see waitForAck.
	waitShare = Share{Burst: 512, Rate: 50}
)

const (
	removeEvery = time.Second // the least time between two removals of all returns of a worker
	maxPaced    = 1024        // workers; without credentials names are free to invent

	// An honest worker may return superfluousMost ranges in superfluousTime that are queued or answered, each once.
	superfluousMost = 512
	superfluousTime = 10 * time.Minute
)

// A paced is what one worker has had.
type paced struct {
	returns Bucket
	waits   Bucket
	removed time.Time // of the last removal of all its returns

	superfluous      map[string]bool // ranges with their jobs that it has returned superfluously, at most superfluousMost
	superfluousSince time.Time       // when the first of them was returned
}

// paces has the shares of all workers. It is for one goroutine.
type paces map[string]*paced

// of returns the share of a worker. With too many workers, all begin anew.
func (p paces) of(worker string) *paced {
	w := p[worker]
	if w == nil {
		if len(p) >= maxPaced {
			clear(p)
		}
		w = new(paced)
		p[worker] = w
	}
	return w
}

// charge takes from the shares of a worker what they grow while the sweeper works for that worker: else a slow sweeper
// would never see a share used up, and the worker's returns, redelivered before others are delivered, would have all
// of the sweeper's time.
func (s *sweeper) charge(worker string, worked time.Duration) {
	w := s.paces.of(worker)
	w.returns.Spend(s.f.returnShare.Rate * worked.Seconds())
	w.waits.Spend(s.f.waitShare.Rate * worked.Seconds())
}

// admit decides whether a return is processed now, later (delay > 0), or never, which is an error that
// wraps errDropped. It counts a return at its first delivery, whichever sweeper had that.
func (s *sweeper) admit(ctx context.Context, worker string, meta *jetstream.MsgMetadata) (delay time.Duration, err error) {
	if meta.NumDelivered > 1 {
		return 0, nil
	}
	now := time.Now()
	w := s.paces.of(worker)
	delay, ok := w.returns.Take(now, s.f.returnShare, 1)
	if ok {
		return delay, nil
	}
	if now.Sub(w.removed) >= removeEvery {
		w.removed = now
		if err := s.f.returns.Purge(ctx, jetstream.WithPurgeSubject(schema.ReturnsPrefix+"*.*.*."+worker)); err != nil {
			s.f.link.Log.Debug().Err(stream.Explain(err)).Str("worker", worker).Msg("cannot remove the returns of a worker")
		}
	}
	return 0, s.drop(worker, errors.New("too many returns of one worker"))
}

// drop complains about the worker of a return and returns the error that wraps errDropped.
func (s *sweeper) drop(worker string, why error) error {
	s.f.complain(worker, ComplaintReturn)
	return fmt.Errorf("%w: %w", errDropped, why)
}

// dropSuperfluous drops the return of a range that is queued or answered. It complains about the worker if that
// is no misfortune: if there were many, or one for the same range before.
func (s *sweeper) dropSuperfluous(at schema.Place, why error) error {
	if s.paces.of(at.Worker).isMisfortune(at.Job+"."+at.Range.String(), time.Now()) {
		return fmt.Errorf("%w: %w", errDropped, why)
	}
	return s.drop(at.Worker, why)
}

// isMisfortune notes the superfluous return of a range. It reports whether honest workers have such returns, too.
func (w *paced) isMisfortune(r string, now time.Time) bool {
	if w.superfluous == nil || now.Sub(w.superfluousSince) >= superfluousTime {
		w.superfluous, w.superfluousSince = make(map[string]bool), now
	}
	if w.superfluous[r] || len(w.superfluous) >= superfluousMost {
		return false
	}
	w.superfluous[r] = true
	return true
}
