package fleet

import (
	"context"
	"sync"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// FollowDead calls got after dead letters of the job were stored, and once for those that are
// there already, until ctx ends. Several letters may cause one call.
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

// letters tells the watchers of jobs, in a process with many, that dead letters have come.
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
