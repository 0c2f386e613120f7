package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
)

// A message of a followed stream.
type followed struct {
	place
	seq  uint64
	data []byte
}

// What is handed over at once, and what waits in this process: large messages, which
// strangers may have written, are bounded by their bytes.
const (
	followBatch = 256
	followBytes = 16 << 20
)

// How long a follower waits for what the server has announced before it asks what
// became of it: that may have been deleted meanwhile.
const (
	followLinger     = 100 * time.Millisecond
	followLingerMost = 5 * time.Second // above twice the heartbeat, so that a lost consumer is noticed
)

// follow calls got with the messages of the stream that match the filter, from the
// first stored on and as they come, in order, until ctx ends or got returns an error.
// Batches hold what has arrived, last is the sequence up to which that is all; got may
// keep the batch. caughtUp is called once when no stored message is left unseen; it
// may be nil.
func (f *Fleet) follow(ctx context.Context, s jetstream.Stream, filter string, got func(batch []followed, last uint64) error, caughtUp func()) error {
	var c jetstream.Consumer
	err := f.Insist(ctx, func() (err error) {
		c, err = s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}, InactiveThreshold: time.Minute})
		return err
	})
	if err != nil {
		return fmt.Errorf("follow %s: %w", filter, explain(err))
	}
	defer f.forgetConsumer(c)
	messages, err := c.Messages(jetstream.PullMaxBytes(followBytes), jetstream.PullExpiry(5*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return fmt.Errorf("follow %s: %w", filter, explain(err))
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	caught := false
	catchUp := func() {
		if !caught && caughtUp != nil {
			caughtUp()
		}
		caught = true
	}
	if info := c.CachedInfo(); info != nil && info.NumPending == 0 {
		catchUp()
	}

	var batch []followed
	var at position // of the last message
	size := 0       // bytes of batch
	linger := followLinger
	for {
		var wait []jetstream.NextOpt
		if len(batch) > 0 || !caught {
			wait = append(wait, jetstream.NextMaxWait(linger))
		}
		m, err := messages.Next(wait...)
		silent := errors.Is(err, nats.ErrTimeout)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return fmt.Errorf("follow %s: %w", filter, explain(err))
		case silent:
			at.pending = 0 // for now
		case err != nil: // a missed heartbeat, a reset: the iterator goes on by itself
			f.log.Debug().Err(err).Str("filter", filter).Msg("follow")
			continue
		default:
			linger = followLinger
			at = positionOf(m.Reply())
			if p, err := parseSubject(m.Subject()); err == nil {
				batch = append(batch, followed{place: p, seq: at.seq, data: m.Data()})
				size += len(m.Data())
			}
		}
		// More is on its way while the server says so; it is worth waiting for a batch.
		if at.pending > 0 && len(batch) < followBatch && size < followBytes {
			continue
		}
		if !silent || len(batch) > 0 {
			if err := got(batch, at.seq); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		switch {
		case caught || at.pending > 0:
		case !silent:
			catchUp()
		default:
			if info, err := c.Info(ctx); err == nil && info.NumPending == 0 && info.Delivered.Consumer <= at.delivered {
				catchUp()
			}
			linger = min(2*linger, followLingerMost)
		}
	}
}

// forgetConsumer tells the server that nobody reads from c any more, without waiting:
// else it would keep it for a while, and a stream has only so many.
func (f *Fleet) forgetConsumer(c jetstream.Consumer) {
	if info := c.CachedInfo(); info != nil {
		f.nc.PublishRequest(f.api+"CONSUMER.DELETE."+info.Stream+"."+info.Name, nats.NewInbox(), nil)
	}
}

// A position is what the reply subject of a delivered message tells.
type position struct {
	seq       uint64 // in the stream
	delivered uint64 // how many messages the consumer has handed out
	pending   uint64 // how many are still to come
}

// positionOf reads a reply subject; see deliveryCount for its forms.
func positionOf(reply string) (p position) {
	tokens := strings.Split(reply, ".")
	first := 5
	if len(tokens) >= 11 {
		first = 7
	}
	if len(tokens) < first+4 {
		return p
	}
	p.seq, _ = strconv.ParseUint(tokens[first], 10, 64)
	p.delivered, _ = strconv.ParseUint(tokens[first+1], 10, 64)
	p.pending, _ = strconv.ParseUint(tokens[first+3], 10, 64)
	return p
}

// FollowResults calls got with the results of a job, stored and to come, until ctx
// ends or got returns an error; last is the sequence up to which it has seen all.
// caughtUp is called once when no stored result is left unseen.
func (f *Fleet) FollowResults(ctx context.Context, job string, got func(arrivals []collect.Arrival, last uint64) error, caughtUp func()) error {
	return f.follow(ctx, f.results, resultsFilter(job), func(batch []followed, last uint64) error {
		arrivals := make([]collect.Arrival, len(batch))
		for i, m := range batch {
			arrivals[i] = collect.Arrival{Range: m.Range, Worker: m.Worker, Seq: m.seq, Data: m.data}
		}
		return got(arrivals, last)
	}, caughtUp)
}

func resultsFilter(job string) string { return resultsPrefix + job + ".*.*" }

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
	err := f.Insist(ctx, func() error { return f.deleteMessage(ctx, StreamResults, seq) })
	if err != nil {
		return fmt.Errorf("drop result %d: %w", seq, explain(err))
	}
	return nil
}

// LastResult returns the sequence of the job's last stored result, 0 if there is none.
func (f *Fleet) LastResult(ctx context.Context, job string) (uint64, error) {
	m, err := f.results.GetLastMsgForSubject(ctx, resultsFilter(job))
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for results of job %s: %w", job, explain(err))
	}
	return m.Sequence, nil
}

// isNotFound reports whether err says that a message is not there.
func isNotFound(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api) && api.ErrorCode == codeMessageNotFound
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
	case codeMessageNotFound, codeNoMessageFound, codeSequenceNotFound:
		return nil
	}
	return answer.Error
}
