package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A failure record of a number is a record of a failed attempt, a last-attempt record, or a worker's dead
// letter. Each is the claim of the worker in its subject. Package attempt says what they prove together.

// A FailureRecord is where a failure record of a worker is stored: its subject, parsed. Attempt is 0 for a dead letter.
type FailureRecord = schema.Place

// Failures reads the failure records of numbers, and knows whose count: not those of a quarantined worker, and
// not that of an attempt which still runs. It is safe for concurrent use. It must not be used after the ctx
// with which it was requested.
type Failures struct {
	f        *Fleet
	trust    *Trust
	registry *Registry
	ackWait  time.Duration
	waits    waitLog
	votes    voteListing
}

// Failures returns the Failures of this process once the standings and heartbeats that are stored now are
// known. It waits for a server that is unreachable. The errors are those of Trust, Registry and AckWait.
func (f *Fleet) Failures(ctx context.Context) (*Failures, error) {
	x := &Failures{f: f}
	err := f.link.Retry(ctx, func() (err error) { x.ackWait, err = f.AckWait(ctx); return err })
	if err == nil {
		x.trust, err = f.Trust(ctx)
	}
	if err == nil {
		x.registry, err = f.Registry(ctx)
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// A finding is the evidence about one number, with the workers that it comes from.
type finding struct {
	attempt.Evidence
	workers  map[string]*claims // at which the last attempt has failed
	answered []string           // workers that have answered the number, of a job with replicas
	part     *task.Part         // whose campaign is Evidence.Campaign; nil = none
}

// claims are the failure records of one worker for one number.
type claims struct {
	records []schema.Place // FACTOR.failed, at most maxRecords
	letter  bool
	most    int // task.Job.MaxAttempts
}

const (
	// maxRecords bounds the records of one worker and number that are read. Without a bound a worker could
	// make each decision slow, because rounds in subjects are free to invent.
	maxRecords = 16
	// keptRecords is how many of them stay when there are more. No decision needs more.
	keptRecords = 3
)

// findOf returns what is known of the last attempts at a number of a job; j is its manifest. Of other workers only those
// count that take tasks of the job, accept numbers of that size, and have not answered the number.
func (x *Failures) findOf(ctx context.Context, j *task.Job, in *Inputs, number task.Range, answered ...string) (*finding, error) {
	route := j.Queue().Route()
	takes := func(w *worker.Status) bool { return w.Serves(route) && !slices.Contains(answered, w.Name) }
	if !slices.ContainsFunc(x.registry.Workers(), func(w worker.Status) bool { return w.MaxDigits > 0 }) {
		return x.findAmong(ctx, j, number, takes)
	}
	numbers, err := in.Numbers(ctx, number)
	if err != nil {
		return nil, err
	}
	return x.findAmong(ctx, j, number, func(w *worker.Status) bool { return takes(w) && w.Accepts(numbers[0], false) })
}

// findAmong is findOf if takes says which workers would compute the number.
func (x *Failures) findAmong(ctx context.Context, j *task.Job, number task.Range, takes func(*worker.Status) bool) (*finding, error) {
	job := j.ID
	all, err := x.claims(ctx, job, number)
	if err != nil {
		return nil, err
	}
	e := &finding{Evidence: attempt.Evidence{AckWait: x.ackWait, Most: j.MaxAttempts}, workers: make(map[string]*claims)}
	present, most := x.registry.Workers(), 0
	for name, c := range all {
		if c.most = j.MaxAttempts; x.trust.Quarantined(name) {
			continue
		}
		runs, err := x.runs(ctx, present, name, c)
		if err != nil {
			return nil, err
		}
		if n := c.failed(); n > 0 && !runs {
			e.workers[name] = c
			e.Workers++
			e.Failed += n
			e.AtTwo, most = max(e.AtTwo, min(n, most)), max(n, most)
		}
	}
	e.Unseen = x.registry.Observed() < min(x.ackWait, quietWithWorkers)
	e.Held = x.isHeld(job, number, e.workers)
	if err := x.findCampaign(ctx, job, number, e); err != nil {
		return nil, err
	}
	if e.Workers == 1 || e.Letters == 1 {
		if takes, err = x.withoutVoters(ctx, j, number, takes); err != nil {
			return nil, err
		}
		e.Others = x.othersAlive(present, e.accused(), takes)
	}
	return e, nil
}

// accused returns the workers beside which another worker must have been alive. Of several workers these are the ones
// that have stored a dead letter: the others count only if there is no campaign, and then there are enough of them.
func (e *finding) accused() map[string]*claims {
	if e.Workers == 1 {
		return e.workers
	}
	list := make(map[string]*claims)
	for name, c := range e.workers {
		if c.letter {
			list[name] = c
		}
	}
	return list
}

// failed returns at how many last attempts the number has failed there. A dead letter and the last-attempt record before
// it are one.
func (c *claims) failed() int {
	if n := len(c.last()); n > 0 || !c.letter {
		return n
	}
	return 1
}

// last returns the last-attempt records.
func (c *claims) last() (list []schema.Place) {
	for _, p := range c.records {
		if attempt.IsLastRecord(p.Attempt, c.most) {
			list = append(list, p)
		}
	}
	return list
}

// claims lists the failure records of a number by worker: the subjects, not the contents. If a worker has more
// than maxRecords, all but the newest are removed.
func (x *Failures) claims(ctx context.Context, job string, number task.Range) (map[string]*claims, error) {
	letters, err := x.f.list(ctx, x.f.dead, schema.DeadSubject(job, number, "*"))
	if err != nil {
		return nil, err
	}
	prefix := schema.FailedPrefix + job + "." + number.String()
	records, err := x.f.list(ctx, x.f.dead, prefix+".*.*.*")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*claims)
	of := func(worker string) *claims {
		if all[worker] == nil {
			all[worker] = new(claims)
		}
		return all[worker]
	}
	for _, p := range letters {
		if p.Worker != schema.Sweeper {
			of(p.Worker).letter = true
		}
	}
	written := make(map[string]int)
	for _, p := range records {
		if written[p.Worker]++; written[p.Worker] <= maxRecords {
			of(p.Worker).records = append(of(p.Worker).records, p)
		}
	}
	for worker, n := range written {
		if n <= maxRecords {
			continue
		}
		if err := x.f.dead.Purge(ctx, jetstream.WithPurgeSubject(prefix+".*.*."+worker), jetstream.WithPurgeKeep(keptRecords)); err != nil {
			return nil, fmt.Errorf("remove failure records of worker %s: %w", worker, stream.Explain(err))
		}
	}
	return all, nil
}

// runs reports whether a last attempt of c may still run: its record is stored, no dead letter followed, and the process
// that wrote it is alive. A process that has died is not taken for
// alive: its last heartbeat is older than an ack wait when its deliveries are exhausted.
func (x *Failures) runs(ctx context.Context, present []worker.Status, name string, c *claims) (bool, error) {
	if c.letter {
		return false, nil
	}
	alive := x.alive(present, name)
	if len(alive) == 0 {
		return false, nil
	}
	for _, p := range c.last() {
		record, err := x.f.failureRecord(ctx, p)
		if err != nil {
			return false, err
		}
		if record != nil && lives(alive, name, record) {
			return true, nil
		}
	}
	return false, nil
}

// alive returns the processes of a worker whose last heartbeat is younger than an ack wait, by the server's clock.
func (x *Failures) alive(present []worker.Status, name string) (list []worker.Status) {
	now := x.f.now()
	for _, w := range present {
		if w.Name == name && now.Sub(w.Seen) < x.ackWait {
			list = append(list, w)
		}
	}
	return list
}

// failureRecord reads a record of a failed attempt; nil if it is gone or unreadable, which no honest worker's is.
func (f *Fleet) failureRecord(ctx context.Context, p schema.Place) (*task.Failure, error) {
	return f.failure(ctx, schema.FailedSubject(p.Address, p.Attempt, p.Worker))
}

// failure reads the record under a subject of FACTOR_DEAD, as failureRecord does.
func (f *Fleet) failure(ctx context.Context, subject string) (*task.Failure, error) {
	m, err := f.dead.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subject))
	if stream.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", subject, stream.Explain(err))
	}
	record, err := task.DecodeFailure(m.Data)
	if err != nil {
		return nil, nil
	}
	return record, nil
}

// lives reports whether the process of a worker that has written a record may be alive, by the heartbeats of workers.
// Several processes may have one name, so the record names its own. A record of an earlier version does not: then each process counts that was
// started before the record, both by the clock of the worker.
func lives(workers []worker.Status, name string, record *task.Failure) bool {
	return slices.ContainsFunc(workers, func(w worker.Status) bool {
		if record.Instance != "" {
			return w.Name == name && w.Instance == record.Instance
		}
		return w.Name == name && w.Started.Before(record.Time)
	})
}

// isHeld reports whether the heartbeat of a worker that is not among failed names the number, in any round. One
// that is may still be the heartbeat of a process that has died.
func (x *Failures) isHeld(job string, number task.Range, failed map[string]*claims) bool {
	for _, h := range x.registry.holdersOf(job, number) {
		if failed[h.Worker] == nil && !x.trust.Quarantined(h.Worker) {
			return true
		}
	}
	return false
}

// othersAlive returns when another worker than the one in failed was alive that would take the number. Of a worker that
// has left that is not known: it counts.
func (x *Failures) othersAlive(present []worker.Status, failed map[string]*claims, takes func(*worker.Status) bool) attempt.Alive {
	others := namesWithout(present, takes)
	bad := func(name string) bool { return others[name] || x.trust.Quarantined(name) }
	for _, w := range present {
		if failed[w.Name] == nil && w.State == worker.StateRunning && takes(&w) && !x.trust.Quarantined(w.Name) {
			return attempt.AliveNow
		}
	}
	for name := range failed {
		if x.registry.OtherAlive(name, attempt.AliveWaits*x.ackWait, bad) {
			return attempt.AliveRecently
		}
	}
	return attempt.AliveLongAgo
}

// namesWithout returns the names of the workers of which no process takes the number.
func namesWithout(present []worker.Status, takes func(*worker.Status) bool) map[string]bool {
	without := make(map[string]bool)
	for i := range present {
		without[present[i].Name] = true
	}
	for i := range present {
		if takes(&present[i]) {
			delete(without, present[i].Name)
		}
	}
	return without
}
