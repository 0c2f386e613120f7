package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A task that was delivered schema.MaxDeliver times and not settled stays in the queue, and the server
// delivers it to no worker. The sweeper learns of it in two ways:
//
//   - The server sends an advisory, once, at the next pull request. A sweeper requests a task itself if
//     no worker does.
//   - A probe searches for tasks whose advisory was lost: see exhausted_probe.go.
//
// The decision about the task is attempt.Exhausted, from the failure records of workers (failures.go). The task
// leaves the queue last.
//
// Life of an exhausted task:
//
//	delivery 3 lapses ──► advisory stored in FACTOR_RETURNS ──► sweeper reads task and durable
//	                                │ lost                        │
//	                                └──► probe ──────────────────►│ is it exhausted, for sure?
//	                                                              │ no: wait, or settled late: nothing
//	                                                              ▼
//	   several numbers, or one without enough evidence      one number that has failed at two workers,
//	                    │                                   or at the only one
//	                    │                                          │
//	            queued in the next round, split               dead letter of the sweeper
//	                    └──────────────► task removed ◄────────────┘
//
// A number waits, exhausted, if another worker was alive a moment ago and may come back.
//
// An advisory is a hint, never evidence: any client may publish one without credentials, and a task that
// an advisory names may still be computed. So the sweeper reads from the durable whether the task can
// be redelivered (isExhausted). An advisory of a task that can is redelivered itself, a few times.

// If more than manyReturns messages wait for the sweeper, it decides about an exhausted task at once. A worker that
// takes most tasks and settles none causes thousands of advisories, and the durable has at most 1000 messages that wait.
// A number that its worker settles late is then computed twice.
const manyReturns = 256

// processAdvisory executes the decision about an advisory. It returns after which delay the advisory is to
// be processed again; 0 = it is done with. attempt.Advisory bounds how often, by the deliveries of the
// advisory itself. The task is read twice: before the durable is read, to know its class, and after,
// because a task that is still stored then was not settled when the durable was read.
func (s *sweeper) processAdvisory(ctx context.Context, msg jetstream.Msg, meta *jetstream.MsgMetadata) (time.Duration, error) {
	var content struct {
		Seq uint64 `json:"stream_seq"`
	}
	if err := json.Unmarshal(msg.Data(), &content); err != nil || content.Seq == 0 {
		return 0, fmt.Errorf("%w: unreadable advisory", errVoid)
	}
	m, at, err := s.exhaustedTask(ctx, content.Seq)
	if m == nil || err != nil {
		return 0, err
	}
	a := attempt.Advisory{Count: at.Range.Count, Try: int(meta.NumDelivered)}
	if a.Exhausted, a.AckWait, err = s.isExhausted(ctx, m.Sequence, at.Class); err != nil {
		return 0, err
	}
	_, a.Further = furtherOf(m)
	if a.Exhausted && meta.NumPending > manyReturns {
		a.Try = math.MaxInt
	} else if a.Exhausted && a.Count == 1 {
		if a.Known, err = s.f.hasDivisor(ctx, at.Job, at.Range); err != nil {
			return 0, err
		}
	}
	switch do := a.Decide(); do.Action {
	case attempt.Wait:
		return do.Delay, nil
	case attempt.Conclude:
		// The task may have been settled just before the durable was read.
		if m, at, err = s.exhaustedTask(ctx, content.Seq); m == nil || err != nil {
			return 0, err
		}
		return s.conclude(ctx, m, at)
	default:
		return 0, nil
	}
}

// furtherOf returns what follows for the number of an exhausted task if it has attempts left.
func furtherOf(m *jetstream.RawStreamMsg) (attempt.Decision, bool) {
	most, _ := task.RulesOf(m.Data)
	return attempt.Further(schema.ParseSpent(m.Header.Get(schema.HeaderSpent)), most)
}

// exhaustedTask returns the task with that sequence; nil if it was settled late, or concluded before.
func (s *sweeper) exhaustedTask(ctx context.Context, seq uint64) (*jetstream.RawStreamMsg, schema.Place, error) {
	m, err := s.f.tasks.GetMsg(ctx, seq)
	if stream.IsNotFound(err) {
		return nil, schema.Place{}, nil
	}
	if err != nil {
		return nil, schema.Place{}, fmt.Errorf("read task %d: %w", seq, stream.Explain(err))
	}
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return nil, schema.Place{}, fmt.Errorf("%w: %w", errVoid, err)
	}
	return m, at, nil
}

// conclude executes the decision about an exhausted task and then removes the task from the queue, in this
// order (order 3 of the package). It returns after which delay to call it again; 0 = it is done. Precondition: the
// task is not delivered again. A task of a job that has ended, or whose input is missing, is only removed.
func (s *sweeper) conclude(ctx context.Context, m *jetstream.RawStreamMsg, at schema.Place) (time.Duration, error) {
	if wait, err := s.requeueOrGiveUp(ctx, m, at); wait > 0 || err != nil && !errors.Is(err, errVoid) {
		return wait, err
	}
	if err := s.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence); err != nil {
		return 0, fmt.Errorf("remove task %d: %w", m.Sequence, stream.Explain(err))
	}
	return 0, nil
}

// requeueOrGiveUp stores what follows from the exhaustion of a task: its ranges in the next round, or a
// dead letter. It returns after which delay to decide anew; 0 = it is done. For a job that has ended it stores
// nothing. The round comes from the time of the task, so that two sweepers queue the same messages.
func (s *sweeper) requeueOrGiveUp(ctx context.Context, m *jetstream.RawStreamMsg, at schema.Place) (time.Duration, error) {
	round := roundAfter(at.Round, m.Time)
	if at.Range.Count == 1 {
		if do, further := furtherOf(m); further {
			return 0, s.requeue(ctx, at, do, round)
		}
		return s.decide(ctx, at, round)
	}
	return 0, s.requeue(ctx, at, attempt.Exhausted(at.Range.Count, attempt.Evidence{}), round)
}
