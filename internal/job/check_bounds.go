package job

import (
	"context"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Results that are useless, though they may be right, cost the watcher work: more than a quarantine could
// prevent, because they are no strikes. So their number is bounded for each worker:
//
//	result                                          | costs                       | beyond the bound
//	for numbers that are not stored                 | decoding, a look for input  | removed unread
//	that overlaps answered positions, but not only  | verification                | removed unread
//	for answered positions only                     | nothing: it is not decoded  | a complaint
//	the same, but it audits a claim (audit.go)      | verification, once a claim  | it is useful
//
// What is removed brings a complaint, too. An honest worker, however fast, stays below: it gets no range
// whose numbers are not stored, and few that overlap answered ones, after a redelivery. Should one of its
// results be removed, the review finds the range missing.
//
// Each watch reads all results of its job again, those of days in seconds. So overlaps are not bounded by the clock:
//
//	verification of a worker's overlapping results <= overlapFree + that of its other results
var unknownShare = fleet.Share{Burst: 128, Rate: 4}

const overlapFree = 10 * time.Second // on one core

// manyDuplicates is how many results for answered positions a worker must have, and ten times as many as
// others, for a complaint. All results are read again by each watch, so there is no rate.
const manyDuplicates = 1000

// maxBounded is how many workers are counted; without credentials names are free to invent.
const maxBounded = 4096

// A usefulness is what a checker has seen of one worker.
type usefulness struct {
	unknown            fleet.Bucket
	overlap, other     time.Duration // verification of results that overlap answered positions, and of others
	useful, duplicates int
}

// of returns what was seen of a worker. With too many workers, all begin anew.
func (c *checker) of(worker string) *usefulness {
	u := c.workers[worker]
	if u == nil {
		if c.workers == nil || len(c.workers) >= maxBounded {
			c.workers = make(map[string]*usefulness)
		}
		u = new(usefulness)
		c.workers[worker] = u
	}
	return u
}

// bound returns the indices that are left after useless results beyond the bounds were taken out, whose
// outcomes it sets to dropped.
func (c *checker) bound(ctx context.Context, arrivals []collect.Arrival, outcomes []outcome, indices []int) (left []int) {
	if c.collector == nil { // a test's
		return indices
	}
	stored := c.storedFor(ctx, arrivals, indices)
	now := time.Now()
	var j *task.Job // read if it is needed
	for _, i := range indices {
		a := &arrivals[i]
		u := c.of(a.Worker)
		ok := true
		switch {
		case a.Range.End() > stored:
			_, ok = u.unknown.Take(now, unknownShare, 1)
		case c.audits.wants(a):
			u.useful++
		case c.collector.Covers(a.Range):
			if u.duplicates++; u.duplicates >= manyDuplicates && u.duplicates > 10*u.useful {
				c.trust.Complain(a.Worker, fleet.ComplaintResults)
				u.duplicates = 0
			}
		case c.collector.Overlaps(a.Range):
			ok = u.overlap < overlapFree+u.other
		default:
			u.useful++
		}
		if ok {
			left = append(left, i)
			continue
		}
		outcomes[i].dropped = true
		if j == nil && c.streams.fleet != nil {
			j, _ = c.streams.manifest(ctx)
		}
		if lost := j != nil && j.State != task.Open && a.Range.End() > stored && a.Range.End() <= j.Count; !lost {
			c.trust.Complain(a.Worker, fleet.ComplaintResults) // else the store has lost the numbers
		}
	}
	return left
}

// storedFor returns how many numbers are stored, as the results at the indices require: it looks for more
// input at most once. Input is stored before its tasks are queued, so what is not found then is not stored.
func (c *checker) storedFor(ctx context.Context, arrivals []collect.Arrival, indices []int) uint64 {
	stored := c.streams.inputs.Count()
	for _, i := range indices {
		if arrivals[i].Range.End() > stored {
			if err := c.streams.inputs.Reload(ctx); err != nil {
				c.log.Debug().Err(err).Msg("cannot look for input that was stored since")
			}
			return c.streams.inputs.Count()
		}
	}
	return stored
}

// charge counts the verification of a result.
func (c *checker) charge(a *collect.Arrival, took time.Duration, answered *task.Set) {
	if c.collector == nil {
		return
	}
	if u := c.of(a.Worker); answered.Overlaps(a.Range) || c.collector.Overlaps(a.Range) {
		u.overlap += took
	} else {
		u.other += took
	}
}
