package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
)

// FollowResults calls got with the results of a job, stored and to come, until ctx
// ends or got returns an error; last is the sequence up to which it has seen all.
// caughtUp is called once when no stored result is left unseen.
func (f *Fleet) FollowResults(ctx context.Context, job string, got func(arrivals []collect.Arrival, last uint64) error, caughtUp func()) error {
	return f.follow(ctx, source{stream: schema.StreamResults, filter: resultsFilter(job)}, func(batch []followed, last uint64) error {
		arrivals := make([]collect.Arrival, 0, len(batch))
		for _, m := range batch {
			if p, err := schema.ParseSubject(m.subject); err == nil { // else strange: nothing but last moves on
				arrivals = append(arrivals, collect.Arrival{Range: p.Range, Worker: p.Worker, Seq: m.seq, Data: m.data})
			}
		}
		return got(arrivals, last)
	}, caughtUp)
}

func resultsFilter(job string) string { return schema.ResultsPrefix + job + ".*.*" }

// Result returns the payload of a result again. A server that is away is waited for.
func (f *Fleet) Result(ctx context.Context, seq uint64) ([]byte, error) {
	var m *jetstream.RawStreamMsg
	err := f.Insist(ctx, func() (err error) {
		m, err = f.results.GetMsg(ctx, seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read result %d again: %w", seq, explain(err))
	}
	return m.Data, nil
}

// DropResult removes a result that is not to be believed, so that the worker's next
// one for the range can be stored.
func (f *Fleet) DropResult(ctx context.Context, seq uint64) error {
	err := f.Insist(ctx, func() error { return f.deleteMessage(ctx, schema.StreamResults, seq) })
	if err != nil {
		return fmt.Errorf("drop result %d: %w", seq, explain(err))
	}
	return nil
}

// LastResult returns the sequence of the job's last stored result, 0 if there is none. It
// asks the stream's leader: any other replica may be behind the listing that came before.
func (f *Fleet) LastResult(ctx context.Context, job string) (uint64, error) {
	info, err := f.results.Info(ctx)
	if err == nil && !leads(info) {
		err = errAlone
	}
	if err != nil {
		return 0, fmt.Errorf("look for results of job %s: %w", job, explain(err))
	}
	m := nats.NewMsg(f.api + "STREAM.MSG.GET." + schema.StreamResults)
	m.Data = fmt.Appendf(nil, `{"last_by_subj":%q}`, resultsFilter(job))
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Seq uint64 `json:"seq"`
		} `json:"message"`
	}
	reply, err := f.request(ctx, m)
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	if err == nil && answer.Error != nil {
		err = answer.Error
	}
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for results of job %s: %w", job, explain(err))
	}
	return answer.Message.Seq, nil
}

// isNotFound reports whether err says that a message is not there.
func isNotFound(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeMessageNotFound
}

// deleteMessage removes a message; it returns nil if it is gone already. The client
// library's DeleteMsg hides why it failed.
func (l *link) deleteMessage(ctx context.Context, stream string, seq uint64) error {
	m := nats.NewMsg(l.api + "STREAM.MSG.DELETE." + stream)
	m.Data = fmt.Appendf(nil, `{"seq":%d,"no_erase":true}`, seq)
	reply, err := l.request(ctx, m)
	if err != nil {
		return err
	}
	var answer struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return fmt.Errorf("unreadable answer to a deletion: %w", err)
	}
	if answer.Error == nil {
		return nil
	}
	switch answer.Error.ErrorCode {
	case jetstream.JSErrCodeMessageNotFound, codeNoMessageFound, codeSequenceNotFound:
		return nil
	}
	return answer.Error
}
