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
// left out, and logged once for each time that it was written: one bad key must not hide all jobs. It
// reads the bucket as a follower does, and ends when it has caught up: a request for each key would take
// a round trip for each job.
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
	if k.value == nil {
		return nil
	}
	what := "a key of " + schema.BucketJobs + " is ignored"
	err := task.CheckJob(k.name)
	if err == nil {
		var j *task.Job
		if j, err = decodeManifest(k.name, k.value, k.stored); err == nil {
			return j
		}
		what = fmt.Sprintf("the job is left out; `nats kv purge %s %s` removes it", schema.BucketJobs, k.name)
	}
	if errors.Is(err, task.ErrNewer) {
		what = "the job is left out; update this program"
	}
	if f.unreadable.isNew(k.name, k.revision) {
		f.link.Log.Warn().Err(err).Msg(what)
	}
	return nil
}

// unreadableKeys has the keys whose unreadable manifest was logged. A hostile producer may write any number of
// them, any number of times: no more than maxUnreadable are logged and remembered.
type unreadableKeys struct {
	mu     sync.Mutex
	logged map[string]uint64 // guarded by mu; key -> revision
	lines  int               // guarded by mu
}

// maxUnreadable bounds the log lines of a process about unreadable manifests.
const maxUnreadable = 100

// isNew reports whether the revision of a key is to be logged.
func (u *unreadableKeys) isNew(key string, revision uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lines >= maxUnreadable || u.logged[key] == revision {
		return false
	}
	if u.logged == nil {
		u.logged = make(map[string]uint64)
	}
	u.lines++
	u.logged[key] = revision
	return true
}

// manifests has the jobs that have not ended, for a process that follows the manifests of all
// jobs. Ended jobs, which may be many thousands, are passed on and not kept.
//
//	FACTOR_JOBS ── one consumer ──► decode once ──┬──► FollowJobs: the supervisor
//	                                              └──► jobWatcher ──► WatchJob: the watch of one job
//
// Invariant: a watcher of a job has received the latest manifest that the follower has read, or finds
// it in latest. This holds because watch and put hold mu: a watcher is either registered before a change,
// and put gives it the change, or after it, and watch gives it active[id], which has the change. A job
// that is not in active has ended, or is too new; so WatchJob then follows it by a consumer of its own.
//
// A watcher that outlives FollowJobs continues with a consumer of its own as well: ended tells it to. If
// the server has lost messages, the follower reads all keys again, and watchers may see an older
// manifest, as it is stored now. A job that was lost entirely stays in active until FollowJobs ends: its
// watch finds out by itself, because each review reads the manifest.
type manifests struct {
	ended chan struct{} // closed when it is no longer kept up to date

	mu       sync.Mutex // guards what follows
	active   map[string]*task.Job
	watchers map[string][]*jobWatcher
}

// A jobWatcher waits for changes of one job's manifest. A slow one sees only the last change, and
// never holds up the follower. Nothing is lost by that: a manifest replaces the one before as a whole.
type jobWatcher struct{ latest chan *task.Job } // capacity 1

// FollowJobs calls changed with the manifests of all jobs, tombstones too, as they stand and after each
// change, until ctx ends, which returns its cause. Other errors mean that the connection is closed, or
// that the server refuses the consumer; then the caller may call FollowJobs again. changed must not
// block, and must not modify the manifest, which others share. It may get a manifest that it has had. A
// key that was removed is not reported; a job's tombstone was, at least a day before.
//
// While FollowJobs runs, WatchJob and FollowDead of this process have no consumers of their own. It joins
// the follower of dead letters for its whole time, so that this follower does not end and begin with
// each watch. At most one FollowJobs may run in a Fleet.
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

// put takes a manifest that the follower has read.
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

// put replaces what the watcher has not taken yet with a copy of j, whose fields the watcher may set.
// The caller holds manifests.mu. So there is one sender at a time; it has made room before it sends, and
// never blocks.
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

// unwatch ends a watcher. A job without watchers takes no memory.
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
// changes that come faster than changed returns, only the last may be seen. changed is called by one
// goroutine, which ends soon after ctx. The manifest may be older than one that the caller has read with
// Job; the newer one then comes later. WatchJob does not wait. Its error is that of an invalid id.
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

// watchJob follows a job through the shared follower while there is one, and then by itself.
func (f *Fleet) watchJob(ctx context.Context, id string, changed func(*task.Job)) error {
	if m := f.manifests.Load(); m != nil {
		if w := m.watch(id); w != nil && m.relay(ctx, id, w, changed) {
			return nil
		}
	}
	return f.followKeys(ctx, id, func(k key) {
		if j, err := decodeManifest(id, k.value, k.stored); err == nil {
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
