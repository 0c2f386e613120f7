package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Jobs returns all manifests, tombstones too, in no order. A manifest that cannot be decoded is
// left out, and logged once for each time that it was written.
func (f *Fleet) Jobs(ctx context.Context) ([]*task.Job, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	found := make(map[string]*task.Job) // a key is read twice if the server starts anew meanwhile
	err := f.followKeys(ctx, "*", func(k key) {
		if j := f.decodeOrLog(k); j != nil {
			found[k.name] = j
		} else {
			delete(found, k.name)
		}
	}, func() { stop(errCaughtUp) })
	if !errors.Is(err, errCaughtUp) {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	jobs := make([]*task.Job, 0, len(found))
	for _, j := range found {
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// decodeOrLog decodes the manifest in a key. It returns nil for a key that was deleted, that is no
// job's, or that cannot be decoded; the latter is logged, once for each revision.
func (f *Fleet) decodeOrLog(k key) *task.Job {
	if k.value == nil || task.CheckJob(k.name) != nil {
		return nil
	}
	j, err := decodeManifest(k.name, k.value)
	if err == nil {
		return j
	}
	if old, ok := f.unreadable.Swap(k.name, k.revision); !ok || old != k.revision {
		f.link.Log.Warn().Err(err).Msgf("the job is left out; `nats kv purge %s %s` removes it", schema.BucketJobs, k.name)
	}
	return nil
}

// manifests has the jobs that have not ended, for a process that follows the manifests of all
// jobs. Ended jobs, which may be many thousands, are passed on and not kept.
//
//	FACTOR_JOBS ── one consumer ──► decode once ──┬──► FollowJobs: the supervisor
//	                                              └──► jobWatcher ──► WatchJob: the watch of one job
//
// Invariant: whoever watches a job through manifests has its latest manifest or finds it in
// latest. A job that is not in active is not known to be current, so WatchJob reads it by itself.
type manifests struct {
	ended chan struct{} // closed when it is no longer kept up to date

	mu       sync.Mutex // guards what follows
	active   map[string]*task.Job
	watchers map[string][]*jobWatcher
}

// A jobWatcher waits for changes of one job's manifest. A slow one sees only the last change, and
// never holds up the follower.
type jobWatcher struct{ latest chan *task.Job } // capacity 1

// FollowJobs calls changed with the manifests of all jobs, as they stand and after each change,
// until ctx ends. changed must not block and must not modify the manifest. While FollowJobs runs,
// WatchJob and FollowDead of this process have no consumers of their own.
func (f *Fleet) FollowJobs(ctx context.Context, changed func(*task.Job)) error {
	m := &manifests{ended: make(chan struct{}), active: make(map[string]*task.Job), watchers: make(map[string][]*jobWatcher)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.letters.join(ctx)
	f.manifests.Store(m)
	defer close(m.ended)
	defer f.manifests.CompareAndSwap(m, nil)
	return f.followKeys(ctx, "*", func(k key) {
		if j := f.decodeOrLog(k); j != nil {
			m.put(j)
			changed(j)
		}
	}, nil)
}

func (m *manifests) put(j *task.Job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if j.Finished() {
		delete(m.active, j.ID)
	} else {
		m.active[j.ID] = j
	}
	for _, w := range m.watchers[j.ID] {
		w.put(j)
	}
}

// put replaces what the watcher has not taken yet with a copy of j, which the watcher may modify.
// The caller holds manifests.mu: with two callers at a time the second could block.
func (w *jobWatcher) put(j *task.Job) {
	select {
	case <-w.latest:
	default:
	}
	own := *j
	w.latest <- &own
}

// watch returns a watcher of a job; nil if m does not know the job.
func (m *manifests) watch(id string) *jobWatcher {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.active[id]
	if j == nil {
		return nil
	}
	w := &jobWatcher{make(chan *task.Job, 1)}
	w.put(j)
	m.watchers[id] = append(m.watchers[id], w)
	return w
}

func (m *manifests) unwatch(id string, w *jobWatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var others []*jobWatcher
	for _, x := range m.watchers[id] {
		if x != w {
			others = append(others, x)
		}
	}
	if m.watchers[id] = others; len(others) == 0 {
		delete(m.watchers, id)
	}
}

// WatchJob calls changed with the manifest as it stands and after each change, until ctx ends. Of
// changes that come faster than changed returns, only the last may be seen. WatchJob does not wait.
func (f *Fleet) WatchJob(ctx context.Context, id string, changed func(*task.Job)) error {
	if err := task.CheckJob(id); err != nil {
		return fmt.Errorf("watch job: %w", err)
	}
	go func() {
		if err := f.watchJob(ctx, id, changed); err != nil && ctx.Err() == nil {
			f.link.Log.Debug().Err(err).Str("job", id).Msg("watch job")
		}
	}()
	return nil
}

func (f *Fleet) watchJob(ctx context.Context, id string, changed func(*task.Job)) error {
	if m := f.manifests.Load(); m != nil {
		if w := m.watch(id); w != nil && m.relay(ctx, id, w, changed) {
			return nil
		}
	}
	return f.followKeys(ctx, id, func(k key) {
		if j, err := decodeManifest(id, k.value); err == nil {
			changed(j)
		}
	}, nil)
}

// relay passes on what w sees. It reports whether ctx has ended; else m has.
func (m *manifests) relay(ctx context.Context, id string, w *jobWatcher, changed func(*task.Job)) bool {
	defer m.unwatch(id, w)
	for {
		select {
		case <-ctx.Done():
			return true
		case <-m.ended:
			return false
		case j := <-w.latest:
			changed(j)
		}
	}
}
