package fleet

import (
	"context"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// How many numbers of a job are answered is not a count that the server has: a result may be of 1 to 4096 numbers,
// and two workers may answer the same range. A listing of 300,000 results takes 2.4 s. So it is found as follows:
//
//	job                                              | the count is
//	done                                             | that of its manifest
//	few results are stored of all jobs, or few of    | that of the ranges of its results, which are listed
//	its numbers may be answered; or it was cancelled |
//	its holder says how many answers it has verified | the holder's, at most leaseTTL/3 old
//	none of these                                    | at most: all numbers that are not queued and not given up
//
// The last row counts a lost range as answered until a review finds it. A holder that is not trusted does not
// exist: workers cannot write leases.

// fewResults are listed by CountAnswered in less than a tenth of a second.
const fewResults = 20_000

// An AnswerCount is how many numbers of a job are answered.
type AnswerCount struct {
	Numbers uint64
	AtMost  bool // there may be fewer
}

// CountAnswered returns how many numbers of a job have an answer. queued is its backlog, stored how many of its
// numbers are stored, and dead how many of them are given up.
func (f *Fleet) CountAnswered(ctx context.Context, j *task.Job, queued *Backlog, stored, dead uint64) (AnswerCount, error) {
	if j.State == task.Done {
		return AnswerCount{Numbers: j.Verified}, nil
	}
	if j.Replicas > 1 {
		return f.countAgreed(ctx, j)
	}
	info, err := f.results.Info(ctx)
	if err != nil {
		return AnswerCount{}, fmt.Errorf("look at stream %s: %w", schema.StreamResults, stream.Explain(err))
	}
	most := notQueued(queued, stored, dead)
	if j.Finished() || info.State.Msgs <= f.fewResults || most.Numbers <= f.fewResults {
		answered, err := f.Answered(ctx, j.ID)
		return AnswerCount{Numbers: answered.Len()}, err
	}
	n, known, err := f.answeredByHolder(ctx, j.ID)
	if err != nil || known {
		return AnswerCount{Numbers: n}, err
	}
	return most, nil
}

// countAgreed is CountAnswered for a job of which each item needs the same answer of two workers. Without a holder that
// says how many have it, it counts those that two workers have answered: their answers may differ.
func (f *Fleet) countAgreed(ctx context.Context, j *task.Job) (AnswerCount, error) {
	n, known, err := f.answeredByHolder(ctx, j.ID)
	if err != nil || known {
		return AnswerCount{Numbers: n}, err
	}
	places, err := f.list(ctx, f.results, resultsFilter(j.ID))
	return AnswerCount{Numbers: answeredTwice(places), AtMost: true}, err
}

// answeredTwice returns how many positions have results of two workers.
func answeredTwice(places []schema.Place) uint64 {
	byWorker := make(map[string]*task.Set)
	for _, p := range places {
		if byWorker[p.Worker] == nil {
			byWorker[p.Worker] = new(task.Set)
		}
		byWorker[p.Worker].Add(p.Range)
	}
	var once, twice task.Set
	for _, ranges := range byWorker {
		for r := range ranges.Ranges() {
			for both := range once.Within(r) {
				twice.Add(both)
			}
		}
		once.AddSet(ranges)
	}
	return twice.Len()
}

// notQueued returns how many numbers of a job may be answered at most: those stored that are neither queued nor
// given up. In an open job it counts numbers that are not queued yet, too: nothing shows which these are.
func notQueued(queued *Backlog, stored, dead uint64) AnswerCount {
	waiting := dead
	for r := range queued.Ranges.Within(task.Span(0, stored)) {
		waiting += r.Count
	}
	return AnswerCount{Numbers: stored - min(stored, waiting), AtMost: true}
}

// answeredByHolder returns for how many numbers of a job its holder has verified answers. known is false if there
// is no holder, or if it has not read all results yet, or is of an earlier release.
func (f *Fleet) answeredByHolder(ctx context.Context, job string) (n uint64, known bool, _ error) {
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err != nil {
		return 0, false, fmt.Errorf("look at bucket %s: %w", schema.BucketLeases, stream.Explain(err))
	}
	m, err := s.GetLastMsgForSubject(ctx, schema.KeyPrefix(schema.BucketLeases)+job)
	if stream.IsNotFound(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look at the lease of job %s: %w", job, stream.Explain(err))
	}
	n, err = strconv.ParseUint(m.Header.Get(schema.HeaderAnswered), 10, 64)
	return n, err == nil, nil
}

// An answerCount is what the holder of a job says of its answers.
type answerCount struct{ onePlus func() uint64 }

// ShowAnswered has this process say in its lease of a job how many answers it has verified, until hide is called.
// onePlus returns 1 more than that count, and 0 as long as it is not known. It is called by other goroutines.
func (f *Fleet) ShowAnswered(job string, onePlus func() uint64) (hide func()) {
	c := &answerCount{onePlus}
	f.answerCounts.Store(job, c)
	return func() { f.answerCounts.CompareAndDelete(job, c) }
}

// leaseHeader returns the header of a renewed lease: what its holder says of the job or of the part.
func (f *Fleet) leaseHeader(key string) nats.Header {
	if h := f.campaignHeader(key); h != nil {
		return h
	}
	return f.answeredHeader(key)
}

// answeredHeader returns the header of a renewed lease of a job; nil if nothing is known.
func (f *Fleet) answeredHeader(key string) nats.Header {
	c, ok := f.answerCounts.Load(key)
	if !ok {
		return nil
	}
	n := c.(*answerCount).onePlus()
	if n == 0 {
		return nil
	}
	return nats.Header{schema.HeaderAnswered: {strconv.FormatUint(n-1, 10)}}
}
