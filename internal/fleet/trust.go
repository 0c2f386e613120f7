package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Trust knows the standings of workers, for as long as it follows them. All users in a process
// share one. It is safe for concurrent use.
//
// What it knows may be old by the time that a change takes to arrive. That is harmless: a result
// that is checked although its worker was just quarantined is accepted only if it verifies, and a
// strike is written to the stored standing, not to the one known here.
//
// A user that joins late finds all that the follower has read; known is closed by then, or will be. The
// follower ends with its last user, and the next user gets another Trust: a *Trust must not be used
// after the ctx with which it was requested.
type Trust struct {
	f          *Fleet
	known      chan struct{} // closed once the standings that were stored at the start are here, by the follower
	complaints *complaints

	mu        sync.Mutex
	standings map[string]Standing // guarded by mu; of at most 4*maxStandings workers
	reminded  time.Time           // guarded by mu; when Remind last looked
}

// newTrust returns an empty Trust and what keeps it up to date.
func (f *Fleet) newTrust() (*Trust, func(context.Context) error) {
	t := &Trust{f: f, known: make(chan struct{}), standings: make(map[string]Standing)}
	t.complaints = newComplaints(t.logComplaints, t.storeComplaints)
	return t, func(ctx context.Context) error {
		go t.complaints.run(ctx)
		return f.followKeys(ctx, standingPrefix+"*", t.put, func() { close(t.known) })
	}
}

// Trust returns the process's Trust once it knows what is stored now. It is kept up to date until
// ctx ends. It waits for a server that is unreachable. An error is the cause of ctx's end, or says that
// the server refuses the consumer or that the connection is closed. The caller must have the credential
// of a producer: from now on complaints of this process are stored.
func (f *Fleet) Trust(ctx context.Context) (*Trust, error) {
	t, err := f.readTrust(ctx)
	if err == nil {
		t.complaints.enable()
	}
	return t, err
}

// readTrust is Trust for a process that may not write standings.
func (f *Fleet) readTrust(ctx context.Context) (*Trust, error) {
	feed := f.trust.join(ctx)
	select {
	case <-feed.state.known:
		return feed.state, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-feed.ctx.Done():
		return nil, fmt.Errorf("look up the standing of workers: %w", context.Cause(feed.ctx))
	}
}

// Standings returns the workers that have strikes or complaints or are quarantined, by name. A worker that
// was released is not among them.
func (f *Fleet) Standings(ctx context.Context) ([]Standing, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t, err := f.readTrust(ctx)
	if err != nil {
		return nil, err
	}
	return t.List(), nil
}

// listLocked is List for callers that hold mu.
func (t *Trust) listLocked() []Standing {
	list := make([]Standing, 0, len(t.standings))
	for _, s := range t.standings {
		if s.Quarantined != nil || len(s.Strikes) > 0 || len(s.Complaints) > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Standing) int { return cmp.Compare(a.Worker, b.Worker) })
	return list
}

// put takes a change of a key. What the follower brings counts even if its revision is lower than the one
// known: then the server has lost messages, and this is what it has now. Names beyond the limit are
// ignored, which leaves their workers in good standing: their results are verified like all others.
func (t *Trust) put(k key) {
	name := strings.TrimPrefix(k.name, standingPrefix)
	if task.CheckWorker(name) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.value == nil {
		delete(t.standings, name)
		return
	}
	if _, ok := t.standings[name]; ok || len(t.standings) < 4*maxStandings {
		s := decodeStanding(name, k.value)
		s.revision = k.revision
		t.standings[name] = s
	}
}

// Quarantined reports whether a worker is quarantined, as far as this process knows.
func (t *Trust) Quarantined(worker string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.standings[worker].Quarantined != nil
}

// Refuses reports whether the result with this sequence is to be refused unread. seq is that of
// FACTOR_RESULTS, so the answer does not depend on when a watcher reads the result.
func (t *Trust) Refuses(worker string, seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.standings[worker]
	return ok && s.Quarantined != nil && seq > s.After
}

// Strike writes a strike for a worker, unless its result has earned one before, and quarantines
// the worker with its last strike. fresh reports whether the strike was written now: of several
// processes that refuse the same result, one gets true. It waits for a server that is unreachable. It
// writes nothing for a worker that is known to be quarantined, or beyond maxStandings names.
func (t *Trust) Strike(ctx context.Context, worker string, x Strike) (s Standing, fresh bool, err error) {
	t.mu.Lock()
	s, known := t.standings[worker]
	full := len(t.standings) >= maxStandings
	t.mu.Unlock()
	if s.Quarantined != nil || !known && full {
		return s, false, nil
	}
	if x.Claim {
		if err := t.f.link.Retry(ctx, func() (err error) { x.results, err = t.f.lastSequence(ctx, t.f.results); return err }); err != nil {
			return s, false, err
		}
	}
	s, fresh, err = t.f.changeStanding(ctx, worker, func(s *Standing) bool { return s.strike(x) })
	if err != nil {
		return s, false, err
	}
	t.learn(s)
	if fresh && s.Quarantined != nil {
		err = t.Stop(worker)
	}
	return s, fresh, err
}

// logComplaints logs complaints about one worker; count is how many there were since the last line.
func (t *Trust) logComplaints(worker string, what Complaint, count uint64) {
	t.f.link.Log.Warn().Str("worker", worker).Uint64("count", count).Msg("complaint about a worker: " + string(what))
}

// storeComplaints adds complaints to the stored standing of a worker. It stores nothing for a name that is
// none, or for a new name if there are many.
func (t *Trust) storeComplaints(ctx context.Context, worker string, counts map[Complaint]uint64) error {
	t.mu.Lock()
	_, known := t.standings[worker]
	full := len(t.standings) >= maxComplained
	t.mu.Unlock()
	if task.CheckWorker(worker) != nil || !known && full {
		return nil
	}
	s, _, err := t.f.changeStanding(ctx, worker, func(s *Standing) bool { s.addComplaints(counts); return true })
	if err != nil {
		if ctx.Err() == nil {
			t.f.link.Log.Debug().Err(err).Msg("cannot store complaints, retrying")
		}
		return err
	}
	t.learn(s)
	return nil
}

// learn takes a standing that this process has read or written, before the follower brings it. The
// follower may have brought a later one, such as a release: the newer of the two counts.
func (t *Trust) learn(s Standing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.revision >= t.standings[s.Worker].revision {
		t.standings[s.Worker] = s
	}
}

// Stop tells a quarantined worker that it is quarantined.
func (t *Trust) Stop(worker string) error {
	if err := t.f.link.NC.PublishMsg(order(schema.QuarantinePrefix + worker)); err != nil {
		return fmt.Errorf("tell worker %s that it is quarantined: %w", worker, stream.Explain(err))
	}
	return nil
}

// remindEvery is the least time between two looks of Remind, however many jobs call it: a look reads the
// heartbeats of all workers. Callers come every 5 s, by tickers that may be early by some milliseconds.
const remindEvery = 5*time.Second - 100*time.Millisecond

// Remind tells workers of a quarantine, or of its end, if their heartbeats show that they have
// missed it. It does nothing if it has looked less than remindEvery ago, or if no worker ever had a
// strike. Orders are plain messages: a worker that was cut off has missed them for good, and without a
// reminder one that was released would stay idle.
func (t *Trust) Remind(ctx context.Context) error {
	t.mu.Lock()
	now := time.Now()
	early := len(t.standings) == 0 || now.Sub(t.reminded) < t.f.remindEvery
	if !early {
		t.reminded = now
	}
	t.mu.Unlock()
	if early {
		return nil
	}
	list, err := t.f.aliveWorkers(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if t.Quarantined(list[i].Name) == list[i].IsQuarantined() {
			continue
		}
		if err := t.remindWorker(ctx, list[i].Name); err != nil {
			return err
		}
	}
	return nil
}

// remindWorker tells a worker whether it is quarantined. A release does more harm if it is wrong, because
// the worker computes tasks whose results are refused, and what is known here may be old: so the
// standing is read once more before.
func (t *Trust) remindWorker(ctx context.Context, name string) error {
	if t.Quarantined(name) {
		return t.Stop(name)
	}
	s, err := t.f.standing(ctx, name)
	if err != nil || s.Quarantined != nil {
		return err
	}
	return t.f.order(schema.ReleasePrefix + name)
}
