package worker

import (
	"cmp"
	"slices"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// The answers of adjacent ranges of one job can be stored as one result: a result answers positions, and no reader of
// results compares its range with that of a task. A later delivery of one of the tasks, at this worker or another one,
// is stored under its own range, and is a duplicate.
//
// Only first attempts of first rounds are joined. If a joined result is refused, its range is queued again in another
// round. So what is wrong with one task costs the others at most one repetition.
const (
	joinCount = 1024      // most numbers of a joined result
	joinBytes = 128 << 10 // most bytes of the results that are joined; each has at most joinBytes/4
)

// joinable reports whether the result of d, which was computed, may be joined with others. Unfinished answers are claims of
// effort that others may audit: they stay in a result of their own.
func (d *Delivery) joinable() bool {
	o := &d.outcome
	return o.asked != nil && o.verdict == attempt.Answered && len(o.results) == 1 && o.results[0].r == d.Range &&
		len(o.results[0].data) <= joinBytes/4 && d.Range.Count <= joinCount && o.partial == nil &&
		len(o.returns) == 0 && len(o.failures) == 0 && o.letter == nil &&
		d.Attempt == 1 && d.Round == task.FirstRound && d.deaths == 0 && !d.urgent && !d.expendable && !d.last()
}

// noteAsked notes the numbers of the result that was just added to o, if it is the first one and all its answers are
// complete.
func (o *outcome) noteAsked(numbers []nat.Nat, items []task.Factorization) {
	o.asked = nil
	if len(o.results) != 1 || slices.ContainsFunc(items, func(f task.Factorization) bool { return f.Unfinished() }) {
		return
	}
	o.asked = numbers
}

// A run is deliveries of adjacent ranges of one job, in order, and their result.
type run struct {
	deliveries []*Delivery
	result     payload
}

// joinRuns sorts deliveries that may be joined by class, job and position, and divides them into runs.
func joinRuns(group []*Delivery) (runs []run) {
	slices.SortFunc(group, func(a, b *Delivery) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Job, b.Job), cmp.Compare(a.Range.First, b.Range.First))
	})
	for len(group) > 0 {
		first := group[0]
		n, count, size := 1, first.Range.Count, len(first.outcome.results[0].data)
		for n < len(group) && follows(group[n-1], group[n]) {
			count += group[n].Range.Count
			size += len(group[n].outcome.results[0].data)
			if count > joinCount || size > joinBytes {
				break
			}
			n++
		}
		runs, group = appendRuns(runs, group[:n]), group[n:]
	}
	return runs
}

// follows reports whether b is the delivery behind a in the same job.
func follows(a, b *Delivery) bool {
	return a.Class == b.Class && a.Job == b.Job && a.Range.End() == b.Range.First
}

// appendRuns appends a run of deliveries whose ranges are adjacent. Those whose tasks differ in more than their
// numbers each become a run of their own.
func appendRuns(runs []run, deliveries []*Delivery) []run {
	if len(deliveries) > 1 {
		if result, ok := join(deliveries); ok {
			return append(runs, run{deliveries, result})
		}
	}
	for i, d := range deliveries {
		runs = append(runs, run{deliveries[i : i+1], d.outcome.results[0]})
	}
	return runs
}

// join returns one result for the results of deliveries of adjacent ranges. It returns false if they differ in more
// than their numbers. Elapsed is the sum; the times of the origin are those of the first and the last one.
func join(deliveries []*Delivery) (payload, bool) {
	r := task.Span(deliveries[0].Range.First, deliveries[len(deliveries)-1].Range.End())
	joined := task.Result{Items: make([]task.Factorization, 0, r.Count)}
	numbers := make([]nat.Nat, 0, r.Count)
	parts := make([]*task.Result, 0, len(deliveries))
	for i, d := range deliveries {
		part, err := task.DecodeResult(d.outcome.results[0].data)
		if err != nil {
			return payload{}, false // never: this process has encoded it
		}
		if len(parts) == 0 {
			joined.Kind, joined.Worker, joined.Version, joined.Attempt, joined.Budget = part.Kind, part.Worker, part.Version, part.Attempt, part.Budget
		} else if part.Kind != joined.Kind || part.Budget != joined.Budget {
			return payload{}, false
		}
		joinOrigin(&joined.Origin, &part.Origin, i == 0, i == len(deliveries)-1)
		joined.Elapsed += part.Elapsed
		joined.Items = append(joined.Items, part.Items...)
		numbers = append(numbers, d.outcome.asked...)
		parts = append(parts, part)
	}
	joined.Asked = task.HashNumbers(numbers)
	data := joined.Encode()
	for _, part := range parts {
		part.Release()
	}
	return payload{r, data}, true
}
