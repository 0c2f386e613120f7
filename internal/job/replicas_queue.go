package job

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/task"
)

const (
	replicateEvery = 200 * time.Millisecond // between two looks for wanted ranges
	candidateEvery = 2 * time.Second        // between two looks for a worker that has not voted
)

// keepReplicating queues wanted ranges again while this process is the holder, until ctx ends.
func (s *streams) keepReplicating(ctx context.Context, l *loop) {
	tick := time.NewTicker(replicateEvery)
	defer tick.Stop()
	var next time.Time
	var b bucket
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Now().Before(next) {
			continue
		}
		wanted := stillMissing(l.replicas.take(), l.collector.Missing)
		left, wait, err := s.replicate(ctx, wanted, &b)
		if err != nil && ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Str("job", s.id).Msg("cannot queue items for a second worker, retrying")
		}
		l.replicas.taken(left)
		next = time.Now().Add(wait)
	}
}

// stillMissing returns the ranges of groups that are missing: others may have answered them meanwhile.
func stillMissing(groups []*votedGroup, missing func(task.Range) []task.Range) (list []collect.Split) {
	for _, g := range groups {
		for r := range g.ranges.Ranges() {
			for _, gap := range missing(r) {
				list = append(list, collect.Split{Range: gap, Workers: g.workers})
			}
		}
	}
	return list
}

// replicate queues wanted ranges of the job if it is active, as far as its rate permits. It returns those that are left,
// and how long to wait before the next look.
func (s *streams) replicate(ctx context.Context, wanted []collect.Split, b *bucket) (left []collect.Split, wait time.Duration, err error) {
	if len(wanted) == 0 {
		return nil, 0, nil
	}
	j, err := s.manifest(ctx)
	switch {
	case err != nil:
		return wanted, candidateEvery, err
	case j.Finished():
		return nil, 0, nil
	case j.Paused:
		return wanted, candidateEvery, nil
	}
	now, left, err := s.answerable(ctx, j, wanted)
	if err != nil {
		return wanted, candidateEvery, err
	}
	if len(left) > 0 {
		wait = candidateEvery
	}
	if j.Rate > 0 {
		b.fill(j.Rate, time.Now())
		var later []collect.Split
		if now, later = firstNumbers(now, uint64(max(b.tokens, 0))); len(later) > 0 {
			left, wait = append(left, later...), 0
		}
	}
	for len(now) > 0 {
		n, ranges, numbers := firstGroup(now)
		if err := s.fleet.Requeue(ctx, j, s.inputs, ranges, now[0].Workers...); err != nil {
			return append(left, now...), candidateEvery, err
		}
		b.tokens -= float64(numbers)
		now = now[n:]
	}
	return left, wait, nil
}

// answerable divides ranges of a job into those that a live worker can answer that has not voted, and the others.
func (s *streams) answerable(ctx context.Context, j *task.Job, list []collect.Split) (now, left []collect.Split, err error) {
	registry, err := s.fleet.Registry(ctx)
	if err != nil {
		return nil, list, err
	}
	trust, err := s.fleet.Trust(ctx)
	if err != nil {
		return nil, list, err
	}
	workers := registry.Names(j.Queue().Route(), trust.Quarantined)
	for _, part := range list {
		if slices.ContainsFunc(workers, func(name string) bool { return !slices.Contains(part.Workers, name) }) {
			now = append(now, part)
		} else {
			left = append(left, part)
		}
	}
	return now, left, nil
}

// firstNumbers divides ranges into those with the first n numbers, and the rest.
func firstNumbers(list []collect.Split, n uint64) (first, rest []collect.Split) {
	for _, part := range list {
		if count := min(n, part.Range.Count); count > 0 {
			n -= count
			first = append(first, collect.Split{Range: task.Range{First: part.Range.First, Count: count}, Workers: part.Workers})
			part.Range = task.Span(part.Range.First+count, part.Range.End())
		}
		if part.Range.Count > 0 {
			rest = append(rest, part)
		}
	}
	return first, rest
}

// firstGroup returns how many of the first ranges of a list, 1 or more, have the same voters, and these ranges.
func firstGroup(list []collect.Split) (n int, ranges []task.Range, numbers uint64) {
	for n < len(list) && slices.Equal(list[n].Workers, list[0].Workers) {
		ranges = append(ranges, list[n].Range)
		numbers += list[n].Range.Count
		n++
	}
	return n, ranges, numbers
}
