package job

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// auditEvery is the time between two looks for claims to audit.
const auditEvery = time.Second

// auditsAtOnce is the most audits that are queued by one look.
const auditsAtOnce = 16

// keepAuditing queues chosen numbers again while this process is the holder, until ctx ends. Errors are
// logged only: the job needs no audit.
func (s *streams) keepAuditing(ctx context.Context, l *loop) {
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.queueAudits(ctx, l.audits); err != nil && ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Str("job", s.id).Msg("cannot queue numbers that were left unfinished for an audit")
		}
	}
}

// queueAudits queues the audits that are due, in a new round. They are of the highest priority: behind
// the other tasks of the job they would start after all of them. A number that is still queued from an
// earlier audit is passed over.
func (s *streams) queueAudits(ctx context.Context, u *auditor) error {
	if len(u.due(time.Now(), nil)) == 0 {
		return nil
	}
	registry, err := s.fleet.Registry(ctx)
	if err != nil {
		return err
	}
	trust, err := s.fleet.Trust(ctx)
	if err != nil {
		return err
	}
	j, err := s.manifest(ctx)
	if err != nil || j.Finished() || j.Paused || j.Waits(s.now()) || j.FinishedEarly != nil { // the answers of a job that ends early need no effort
		return err
	}
	due := u.due(time.Now(), func(claimed string) bool { return hasOther(registry, trust, claimed, j.Queue().Route()) })
	if len(due) == 0 {
		return nil
	}
	b, err := s.backlog(ctx)
	if err != nil {
		return err
	}
	j.Class = task.ClassHi
	var ranges []task.Range
	for _, at := range due {
		if r := (task.Range{First: at, Count: 1}); !b.Ranges.Contains(r) {
			ranges = append(ranges, r)
		}
		u.ask(at, time.Now())
	}
	if len(ranges) == 0 {
		return nil
	}
	if err := s.requeue(ctx, j, ranges); err != nil {
		return fmt.Errorf("queue %d numbers: %w", len(ranges), err)
	}
	return nil
}

// hasOther reports whether another worker than the one of a claim could audit it: one that takes tasks of the route.
func hasOther(registry *fleet.Registry, trust *fleet.Trust, claimed, route string) bool {
	for _, w := range registry.Workers() {
		if w.Name != claimed && w.Serves(route) && !trust.Quarantined(w.Name) {
			return true
		}
	}
	return false
}

// due returns the positions to queue now, at most auditsAtOnce. other reports whether another worker
// than that of a claim is alive; nil = there is one.
func (u *auditor) due(now time.Time, other func(claimed string) bool) (due []uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := u.chosen[:0]
	for _, at := range u.chosen {
		c := u.claims[at]
		if c.audited {
			continue
		}
		left = append(left, at)
		if len(due) < auditsAtOnce && u.asked.due(auditKey{u.job, at}, now) && (other == nil || other(c.worker)) {
			due = append(due, at)
		}
	}
	u.chosen = left
	return due
}

// ask records that the number at a position was queued.
func (u *auditor) ask(at uint64, now time.Time) {
	u.mu.Lock()
	budget := u.claims[at].budget
	u.mu.Unlock()
	u.asked.ask(auditKey{u.job, at}, now, budget)
}

// hasAsked reports whether this process may have queued an audit of the job.
func (u *auditor) hasAsked() bool {
	u.asked.mu.Lock()
	defer u.asked.mu.Unlock()
	for k := range u.asked.times {
		if k.job == u.job {
			return true
		}
	}
	return false
}
