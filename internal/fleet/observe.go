package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// What an observer of the whole fleet reads. It follows FACTOR_JOBS and the heartbeats, which costs no requests, and
// reads leases one by one, because observers and producers may not follow FACTOR_LEASES.

// A Lease is what is seen of a lease of a job or a part.
type Lease struct {
	Holder   string            // one line of at most 300 bytes; "" = the lease is free
	Answered uint64            // numbers of the job that the holder has verified, if Counted
	Counted  bool              // the holder says how many
	Campaign *CampaignProgress // of a part; nil = its holder does not say
}

// Leases reads leases without a request for the bucket before each. It is safe for concurrent use.
type Leases struct {
	f      *Fleet
	bucket jetstream.Stream
}

// Leases binds to the bucket of leases.
func (f *Fleet) Leases(ctx context.Context) (*Leases, error) {
	bucket, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err != nil {
		return nil, fmt.Errorf("look at bucket %s: %w", schema.BucketLeases, stream.Explain(err))
	}
	return &Leases{f, bucket}, nil
}

// Own returns what this process says of a job or a part whose lease it holds, as it is at this moment; Holder is "". It sends
// no request. ok is false if this process does not hold the lease.
func (l *Leases) Own(key string) (x Lease, ok bool) {
	if !l.f.Holds(key) {
		return x, false
	}
	if c, found := l.f.answerCounts.Load(key); found {
		if n := c.(*answerCount).onePlus(); n > 0 {
			x.Answered, x.Counted = n-1, true
		}
	}
	if p, found := l.f.OwnCampaign(key); found {
		x.Campaign = &p
	}
	return x, true
}

// Read reads the lease of a job or a part with one small request; it may be some time old. A lease that was released is free.
func (l *Leases) Read(ctx context.Context, key string) (x Lease, err error) {
	m, err := l.bucket.GetLastMsgForSubject(ctx, schema.KeyPrefix(schema.BucketLeases)+key)
	if stream.IsNotFound(err) {
		return x, nil
	}
	if err != nil {
		return x, fmt.Errorf("look at the lease of %s: %w", key, stream.Explain(err))
	}
	if keyOf(m.Subject, m.Header, m.Data, m.Sequence, m.Time).value == nil {
		return x, nil
	}
	x.Holder = oneShortLine(string(m.Data))
	if n, err := strconv.ParseUint(m.Header.Get(schema.HeaderAnswered), 10, 64); err == nil {
		x.Answered, x.Counted = min(n, task.MaxPosition), true
	}
	var p CampaignProgress
	if text := m.Header.Get(schema.HeaderCampaign); text != "" && json.Unmarshal([]byte(text), &p) == nil {
		p.Phase = oneShortLine(p.Phase)
		x.Campaign = &p
	}
	return x, nil
}

// A Tally counts positions by job in the subjects of a stream. It lists the subjects only if the stream has changed,
// and no more than one part in listingShare of the time. It is for one goroutine.
type Tally struct {
	listing
	counts  map[string]*task.Set
	skipped bool // the stream has too many messages to be listed
}

// NewDeadTally returns a Tally of the numbers that were given up: the dead letters of the sweeper.
func (f *Fleet) NewDeadTally() *Tally {
	return &Tally{listing: listing{stream: f.dead, filter: schema.DeadPrefix + "*.*." + schema.Sweeper}}
}

// NewAnswerTally returns a Tally of the numbers that have an answer, verified or not. It lists the results only as long
// as few are stored of all jobs; else the holders of the jobs count them.
func (f *Fleet) NewAnswerTally() *Tally {
	return &Tally{listing: listing{stream: f.results, filter: schema.ResultsPrefix + "*.*.*", most: f.fewResults}}
}

// Look brings the counts up to date. An error means that they may be old.
func (t *Tally) Look(ctx context.Context) error {
	return t.look(ctx, func(subjects map[string]uint64) {
		t.counts, t.skipped = make(map[string]*task.Set), subjects == nil
		for subject := range subjects {
			p, err := schema.ParseSubject(subject)
			if err != nil {
				continue
			}
			if t.counts[p.Job] == nil {
				t.counts[p.Job] = new(task.Set)
			}
			t.counts[p.Job].Add(p.Range)
		}
	})
}

// Of returns how many positions of a job were listed; known is false before the first look, and if the stream has too
// many messages.
func (t *Tally) Of(job string) (n uint64, known bool) {
	if set := t.counts[job]; set != nil {
		n = set.Len()
	}
	return n, t.known && !t.skipped
}

// Listed returns the positions by job, as of the last look, and when they were listed on the clock of this process. They must
// not be modified; a later look makes others.
func (t *Tally) Listed() (positions map[string]*task.Set, at time.Time) { return t.counts, t.seen }

// Sum returns how many positions of all jobs were listed.
func (t *Tally) Sum() (n uint64) {
	for _, set := range t.counts {
		n += set.Len()
	}
	return n
}

// StoredCount returns how many numbers of a job are stored in FACTOR_INPUTS without a gap, from the first one on. It costs a
// listing of its blocks.
func (f *Fleet) StoredCount(ctx context.Context, job string) (uint64, error) {
	var stored task.Set
	places, err := f.list(ctx, f.inputs, schema.InputsPrefix+job+".*")
	for _, p := range places {
		if p.Range.Count <= task.MaxCount {
			stored.Add(p.Range)
		}
	}
	for r := range stored.Ranges() {
		if r.First == 0 {
			return r.Count, err
		}
		break
	}
	return 0, err
}

// FollowTrust returns what is held against workers, kept up to date until ctx ends. It stores nothing.
func (f *Fleet) FollowTrust(ctx context.Context) (*Trust, error) { return f.readTrust(ctx) }

// List returns the standings as Fleet.Standings does, without a request.
func (t *Trust) List() []Standing {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.listLocked()
}

// List returns the workers that are alive, and the names with more heartbeats than are read.
func (r *Registry) List() (list WorkerList) {
	r.look(func(o *roster) { list = WorkerList{o.list(), o.crowds()} })
	return list
}

// Each calls got with the parts of a range of a job that were listed. It reports whether the listing is known, as Of does.
func (t *Tally) Each(job string, within task.Range, got func(task.Range)) (known bool) {
	if set := t.counts[job]; set != nil {
		for r := range set.Within(within) {
			got(r)
		}
	}
	return t.known && !t.skipped
}

// A Readable says which contents the login of this process permits to read, as far as its credentials show. A server refuses
// another request without an answer, and the refusal ends the session of a program.
type Readable struct{ Inputs, Results, Letters bool }

// Readable returns what this process may read. An observer may count answers and dead letters, and not read them.
func (f *Fleet) Readable() Readable {
	allowed := publishOf(f.link.NC)
	may := func(subject string) bool {
		return len(allowed) == 0 || slices.ContainsFunc(allowed, func(pattern string) bool { return schema.Matches(pattern, subject) })
	}
	return Readable{
		Inputs:  may("$JS.API.DIRECT.GET." + schema.StreamInputs + "." + schema.InputsPrefix + "j.0-1"),
		Results: may("$JS.API.CONSUMER.CREATE." + schema.StreamResults + ".c." + resultsFilter("j")),
		Letters: may("$JS.API.CONSUMER.CREATE." + schema.StreamDead + ".c." + schema.DeadPrefix + "j.*.*"),
	}
}
