package observe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorfleet/internal/fleet"
)

// What an Observer costs the server, for a fleet with the three priorities and no campaign:
//
//	always      the deliveries of the changes in FACTOR_JOBS and of the heartbeats, and no request for them
//	unwatched   a sample every 5 s: 7 small requests, so 1.4 requests/s; up to 16 reads of leases of other processes
//	watched     a look every second: 7 small requests; up to 64 reads of leases of other processes
//
// Listings of subjects are made only if a stream has changed, and take at most 1/51 of the time. What only a page of one
// job or the page of dead letters shows is read while such a page is requested.
const (
	lookEvery   = time.Second     // while somebody watches
	sampleEvery = 5 * time.Second // also while nobody does
	linger      = 15 * time.Second
	staleAfter  = 3 * time.Second // a view that is older is not what Latest returns
)

// ErrUnknown is wrapped while nothing is known of the fleet yet.
var ErrUnknown = errors.New("nothing is known of the fleet yet")

// An Observer keeps the present View of a fleet. A process has one, and calls Run once it has a Fleet. It is safe for
// concurrent use.
type Observer struct {
	wake chan struct{} // of capacity 1: somebody waits for a new view

	mu       sync.Mutex
	view     *View         // guarded by mu; the View itself is never changed
	renewed  chan struct{} // guarded by mu; closed when view or session is replaced
	built    time.Time     // guarded by mu; when view was built, on the clock of this process; zero = never
	looked   time.Time     // guarded by mu; when a view was last requested
	watchers int           // guarded by mu; calls of Watch that have not ended
	session  *session      // guarded by mu; of Run; nil while it does not run
}

// New returns an Observer that knows nothing.
func New() *Observer {
	return &Observer{wake: make(chan struct{}, 1), renewed: make(chan struct{}), view: emptyView("connecting to the server")}
}

// emptyView returns the View of a process that is not connected. Its lists are not nil, so that they are [] in JSON.
func emptyView(reason string) *View {
	return &View{
		V: 1, Time: time.Now().UTC(), Reason: reason, Lines: []JobLine{}, Names: []Worker{}, Running: []Running{}, Classes: []SizeRow{}, History: []Sample{},
		Fleet: Fleet{Queue: []fleet.ClassStatus{}, Server: Server{Findings: []fleet.Finding{}}},
	}
}

// Run observes a fleet until ctx ends, and returns its cause. It does not wait for a server that is unreachable: the View
// says that. Calls must not overlap; a later call may be for another Fleet, and continues the history.
func (o *Observer) Run(ctx context.Context, fl *fleet.Fleet) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newSession(o, fl)
	s.begin(ctx)
	o.setSession(s)
	defer o.setSession(nil)
	s.run(ctx)
	return context.Cause(ctx)
}

// Offline says why there is no connection, in one line: the View keeps what it shows, and says that it is old.
func (o *Observer) Offline(reason string) {
	o.mu.Lock()
	v := *o.view
	o.mu.Unlock()
	if !v.Connected && v.Reason == reason {
		return // nothing has changed
	}
	v.Connected, v.Reason = false, reason
	o.publish(&v, time.Time{})
}

// View returns the last View, which is up to 5 s old while nobody watches. It is never nil. It does not count as watching.
func (o *Observer) View() *View {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.view
}

// Latest returns a View that is a few seconds old at most, or that says that the server cannot be reached. It waits for
// it, a few seconds, unless Run has not begun. The error wraps ErrUnknown if there has been no View yet.
func (o *Observer) Latest(ctx context.Context) (*View, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*staleAfter)
	defer cancel()
	for {
		o.mu.Lock()
		now := time.Now()
		o.looked = now
		v, built, renewed, running := o.view, o.built, o.renewed, o.session != nil
		o.mu.Unlock()
		switch {
		case built.IsZero() && !running:
			return nil, unknown(v)
		case !built.IsZero() && (now.Sub(built) < staleAfter || !running):
			return v, nil
		}
		o.alarm()
		select {
		case <-renewed:
		case <-ctx.Done():
			if built.IsZero() {
				return nil, unknown(v)
			}
			return v, nil
		}
	}
}

// unknown returns the error that says why nothing is known.
func unknown(v *View) error { return fmt.Errorf("%w: %s", ErrUnknown, v.Reason) }

// Watch returns a channel of Views: the present one, and each new one until ctx ends, which closes the channel. Of several
// that have not been received only the newest is kept. A new View is made at most once a second, if something has changed.
func (o *Observer) Watch(ctx context.Context) <-chan *View {
	views := make(chan *View, 1)
	o.mu.Lock()
	o.watchers++
	o.mu.Unlock()
	o.alarm()
	go func() {
		defer close(views)
		defer o.leave()
		for last := (*View)(nil); ; {
			o.mu.Lock()
			v, renewed := o.view, o.renewed
			o.mu.Unlock()
			if v != last {
				last = v
				select {
				case <-views:
				default:
				}
				views <- v // there is room: this goroutine is the only sender
			}
			select {
			case <-ctx.Done():
				return
			case <-renewed:
			}
		}
	}()
	return views
}

// leave ends a Watch.
func (o *Observer) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.watchers--
	o.looked = time.Now()
}

// alarm has the session look at once.
func (o *Observer) alarm() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// watched reports whether somebody watches at the time now, or did so a moment ago.
func (o *Observer) watched(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.watchers > 0 || !o.looked.IsZero() && now.Sub(o.looked) < linger
}

// publish replaces the View. built is when it was made on the clock of this process; zero leaves that time.
func (o *Observer) publish(v *View, built time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.view = v
	if !built.IsZero() {
		o.built = built
	}
	o.wakeLocked()
}

// confirm notes that the present View was found unchanged.
func (o *Observer) confirm(at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.built = at
}

// setSession notes what Run observes, and wakes those who wait for a View: after the end of Run none comes.
func (o *Observer) setSession(s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.session = s
	o.wakeLocked()
}

// wakeLocked wakes those who wait for a View.
func (o *Observer) wakeLocked() {
	close(o.renewed)
	o.renewed = make(chan struct{})
}

// observing returns the session; the error wraps ErrUnknown if there is none. The caller counts as a watcher.
func (o *Observer) observing() (*session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked = time.Now()
	if o.session == nil {
		return nil, unknown(o.view)
	}
	return o.session, nil
}
