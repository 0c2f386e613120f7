package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
)

// A message of a followed stream.
type followed struct {
	place
	seq  uint64
	data []byte
}

// followBatch bounds what is handed over at once.
const followBatch = 256

// follow calls got with the messages of the stream that match the filter, from the
// first stored on and as they come, in order, until ctx ends or got returns an error.
// Batches hold what has arrived. caughtUp is called once no stored message is left
// unseen, and again after more have come; it may be nil. got may keep the batch.
func (f *Fleet) follow(ctx context.Context, s jetstream.Stream, filter string, got func([]followed) error, caughtUp func()) error {
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}})
	if err != nil {
		return fmt.Errorf("follow %s: %w", filter, explain(err))
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(2*followBatch), jetstream.PullExpiry(5*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return fmt.Errorf("follow %s: %w", filter, explain(err))
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	if info := c.CachedInfo(); caughtUp != nil && info != nil && info.NumPending == 0 {
		caughtUp()
	}

	var batch []followed
	for {
		m, err := messages.Next()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return fmt.Errorf("follow %s: %w", filter, explain(err))
		case err != nil: // a missed heartbeat, a reset: the iterator goes on by itself
			f.log.Debug().Err(err).Str("filter", filter).Msg("follow")
			continue
		}
		seq, pending, ok := sequence(m.Reply())
		if p, err := parseSubject(m.Subject()); err == nil && ok {
			batch = append(batch, followed{place: p, seq: seq, data: m.Data()})
		}
		// More is on its way while the server says so; it is worth waiting for a batch.
		if pending > 0 && len(batch) < followBatch {
			continue
		}
		if len(batch) > 0 {
			if err := got(batch); err != nil {
				return err
			}
			batch = nil
		}
		if pending == 0 && caughtUp != nil {
			caughtUp()
		}
	}
}

// sequence reads the stream sequence and the number of messages still to come out of
// a reply subject; see deliveryCount for its forms.
func sequence(reply string) (seq, pending uint64, ok bool) {
	tokens := strings.Split(reply, ".")
	at := 5
	if len(tokens) >= 11 {
		at = 7
	}
	if len(tokens) < at+4 {
		return 0, 0, false
	}
	seq, err1 := strconv.ParseUint(tokens[at], 10, 64)
	pending, err2 := strconv.ParseUint(tokens[at+3], 10, 64)
	return seq, pending, err1 == nil && err2 == nil
}

// FollowResults calls got with the results of a job, stored and to come, until ctx
// ends or got returns an error. caughtUp is as for follow.
func (f *Fleet) FollowResults(ctx context.Context, job string, got func([]collect.Arrival) error, caughtUp func()) error {
	return f.follow(ctx, f.results, resultsPrefix+job+".*.*", func(batch []followed) error {
		arrivals := make([]collect.Arrival, len(batch))
		for i, m := range batch {
			arrivals[i] = collect.Arrival{Range: m.Range, Worker: m.Worker, Seq: m.seq, Data: m.data}
		}
		return got(arrivals)
	}, caughtUp)
}

// Result returns the payload of a result again.
func (f *Fleet) Result(ctx context.Context, seq uint64) ([]byte, error) {
	m, err := f.results.GetMsg(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("read result %d again: %w", seq, explain(err))
	}
	return m.Data, nil
}

// DropResult removes a result that is not to be believed, so that the worker's next
// one for the range can be stored.
func (f *Fleet) DropResult(ctx context.Context, seq uint64) error {
	if err := f.results.DeleteMsg(ctx, seq); err != nil && !isNotFound(err) {
		return fmt.Errorf("drop result %d: %w", seq, explain(err))
	}
	return nil
}

// LastResult returns the sequence of the job's last stored result, 0 if there is none.
func (f *Fleet) LastResult(ctx context.Context, job string) (uint64, error) {
	m, err := f.results.GetLastMsgForSubject(ctx, resultsPrefix+job+".>")
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
	return errors.Is(err, jetstream.ErrMsgNotFound) ||
		errors.As(err, &api) && (api.ErrorCode == codeMessageNotFound || api.ErrorCode == codeNoMessageFound)
}
