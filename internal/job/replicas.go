package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// In a job with replicas each item is computed by two workers. Its tasks are queued once, as those of any job. The
// first result of an item is a vote (collect/replicas.go), and the item is still missing:
//
//	vote --loop--> wanted --keepReplicating, the holder--> queued again, not for the workers that have voted
//	  |                         |
//	  |                         +-- no other worker is alive: tried again when one is
//	  +-- found missing by a review: the same
//
// So a supervisor that takes over finds what is wanted like everything else that is missing. A worker that gets a task
// that is not for it hands it back (attempt.Arrive), and the sweeper queues it for the others.

const (
	replicateEvery = 200 * time.Millisecond // between two looks for wanted ranges
	candidateEvery = 2 * time.Second        // between two looks for a worker that has not voted
)

// A replicator has the ranges that another worker is to answer. The loop adds them, the keeper of the lease takes
// them: hence the lock.
type replicator struct {
	mu     sync.Mutex
	wanted []collect.Split
}

func (r *replicator) add(list ...collect.Split) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = append(r.wanted, list...)
}

func (r *replicator) take() (list []collect.Split) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, r.wanted = r.wanted, nil
	return list
}

// noteVotes takes note of the votes of an accepted result: the holder has others repeat what is not confirmed. The
// error wraps ErrBeyondRepair if no two of collect.MaxVotes workers agree. disagreed is that of the collector before.
func (l *loop) noteVotes(k *collect.Checked, disagreed uint64) error {
	if l.collector.Disagreed() > disagreed {
		l.watch.Log.Warn().Str("job", l.job.ID).Stringer("range", k.Range).Str("worker", k.Worker).
			Msg("workers give different answers: a third one decides")
	}
	for _, r := range l.collector.NewVotes() {
		for _, s := range l.collector.Voted(r) {
			if len(s.Workers) >= collect.MaxVotes {
				return fmt.Errorf("%w: no two of the workers %s agree about the items %v: give a command whose answers do not vary",
					ErrBeyondRepair, strings.Join(s.Workers, ", "), s.Range)
			}
			if l.holding && l.upToDate && !(l.job.Throttled && l.dispatch.waitsFor(s.Range)) {
				l.replicas.add(s)
			}
		}
	}
	return nil
}

// keepReplicating queues wanted ranges again while this process is the holder, until ctx ends.
func (s *streams) keepReplicating(ctx context.Context, l *loop) {
	tick := time.NewTicker(replicateEvery)
	defer tick.Stop()
	var next time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Now().Before(next) {
			continue
		}
		left, err := s.replicate(ctx, l.replicas.take())
		if err != nil && ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Str("job", s.id).Msg("cannot queue items for a second worker")
		}
		if len(left) > 0 {
			l.replicas.add(left...)
			next = time.Now().Add(candidateEvery)
		}
	}
}

// replicate queues wanted ranges of the job if it is active, and returns those that are left.
func (s *streams) replicate(ctx context.Context, wanted []collect.Split) (left []collect.Split, err error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	j, err := s.manifest(ctx)
	if err != nil {
		return wanted, err
	}
	if j.Finished() {
		return nil, nil
	}
	if j.Paused {
		return wanted, nil
	}
	return s.requeueVoted(ctx, j, wanted)
}

// requeueVoted queues ranges for other workers than those that have voted about them. It returns the ranges about which
// all workers that take tasks have voted, or which it could not queue.
func (s *streams) requeueVoted(ctx context.Context, j *task.Job, list []collect.Split) (left []collect.Split, err error) {
	registry, err := s.fleet.Registry(ctx)
	if err != nil {
		return list, err
	}
	trust, err := s.fleet.Trust(ctx)
	if err != nil {
		return list, err
	}
	names := registry.RunningNames(j.Queue().Route(), trust.Quarantined) // once: there may be a million ranges
	now, left := divideVoted(list, func(voted []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(voted, name) })
	})
	for i, group := range now {
		if err := s.fleet.Requeue(ctx, j, s.inputs, group.ranges, group.workers...); err != nil {
			for _, g := range now[i:] {
				left = append(left, g.splits()...)
			}
			return left, err
		}
	}
	return left, nil
}

// A votedGroup is ranges about which the same workers have voted.
type votedGroup struct {
	workers []string
	ranges  []task.Range
}

func (g *votedGroup) splits() (list []collect.Split) {
	for _, r := range g.ranges {
		list = append(list, collect.Split{Range: r, Workers: g.workers})
	}
	return list
}

// divideVoted divides ranges into those that a live worker can answer that has not voted, in groups, and the others.
// other reports whether there is such a worker.
func divideVoted(list []collect.Split, other func(voted []string) bool) (now []votedGroup, left []collect.Split) {
	for _, s := range list {
		if len(s.Workers) > 0 && !other(s.Workers) {
			left = append(left, s)
			continue
		}
		i := slices.IndexFunc(now, func(g votedGroup) bool { return slices.Equal(g.workers, s.Workers) })
		if i < 0 {
			i = len(now)
			now = append(now, votedGroup{workers: s.Workers})
		}
		now[i].ranges = append(now[i].ranges, s.Range)
	}
	for i := range now {
		now[i].ranges = joined(now[i].ranges)
	}
	return now, left
}

// joined returns the ranges in ascending order, adjacent ones as one.
func joined(ranges []task.Range) []task.Range {
	var set task.Set
	for _, r := range ranges {
		set.Add(r)
	}
	return slices.Collect(set.Ranges())
}
