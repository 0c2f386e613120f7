package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/worker"
)

// A worker's heartbeat is a key of FACTOR_WORKERS, "<name>.<instance>", which the server removes
// schema.WorkerTTL after it was written, or which the worker replaces by a marker when it leaves. With
// credentials the server sees to it that a worker writes under its own name; the content is only a claim. The
// instance is that of a process: workers of one name on two machines have two keys.
//
// Under "<name>.<instance>" and schema.BegunSuffix a process announces a task, see registry_seen.go: that is no
// heartbeat.
//
// Nothing gives a number up because of a heartbeat alone. A task that no heartbeat names may be queued again,
// which costs repeated work at most.

// States that a list of workers shows beside those that workers report.
const (
	StateQuarantined = worker.StateQuarantined
	StateGone        = "gone" // no heartbeat
)

// A Registry knows the workers that are alive and the tasks that their heartbeats name, for as long as it
// follows the heartbeats. All users in a process share one. It is safe for concurrent use.
//
// A worker leaves the registry when it says so, or schema.WorkerTTL after its last heartbeat has arrived here.
// A *Registry must not be used after the ctx with which it was requested.
type Registry struct {
	f     *Fleet
	known chan struct{} // closed by the follower once the heartbeats that were stored at the start are here
	// connected reports whether the connection is up and has been made anew so often.
	connected func(reconnects uint64) bool

	// ackWait is that of the durables. The follower sets it before it closes known.
	ackWait time.Duration

	mu     sync.Mutex // guards all below
	roster *roster
	swept  time.Time // when the processes that have sent no heartbeat for long were last removed
	watch  watchState
}

// A Holder is a process whose heartbeat names a task.
type Holder struct {
	Worker, Instance string
	Since            time.Time // when a heartbeat first named it, without interruption since; by the local clock
}

// newRegistry returns an empty Registry and what keeps it up to date.
func (f *Fleet) newRegistry() (*Registry, func(context.Context) error) {
	nc := f.link.NC
	connected := func(reconnects uint64) bool { return nc.IsConnected() && nc.Stats().Reconnects == reconnects }
	r := &Registry{f: f, known: make(chan struct{}), connected: connected, roster: newRoster()}
	return r, r.follow
}

// Registry returns the process's Registry once it knows what is stored now. It is kept up to date until ctx
// ends. It waits for a server that is unreachable. An error is the cause of ctx's end, or says that the server
// refuses the watch or that the connection is closed.
func (f *Fleet) Registry(ctx context.Context) (*Registry, error) {
	feed := f.registry.join(ctx)
	select {
	case <-feed.state.known:
		return feed.state, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-feed.ctx.Done():
		return nil, fmt.Errorf("watch the heartbeats of workers: %w", context.Cause(feed.ctx))
	}
}

// Workers returns the workers that are alive now, by name and instance: at most 256 instances of a name.
func (r *Registry) Workers() (list []worker.Status) {
	r.look(func(o *roster) { list = o.list() })
	return list
}

// Holders returns the processes whose heartbeats name a task, as in worker.Status.Holding, the first one first.
func (r *Registry) Holders(task string) (list []Holder) {
	r.look(func(o *roster) { list = o.holders(task) })
	return list
}

// HeldOf returns the tasks of a job that heartbeats name, with their holders as from Holders.
func (r *Registry) HeldOf(job string) map[string][]Holder {
	held := make(map[string][]Holder)
	r.look(func(o *roster) {
		for task := range o.tasks[job] {
			held[task] = o.holders(task)
		}
	})
	return held
}

// FreeSlots returns how many slots of the running workers have no task, those of the name except not counted.
// Workers say so of themselves.
func (r *Registry) FreeSlots(except string) (n int) { return r.freeSlots(except, "") }

func (r *Registry) freeSlots(except, route string) (n int) {
	r.look(func(o *roster) {
		for name, m := range o.names {
			for _, p := range m.present {
				if s := &p.status; name != except && s.State == worker.StateRunning && s.Serves(route) {
					n += max(0, s.Slots-s.Lost-max(s.Busy, len(s.Holding)))
				}
			}
		}
	})
	return n
}

// A Serving is the registry as far as it concerns tasks of a route: the workers that take them.
type Serving struct {
	*Registry
	route string
}

// Serving returns what the registry shows of the workers that take tasks of a route, "" for all workers.
func (r *Registry) Serving(route string) *Serving { return &Serving{r, route} }

// FreeSlots is that of Registry for the workers that take tasks of the route.
func (s *Serving) FreeSlots(except string) int { return s.freeSlots(except, s.route) }

// AnotherRuns is that of Registry for the workers that take tasks of the route.
func (s *Serving) AnotherRuns(name string) bool { return s.anotherRuns(name, s.route) }

// OtherAlive reports whether another worker than name has sent a heartbeat within that time, except those that
// bad rejects; bad may be nil. It also reports true if this process has not watched for two ack waits yet: then
// it cannot know.
func (r *Registry) OtherAlive(name string, within time.Duration, bad func(worker string) bool) bool {
	if r.Observed() < 2*r.ackWait {
		return true
	}
	var others []string
	r.look(func(o *roster) {
		now := time.Now()
		for other, m := range o.names {
			if other != name && !m.last.IsZero() && now.Sub(m.last) <= within {
				others = append(others, other)
			}
		}
	})
	return slices.ContainsFunc(others, func(other string) bool { return bad == nil || !bad(other) })
}

// Observed returns for how long no heartbeat can have been missed here. It is 0 while the connection has been lost
// for longer than the server keeps heartbeats, and starts anew afterwards.
func (r *Registry) Observed() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watch.observed(time.Now(), r.connected(r.watch.connection))
}

// look calls read with the roster, from which those are removed that have left by now.
func (r *Registry) look(read func(*roster)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.swept) >= time.Second {
		r.roster.expire(now)
		r.swept = now
	}
	read(r.roster)
}
