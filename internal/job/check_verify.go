package job

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

// verify checks the results on all cores. outcomes[i] belongs to arrivals[i].
//
// A worker may store any number of right results that overlap, each of which takes seconds to verify.
// So a result is not verified if its positions are answered: by the collector's results, by those of the
// last batch, which the loop may not have accepted yet, or by verified ones of this batch. The batch is
// verified in rounds, the longest ranges first. A result whose positions others of its round may answer
// waits for the next round, and is verified there if they were refused.
//
// In a job with replicas all results are checked: that takes no time, and positions are not answered by one of them.
//
// An exception is an answer that audits a claim of another worker, see auditor.
func (c *checker) verify(ctx context.Context, arrivals []collect.Arrival) (outcomes []outcome, refuted []refutation) {
	outcomes = make([]outcome, len(arrivals))
	var left []int // indices into arrivals
	for i := range arrivals {
		if a := &arrivals[i]; c.trust.Refuses(a.Worker, a.Seq) {
			outcomes[i].unread = true
		} else {
			left = append(left, i)
		}
	}
	left = c.bound(ctx, arrivals, outcomes, left)
	slices.SortStableFunc(left, func(i, j int) int { return cmp.Compare(arrivals[j].Range.Count, arrivals[i].Range.Count) })
	answered, fresh := c.recent, task.Set{}
	if c.replicas {
		c.verifyAll(ctx, arrivals, outcomes, left)
		return outcomes, nil
	}
	for len(left) > 0 {
		var round []int
		round, left = c.nextRound(arrivals, outcomes, left, &answered)
		c.verifyAll(ctx, arrivals, outcomes, round)
		for _, i := range round {
			if !arrivals[i].Again {
				c.charge(&arrivals[i], outcomes[i].took, &answered)
			}
			if outcomes[i].err == nil {
				answered.Add(arrivals[i].Range)
				fresh.Add(arrivals[i].Range)
				refuted = append(refuted, c.audits.note(&outcomes[i].checked)...)
			}
		}
	}
	c.recent = fresh
	return outcomes, refuted
}

// nextRound divides left into the results to verify now, and those that wait for them. It sets the
// outcome of the results in neither: all their positions are in answered.
func (c *checker) nextRound(arrivals []collect.Arrival, outcomes []outcome, left []int, answered *task.Set) (round, later []int) {
	var planned task.Set // answered, and what the round may answer
	planned.AddSet(answered)
	var audited task.Set // what the round may audit: one answer for each position
	for _, i := range left {
		r := arrivals[i].Range
		switch {
		case c.audits.wants(&arrivals[i]):
			if audited.Contains(r) {
				later = append(later, i)
				continue
			}
			arrivals[i].Again = true
			round = append(round, i)
			audited.Add(r)
		case r.Count == 0 || !planned.Contains(r): // without a position: it is refused
			round = append(round, i)
			planned.Add(r)
		case answered.Contains(r):
			outcomes[i].checked = collect.Duplicate(arrivals[i])
		default:
			later = append(later, i)
		}
	}
	return round, later
}

// verifyAll verifies the arrivals with the given indices on all cores.
func (c *checker) verifyAll(ctx context.Context, arrivals []collect.Arrival, outcomes []outcome, indices []int) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(indices)) {
		group.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(indices)); k = next.Add(1) - 1 {
				o := &outcomes[indices[k]]
				began := time.Now()
				o.checked, o.err = c.checkOne(ctx, arrivals[indices[k]])
				o.took = time.Since(began)
			}
		})
	}
	group.Wait()
}
