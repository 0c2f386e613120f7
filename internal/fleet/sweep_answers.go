package fleet

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A worker stores the finished numbers of a chunk on the way (worker/partial.go). If it dies, the chunk is queued
// again in pieces. Only the numbers without an answer are queued:
//
//	this process watches the job     positions that are verified or given up have an answer
//	else                             positions have one for which a worker that is not quarantined has stored a result
//
// The second is a claim. If it is false the result is refused, and the review of the job's holder finds the range
// missing. What is stored later than the listing is queued all the same, which costs repeated work.

// A sweptAnswers is which positions of a job stored results answer, as the sweeper has listed them.
type sweptAnswers struct {
	positions task.Set
	at        time.Time // of the listing
	due       time.Time // the next listing is made no earlier
}

const (
	maxAnswers   = 8                // listings that are kept
	answersLimit = sweepTimeout / 3 // of a listing
)

// answered reports whether there is a result of a worker that is not quarantined for exactly that range, whether such
// results cover the range, because workers join those of short tasks, or whether a watcher of this process has covered it.
// In a job with replicas a result alone is no answer.
func (s *sweeper) answered(ctx context.Context, j *task.Job, r task.Range) (bool, error) {
	if covers, ok := s.f.covers.Load(j.ID); ok && len(covers.(*coverage).missing(r)) == 0 {
		return true, nil
	}
	if j.Replicas > 1 {
		return false, nil
	}
	places, err := s.f.list(ctx, s.f.results, schema.ResultsPrefix+j.ID+"."+r.String()+".*")
	if err != nil {
		return false, err
	}
	trusted := s.trusted()
	if slices.ContainsFunc(places, func(p schema.Place) bool { return trusted(p.Worker) }) {
		return true, nil
	}
	return len(s.missing(ctx, j.ID)(r)) == 0, nil
}

// trusted returns whether results of a worker count: not if it is known to be quarantined.
func (s *sweeper) trusted() func(worker string) bool {
	trust, known := s.f.trust.current()
	return func(worker string) bool { return !known || !trust.Quarantined(worker) }
}

// unanswered returns the pieces of a range that was begun before, each cut to the span of its positions without an
// answer, without those that have none.
func (s *sweeper) unanswered(ctx context.Context, j *task.Job, pieces []task.Range) (left []task.Range) {
	missing := s.missing(ctx, j.ID)
	if _, watched := s.f.covers.Load(j.ID); j.Replicas > 1 && !watched { // then nothing is known to have two answers
		return pieces
	}
	for _, piece := range pieces {
		if gaps := missing(piece); len(gaps) > 0 {
			left = append(left, task.Span(gaps[0].First, gaps[len(gaps)-1].End()))
		}
	}
	return left
}

// missing returns a function that returns the parts of a range of the job without an answer.
func (s *sweeper) missing(ctx context.Context, job string) func(task.Range) []task.Range {
	if covers, ok := s.f.covers.Load(job); ok {
		return covers.(*coverage).missing
	}
	now := time.Now()
	a := s.answers[job]
	if a == nil || now.Sub(a.at) >= queueAge && !now.Before(a.due) {
		a = s.listAnswers(ctx, job, now)
		if len(s.answers) >= maxAnswers {
			clear(s.answers)
		}
		s.answers[job] = a
	}
	return func(r task.Range) []task.Range { return slices.Collect(a.positions.Gaps(r)) }
}

// listAnswers lists the results of a job. If that takes longer than answersLimit, or fails, no position counts as
// answered: to wait for it could hold up the returns of all jobs.
func (s *sweeper) listAnswers(ctx context.Context, job string, now time.Time) *sweptAnswers {
	a := &sweptAnswers{at: now}
	limited, cancel := context.WithTimeout(ctx, answersLimit)
	defer cancel()
	places, err := s.f.list(limited, s.f.results, resultsFilter(job))
	if err != nil {
		s.f.link.Log.Debug().Str("job", job).Err(err).Msg("cannot list the results of a job: numbers with an answer may be queued again")
	}
	trusted := s.trusted()
	for _, p := range places {
		if trusted(p.Worker) {
			a.positions.Add(p.Range)
		}
	}
	a.due = time.Now().Add(queueWait(time.Since(now)))
	return a
}

// A coverage is what one watcher of a job knows.
type coverage struct {
	missing func(task.Range) []task.Range
}

// KnowCovered tells the sweeper of this process which positions of a job are covered, until forget is called. missing
// returns the parts of a range that are neither verified nor given up. It is called by other goroutines.
func (f *Fleet) KnowCovered(job string, missing func(task.Range) []task.Range) (forget func()) {
	c := &coverage{missing}
	f.covers.Store(job, c)
	return func() { f.covers.CompareAndDelete(job, c) }
}
