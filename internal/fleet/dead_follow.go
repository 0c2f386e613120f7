package fleet

import (
	"context"
	"sync"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// FollowDead calls got after dead letters of the job were stored, and once for those that are
// there already, until ctx ends. Several letters may cause one call, and a call may come without a
// letter: got requests a review, which lists them. The caller's goroutine calls got, which may block
// without holding up other jobs. It returns the cause of ctx's end, or why the follower has ended.
func (f *Fleet) FollowDead(ctx context.Context, job string, got func()) error {
	if f.manifests.Load() == nil { // a process that watches one job
		return f.followDead(ctx, job, func([]stream.Message) { got() })
	}
	feed := f.letters.join(ctx)
	arrived, leave := feed.state.subscribe(job)
	defer leave()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-feed.ctx.Done():
			return context.Cause(feed.ctx)
		case <-arrived:
			got()
		}
	}
}

// followDead follows the dead letters of a job, or of all jobs for "*".
func (f *Fleet) followDead(ctx context.Context, job string, got func([]stream.Message)) error {
	source := stream.Source{Stream: schema.StreamDead, Filter: schema.DeadPrefix + job + ".*.*"}
	return f.link.Follow(ctx, source, func(batch []stream.Message, _ uint64) error { got(batch); return nil }, nil)
}

// letters tells the watchers of jobs, in a process with many, that dead letters have come. It keeps no
// letter: a watcher that subscribes late gets one signal at once and then lists the letters by itself. A
// signal is not lost, because the channel of a watcher holds one: a letter that comes while got runs is
// seen by the next call.
type letters struct {
	mu       sync.Mutex
	watchers map[string][]chan struct{} // by job; each of capacity 1
}

// newLetters returns an empty letters and what keeps it up to date.
func (f *Fleet) newLetters() (*letters, func(context.Context) error) {
	l := &letters{watchers: make(map[string][]chan struct{})}
	return l, func(ctx context.Context) error {
		return f.followDead(ctx, "*", func(batch []stream.Message) {
			for _, m := range batch {
				if p, err := schema.ParseSubject(m.Subject); err == nil {
					l.notify(p.Job)
				}
			}
		})
	}
}

// notify signals the watchers of a job. It never blocks: a watcher that has a signal needs no other.
func (l *letters) notify(job string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.watchers[job] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// subscribe returns a channel that gets a value after letters of the job have come, and at once,
// since some may be there. leave ends that.
func (l *letters) subscribe(job string) (arrived <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[job] = append(l.watchers[job], c)
	return c, func() { l.remove(job, c) }
}

// remove ends a subscription. A job without watchers takes no memory.
func (l *letters) remove(job string, c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var others []chan struct{}
	for _, x := range l.watchers[job] {
		if x != c {
			others = append(others, x)
		}
	}
	if l.watchers[job] = others; len(others) == 0 {
		delete(l.watchers, job)
	}
}
