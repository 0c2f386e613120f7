package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// FACTOR_RESULTS holds the first result of each worker for each range; the server refuses a second
// one. A result is never changed. It is removed if it does not verify, so that its worker can
// answer again, or with its job.
//
//	worker stores it ──► watcher verifies it ──┬── true: printed; stays until its job is removed
//	  (first for its                           ├── true, but a duplicate: ignored, stays
//	   worker and range)                       └── refused: strike for the worker, removed
//
// A stored result proves nothing: a worker may lie. So what is listed here is never counted as covered.

// FollowResults calls got with the results of a job, those stored and those that come later, until
// ctx ends or got returns an error. last is the sequence up to which got has had all results.
// caughtUp is called once, when got has had every result that is stored.
func (f *Fleet) FollowResults(ctx context.Context, job string, got func(arrivals []collect.Arrival, last uint64) error, caughtUp func()) error {
	return f.link.Follow(ctx, stream.Source{Stream: schema.StreamResults, Filter: resultsFilter(job)}, func(batch []stream.Message, last uint64) error {
		arrivals := make([]collect.Arrival, 0, len(batch))
		for _, m := range batch {
			if p, err := schema.ParseSubject(m.Subject); err == nil { // else it is no result: only last advances
				arrivals = append(arrivals, collect.Arrival{Range: p.Range, Worker: p.Worker, Seq: m.Seq, Stored: m.Stored, Data: m.Data})
			}
		}
		return got(arrivals, last)
	}, caughtUp)
}

// resultsFilter selects the results of a job.
func resultsFilter(job string) string { return schema.ResultsPrefix + job + ".*.*" }

// Result returns the payload of a result, and when it was stored. It waits for a server that is unreachable. The collector reads
// results again that it does not keep in memory, to print them in the order of the input.
func (f *Fleet) Result(ctx context.Context, seq uint64) ([]byte, time.Time, error) {
	var m *jetstream.RawStreamMsg
	err := f.link.Retry(ctx, func() (err error) {
		m, err = f.results.GetMsg(ctx, seq)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read result %d again: %w", seq, stream.Explain(err))
	}
	return m.Data, m.Time, nil
}

// dropResult removes a result. One that another watcher has removed is no error.
func (f *Fleet) dropResult(ctx context.Context, seq uint64) error {
	err := f.link.Retry(ctx, func() error { return f.link.DeleteMessage(ctx, schema.StreamResults, seq) })
	if err != nil {
		return fmt.Errorf("drop result %d: %w", seq, stream.Explain(err))
	}
	return nil
}

// LastResult returns the sequence of the job's last stored result, 0 if there is none. It reads
// from the stream's leader: any other replica may be behind the listing that came before.
func (f *Fleet) LastResult(ctx context.Context, job string) (uint64, error) {
	info, err := f.results.Info(ctx)
	if err == nil && !stream.HasQuorum(info) {
		err = stream.ErrNoQuorum
	}
	if err != nil {
		return 0, fmt.Errorf("look for results of job %s: %w", job, stream.Explain(err))
	}
	m := nats.NewMsg(f.link.API + "STREAM.MSG.GET." + schema.StreamResults)
	m.Data = fmt.Appendf(nil, `{"last_by_subj":%q}`, resultsFilter(job))
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Seq uint64 `json:"seq"`
		} `json:"message"`
	}
	reply, err := f.link.Request(ctx, m)
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	if err == nil && answer.Error != nil {
		err = answer.Error
	}
	if stream.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for results of job %s: %w", job, stream.Explain(err))
	}
	return answer.Message.Seq, nil
}

// DropResults removes results that did not verify, so that their workers' next results for the same
// ranges can be stored.
func (f *Fleet) DropResults(ctx context.Context, seqs []uint64) error {
	errs := make([]error, len(seqs))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(64, len(seqs)) { // round trips that overlap
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(seqs)); i = next.Add(1) - 1 {
				errs[i] = f.dropResult(ctx, seqs[i])
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the other errors have the same cause
		}
	}
	return nil
}
