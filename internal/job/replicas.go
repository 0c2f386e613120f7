package job

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// In a job with replicas each item is computed by two workers. Its tasks are queued once, as those of any job. The
// first result of an item is a vote (collect/replicas.go), and the item is still missing:
//
//	vote --loop--> wanted --keepReplicating, the holder--> queued again, not for the workers that have voted
//	                 ^ |
//	                 | +-- no other worker is alive, or the job is paused or has a rate: tried again later
//	                 +-- found missing by a review
//
// So a supervisor that takes over finds what is wanted like everything else that is missing. A worker that gets a task
// that is not for it hands it back (attempt.Arrive), and the sweeper queues it for the others.
//
// A throttled job has the same limits with replicas. An item takes its place among the running tasks until it has both
// answers (dispatcher.listed), and second computations have the rate of the first ones.

// A replicator has the ranges that another worker is to answer. The loop adds them, the keeper of the lease takes
// them: mu guards all fields. A range that waits costs its ends, whatever the number of its items.
type replicator struct {
	mu     sync.Mutex
	wanted map[string]*votedGroup // by the names of the workers that have voted
	flight task.Set               // taken, and not known to be queued
	recent task.Set               // queued since the last review began to list the queue: it may not have seen them
}

// A votedGroup is ranges about which the same workers have voted.
type votedGroup struct {
	workers []string
	ranges  task.Set
}

// reset forgets all: a process that becomes the holder begins with a review.
func (r *replicator) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted, r.flight, r.recent = nil, task.Set{}, task.Set{}
}

// add adds ranges that have a new vote.
func (r *replicator) add(list []collect.Split) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range list {
		r.addLocked(s)
	}
}

// found adds ranges that a review has found missing, but for those of which it may not have seen the tasks.
func (r *replicator) found(list []collect.Split) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent.AddSet(&r.flight)
	for _, s := range list {
		for gap := range r.recent.Gaps(s.Range) {
			r.addLocked(collect.Split{Range: gap, Workers: s.Workers})
		}
	}
}

// listingBegins is called before a review lists the queue.
func (r *replicator) listingBegins() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent = task.Set{}
}

func (r *replicator) addLocked(s collect.Split) {
	key := strings.Join(s.Workers, ",")
	if r.wanted[key] == nil {
		if r.wanted == nil {
			r.wanted = make(map[string]*votedGroup)
		}
		r.wanted[key] = &votedGroup{workers: s.Workers}
	}
	r.wanted[key].ranges.Add(s.Range)
	if len(s.Workers) < 2 {
		return
	}
	for other, g := range r.wanted { // as which it was wanted before this vote
		if other != key {
			g.ranges.Remove(s.Range)
		}
	}
}

// take returns what is wanted. Each take is followed by taken.
func (r *replicator) take() (list []*votedGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(r.wanted)) {
		g := r.wanted[key]
		list = append(list, g)
		r.flight.AddSet(&g.ranges)
	}
	r.wanted = nil
	return list
}

// taken ends a take: left is what was not queued.
func (r *replicator) taken(left []collect.Split) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range left {
		r.flight.Remove(s.Range)
		r.addLocked(s)
	}
	r.recent.AddSet(&r.flight)
	r.flight = task.Set{}
}

// noteVotes takes note of the new votes of the result that was accepted last, k: the holder has others compute these
// items, too. The error wraps ErrBeyondRepair if no two of collect.MaxVotes workers agree. disagreed is that of the
// collector before.
func (l *loop) noteVotes(k *collect.Checked, disagreed uint64) error {
	if now := l.collector.Disagreed(); now > disagreed {
		level := zerolog.DebugLevel
		if disagreed == 0 {
			level = zerolog.WarnLevel // once: very many items may differ
		}
		l.watch.Log.WithLevel(level).Str("job", l.job.ID).Stringer("range", k.Range).Str("worker", k.Worker).
			Msg("workers give different answers to an item: another one decides")
	}
	voted, repeated := l.collector.NewVotes()
	if repeated { // the task that was for another worker may be gone: see fleet.Requeue
		l.review.request()
	}
	for _, r := range voted {
		list := l.collector.Voted(r)
		for _, s := range list {
			if len(s.Workers) >= collect.MaxVotes && l.goal != goalShow {
				return fmt.Errorf("%w: no two of the workers %s agree about the items %v: give a command whose answers do not vary",
					ErrBeyondRepair, strings.Join(s.Workers, ", "), s.Range)
			}
		}
		if l.holding && l.upToDate && !(l.job.Throttled && l.dispatch.waitsFor(r)) {
			l.replicas.add(list)
		}
	}
	return nil
}
