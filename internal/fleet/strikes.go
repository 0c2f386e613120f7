package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// MaxStrikes is how many strikes quarantine a worker.
const MaxStrikes = 3

const (
	standingPrefix  = "worker." // of the keys in FACTOR_JOBS; no job id has a dot
	maxStandings    = 1000      // workers with strikes; names are free to invent where there are no credentials
	maxStandingSize = 16 << 10  // bytes of one that are looked at
	maxReason       = 300       // bytes
)

// A Strike is one result that did not verify.
type Strike struct {
	Time   time.Time `json:"time"`
	Job    string    `json:"job"`
	Range  string    `json:"range"`
	Seq    uint64    `json:"seq"` // of the result in FACTOR_RESULTS: a result is one strike, whoever sees it
	Reason string    `json:"reason"`
}

// A Standing is what is held against a worker: the value of its key in FACTOR_JOBS.
// It is JSON so that a person with the nats CLI can read it.
type Standing struct {
	Worker      string     `json:"worker"`
	Strikes     []Strike   `json:"strikes,omitempty"` // at most MaxStrikes
	Quarantined *time.Time `json:"quarantined,omitempty"`
	Reason      string     `json:"reason,omitempty"` // of the quarantine

	// Sequences of FACTOR_RESULTS. Behind After a quarantined worker's results are
	// refused unread; up to there they are checked like anybody's, so that what it
	// did well before is not lost. Results up to Forgiven earn no strike any more.
	After    uint64 `json:"after,omitempty"`
	Forgiven uint64 `json:"forgiven,omitempty"`
}

// decodeStanding reads the standing of a worker. Where there are no credentials
// anybody may have written it: what can't be read is nothing, and texts are shortened.
func decodeStanding(worker string, b []byte) Standing {
	var s Standing
	if len(b) > maxStandingSize || json.Unmarshal(b, &s) != nil {
		return Standing{Worker: worker}
	}
	s.Worker = worker
	s.Reason = brief(s.Reason)
	s.Quarantined = writable(s.Quarantined)
	s.Strikes = s.Strikes[:min(len(s.Strikes), MaxStrikes)]
	for i := range s.Strikes {
		x := &s.Strikes[i]
		x.Time = *writable(&x.Time)
		x.Job, x.Range, x.Reason = brief(x.Job), brief(x.Range), brief(x.Reason)
	}
	return s
}

// writable returns t, or the zero time if t is one that JSON reads and does not write.
func writable(t *time.Time) *time.Time {
	if t != nil {
		if _, err := t.MarshalText(); err != nil {
			return new(time.Time)
		}
	}
	return t
}

func (s *Standing) encode() []byte {
	b, err := json.Marshal(s)
	if err != nil { // no field of it can fail
		panic("fleet: internal error: " + err.Error())
	}
	return b
}

// brief returns text, which a stranger may have written, as one short line.
func brief(text string) string {
	text = task.OneLine(text)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason-3], "") + "..."
	}
	return text
}

// strike adds a strike and reports whether that changed anything. It does not for a
// result that has earned one before, or was forgiven, or whose worker is quarantined.
func (s *Standing) strike(x Strike) bool {
	if s.Quarantined != nil || x.Seq <= s.Forgiven || slices.ContainsFunc(s.Strikes, func(y Strike) bool { return y.Seq == x.Seq }) {
		return false
	}
	x.Reason = brief(x.Reason)
	s.Strikes = append(s.Strikes[:min(len(s.Strikes), MaxStrikes-1)], x) // else somebody else has written it
	if len(s.Strikes) >= MaxStrikes {
		now := x.Time
		s.Quarantined, s.After = &now, x.Seq
		s.Reason = brief(fmt.Sprintf("%d results did not verify, the last: %s", len(s.Strikes), x.Reason))
	}
	return true
}

// standing returns what is held against a worker, and the revision of its key; 0 if
// there is none.
func (f *Fleet) standing(ctx context.Context, worker string) (Standing, uint64, error) {
	e, err := f.jobs.Get(ctx, standingPrefix+worker)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Standing{Worker: worker}, 0, nil
	}
	if err != nil {
		return Standing{}, 0, err
	}
	return decodeStanding(worker, e.Value()), e.Revision(), nil
}

// changeStanding applies change to what is held against a worker, again if somebody
// else changed it meanwhile. Nothing is stored if change returns false.
func (f *Fleet) changeStanding(ctx context.Context, worker string, change func(*Standing) bool) (s Standing, changed bool, err error) {
	if err := task.CheckWorker(worker); err != nil {
		return s, false, err
	}
	for {
		err = f.link.Retry(ctx, func() error {
			var revision uint64
			var err error
			s, revision, err = f.standing(ctx, worker)
			if err != nil {
				return err
			}
			changed = change(&s)
			switch {
			case !changed:
			case revision == 0:
				_, err = f.jobs.Create(ctx, standingPrefix+worker, s.encode())
			default:
				_, err = f.jobs.Update(ctx, standingPrefix+worker, s.encode(), revision)
			}
			return err
		})
		switch {
		case err == nil:
			return s, changed, nil
		case !stream.IsConflict(err):
			return s, false, fmt.Errorf("write the standing of worker %s: %w", worker, stream.Explain(err))
		}
	}
}

// Quarantine stops a worker: its results are refused from now on. known reports
// whether it was quarantined already.
func (f *Fleet) Quarantine(ctx context.Context, worker, why string) (known bool, err error) {
	info, err := f.results.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("look at stream %s: %w", schema.StreamResults, stream.Explain(err))
	}
	_, changed, err := f.changeStanding(ctx, worker, func(s *Standing) bool {
		if s.Quarantined != nil {
			return false
		}
		now := time.Now().UTC()
		s.Quarantined, s.Reason, s.After = &now, brief(why), info.State.LastSeq
		return true
	})
	if err != nil {
		return false, err
	}
	return !changed, f.order(schema.QuarantinePrefix + worker)
}

// Release ends a quarantine and clears the strikes. known reports whether anything
// was ever held against the worker.
func (f *Fleet) Release(ctx context.Context, worker string) (known bool, err error) {
	info, err := f.results.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("look at stream %s: %w", schema.StreamResults, stream.Explain(err))
	}
	s, changed, err := f.changeStanding(ctx, worker, func(s *Standing) bool {
		if s.Quarantined == nil && len(s.Strikes) == 0 {
			return false
		}
		*s = Standing{Worker: worker, Forgiven: info.State.LastSeq}
		return true
	})
	if err != nil {
		return false, err
	}
	return changed || s.Forgiven > 0, f.order(schema.ReleasePrefix + worker)
}

// Standings returns what is held against workers, by name.
func (f *Fleet) Standings(ctx context.Context) ([]Standing, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t, err := f.Trust(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Standing, 0, len(t.standings))
	for _, s := range t.standings {
		if s.Quarantined != nil || len(s.Strikes) > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Standing) int { return cmp.Compare(a.Worker, b.Worker) })
	return list, nil
}

// Trust knows which workers are not to be believed, as long as it follows. It is safe
// for concurrent use.
type Trust struct {
	f *Fleet

	mu        sync.Mutex
	standings map[string]Standing // guarded by mu; of at most 4*maxStandings workers
}

// Trust reads what is held against workers and follows it until ctx ends.
func (f *Fleet) Trust(ctx context.Context) (*Trust, error) {
	t := &Trust{f: f, standings: make(map[string]Standing)}
	known, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- f.followKeys(ctx, standingPrefix+"*", t.put, func() { close(known) }) }()
	select {
	case <-known:
		return t, nil
	case err := <-ended:
		if ctx.Err() == nil {
			err = fmt.Errorf("look up the standing of workers: %w", err)
		}
		return nil, err
	}
}

// put takes the news of a key.
func (t *Trust) put(key string, value []byte) {
	name := strings.TrimPrefix(key, standingPrefix)
	if task.CheckWorker(name) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if value == nil {
		delete(t.standings, name)
		return
	}
	if _, ok := t.standings[name]; ok || len(t.standings) < 4*maxStandings {
		t.standings[name] = decodeStanding(name, value)
	}
}

// Quarantined reports whether a worker is quarantined.
func (t *Trust) Quarantined(worker string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.standings[worker].Quarantined != nil
}

// Refuses reports whether the result with this sequence is to be refused unread.
func (t *Trust) Refuses(worker string, seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.standings[worker]
	return ok && s.Quarantined != nil && seq > s.After
}

// Strike writes a strike for a worker, if its result has not earned one before, and
// quarantines it with the last. fresh reports whether it was written now.
func (t *Trust) Strike(ctx context.Context, worker string, x Strike) (s Standing, fresh bool, err error) {
	t.mu.Lock()
	s, known := t.standings[worker]
	full := len(t.standings) >= maxStandings
	t.mu.Unlock()
	if s.Quarantined != nil || !known && full {
		return s, false, nil
	}
	s, fresh, err = t.f.changeStanding(ctx, worker, func(s *Standing) bool { return s.strike(x) })
	if err != nil {
		return s, false, err
	}
	t.mu.Lock()
	t.standings[worker] = s // what the server tells comes later
	t.mu.Unlock()
	if fresh && s.Quarantined != nil {
		err = t.Stop(worker)
	}
	return s, fresh, err
}

// Stop tells a quarantined worker that it is.
func (t *Trust) Stop(worker string) error {
	if err := t.f.link.NC.PublishMsg(order(schema.QuarantinePrefix + worker)); err != nil {
		return fmt.Errorf("tell worker %s that it is quarantined: %w", worker, stream.Explain(err))
	}
	return nil
}

// Remind tells workers of a quarantine, or of its end, which the registry shows not to
// know.
func (t *Trust) Remind(ctx context.Context) error {
	t.mu.Lock()
	nothing := len(t.standings) == 0
	t.mu.Unlock()
	if nothing {
		return nil
	}
	list, err := t.f.Workers(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		name := list[i].Name
		switch {
		case t.Quarantined(name) == list[i].IsQuarantined():
		case t.Quarantined(name):
			err = t.Stop(name)
		default: // to release is more dangerous: what is known here may be old
			var s Standing
			if s, _, err = t.f.standing(ctx, name); err == nil && s.Quarantined == nil {
				err = t.f.order(schema.ReleasePrefix + name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// DropResults removes results that are not to be believed, so that their workers'
// next ones for these ranges can be stored.
func (f *Fleet) DropResults(ctx context.Context, seqs []uint64) error {
	errs := make([]error, len(seqs))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(64, len(seqs)) { // round trips that overlap
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(seqs)); i = next.Add(1) - 1 {
				errs[i] = f.DropResult(ctx, seqs[i])
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the others say the same
		}
	}
	return nil
}
