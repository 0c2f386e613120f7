package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Bounds of the page of dead letters.
const (
	MaxLetters    = 100 // of a page
	keptLetters   = 10_000
	keptAttempts  = 64 // of each kind of record of one letter
	attemptReads  = 8  // letters whose attempts are read at the same time
	attemptWithin = 3 * time.Second
	lettersWithin = 10 * time.Second // until all stored letters are read
)

// ErrRefused is wrapped if the credentials of this process do not permit to read what was requested.
var ErrRefused = errors.New("these credentials do not permit to read this")

// A DeadQuery is a Query of dead letters, of which the newest come first.
type DeadQuery struct {
	Job string // "" = all jobs
	Query
}

// A DeadPage is a part of the list of dead letters of the sweeper.
type DeadPage struct {
	Total   int      `json:"total"` // letters that the query selects; of all that are stored, the newest 10,000 are looked at
	Letters []Letter `json:"letters"`
}

// A letterWatch follows the dead letters of the sweeper while somebody asks for them, and forgets them afterwards.
type letterWatch struct {
	s *session

	mu       sync.Mutex
	life     *letterLife // guarded by mu; nil while nobody asks
	asked    time.Time   // guarded by mu
	fetching sync.Mutex  // held by the one caller that reads attempts
}

// A letterLife is one time of following.
type letterLife struct {
	stop  context.CancelFunc
	known chan struct{} // closed when all stored letters were read, or the following has failed

	mu     sync.Mutex
	err    error                     // guarded by mu; why it has failed
	kept   []*keptLetter             // guarded by mu; the oldest first
	latest map[letterKey]*keptLetter // guarded by mu; the last one of each range
}

type letterKey struct {
	job string
	at  task.Range
}

// A keptLetter is a letter. Its attempts are read once: those of a number that was given up do not change.
type keptLetter struct {
	Letter
	arrived time.Time // on the clock of this process
	old     bool      // guarded by the life's mu; another letter of the same range came later
	read    bool      // guarded by the life's mu; Attempts are known
}

// Dead selects dead letters, and reads the attempts of those on the page. The error wraps ErrUnknown, ErrRefused or ErrQuery.
func (o *Observer) Dead(ctx context.Context, q DeadQuery) (p DeadPage, err error) {
	s, err := o.observing()
	if err != nil {
		return p, err
	}
	return s.letters.page(ctx, q)
}

// page returns a page of the letters.
func (w *letterWatch) page(ctx context.Context, q DeadQuery) (p DeadPage, err error) {
	if q.Sort != "" || q.Offset < 0 || q.Limit < 0 || q.Limit > MaxLetters {
		return p, fmt.Errorf("%w: dead letters have no other order, offset must not be negative, and limit is 0 to %d", ErrQuery, MaxLetters)
	}
	if !w.s.may.Letters {
		return p, fmt.Errorf("dead letters: %w", ErrRefused)
	}
	life := w.join()
	if err := life.await(ctx, w.s.fl.Connected()); err != nil {
		return p, err
	}
	found, err := life.find(q, w.s.isStored())
	if err != nil {
		return p, err
	}
	p.Total, p.Letters = len(found), []Letter{}
	first := min(q.Offset, len(found))
	found = found[first:min(first+q.Limit, len(found))]
	w.readAttempts(ctx, life, found)
	life.mu.Lock()
	defer life.mu.Unlock()
	for _, l := range found {
		p.Letters = append(p.Letters, l.Letter)
	}
	return p, nil
}

// await waits until all stored letters are read, but not while the server cannot be reached.
func (l *letterLife) await(ctx context.Context, connected bool) error {
	select {
	case <-l.known:
		return nil
	default:
	}
	if !connected {
		return fmt.Errorf("%w: dead letters: the server cannot be reached", ErrUnknown)
	}
	select {
	case <-l.known:
		return nil
	case <-time.After(lettersWithin):
		return fmt.Errorf("%w: dead letters are still being read", ErrUnknown)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// join returns the life that goes on, or begins one.
func (w *letterWatch) join() *letterLife {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = time.Now()
	if w.life == nil {
		ctx, stop := context.WithCancel(w.s.ctx)
		w.life = &letterLife{stop: stop, known: make(chan struct{}), latest: make(map[letterKey]*keptLetter)}
		go w.life.follow(ctx, w.s.fl)
	}
	return w.life
}

// expire ends the life if nobody has asked for a while, or it has failed.
func (w *letterWatch) expire(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.life != nil && (now.Sub(w.asked) >= linger || w.life.failure() != nil) {
		w.life.stop()
		w.life = nil
	}
}

// follow reads the letters until ctx ends.
func (l *letterLife) follow(ctx context.Context, fl *fleet.Fleet) {
	var once sync.Once
	known := func() { once.Do(func() { close(l.known) }) }
	err := fl.FollowGivenUp(ctx, l.put, known)
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	known()
}

// failure returns why the following has ended.
func (l *letterLife) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// put takes a letter. Of its numbers it keeps the first.
func (l *letterLife) put(d *fleet.DeadLetter) {
	k := &keptLetter{Letter: Letter{DeadLetter: *d}, arrived: time.Now()}
	if k.Numbers = slices.Clone(d.Numbers[:min(len(d.Numbers), 1)]); len(k.Numbers) > 0 {
		k.Text = task.Brief(k.Kind, k.Numbers[0])
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := letterKey{d.Job, d.Range}
	if before := l.latest[key]; before != nil {
		before.old = true
	}
	l.latest[key] = k
	if l.kept = append(l.kept, k); len(l.kept) <= keptLetters+keptLetters/10 {
		return
	}
	drop := len(l.kept) - keptLetters
	for _, x := range l.kept[:drop] {
		if key := (letterKey{x.Job, x.Range}); l.latest[key] == x {
			delete(l.latest, key)
		}
	}
	l.kept = slices.Clone(l.kept[drop:])
}

// find returns the letters that a query selects, the newest first.
func (l *letterLife) find(q DeadQuery, stored func(*keptLetter) bool) (found []*keptLetter, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, fmt.Errorf("read dead letters: %w", l.err)
	}
	search := strings.ToLower(q.Search)
	for _, k := range slices.Backward(l.kept) {
		if !k.old && (q.Job == "" || k.Job == q.Job) && stored(k) && contains(search, k.texts()...) {
			found = append(found, k)
		}
	}
	return found, nil
}

// texts returns what a search looks at. A long number is not searched: it would be written in decimal for each search.
func (k *keptLetter) texts() []string {
	texts := []string{k.Job, k.Err, k.Worker, k.Kind}
	if len(k.Numbers) > 0 && k.Numbers[0].BitLen() <= 512 {
		texts = append(texts, k.Numbers[0].String())
	}
	return texts
}

// isStored returns a function that says whether a letter was not removed, as the last listing shows.
func (s *session) isStored() func(*keptLetter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed, at := s.facts.dead, s.facts.deadAt
	return func(k *keptLetter) bool {
		set := listed[k.Job]
		return !k.arrived.Before(at) || set != nil && set.Contains(k.Range)
	}
}

// readAttempts reads the attempts of letters that are not known yet, within a few seconds. One caller does so at a time.
func (w *letterWatch) readAttempts(ctx context.Context, life *letterLife, list []*keptLetter) {
	ctx, cancel := context.WithTimeout(ctx, attemptWithin)
	defer cancel()
	w.fetching.Lock()
	defer w.fetching.Unlock()
	slots := make(chan struct{}, attemptReads)
	var group sync.WaitGroup
	for _, k := range list {
		life.mu.Lock()
		read := k.read
		life.mu.Unlock()
		if read || ctx.Err() != nil || !w.s.fl.Connected() {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			attempts, err := w.s.fl.AttemptsAt(ctx, k.Job, k.Range, keptAttempts)
			if err != nil {
				return // the next request tries again
			}
			slices.SortStableFunc(attempts, func(a, b fleet.DeadLetter) int { return a.Time.Compare(b.Time) })
			life.mu.Lock()
			defer life.mu.Unlock()
			k.Attempts, k.read = attempts, true
		})
	}
	group.Wait()
}
