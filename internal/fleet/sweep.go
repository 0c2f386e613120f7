package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A sweeper processes FACTOR_RETURNS. It queues the ranges that workers return, and decides about
// tasks whose deliveries are exhausted; package attempt has the rules.
//
// It takes no worker's word for content: numbers come from FACTOR_INPUTS, job settings from the
// manifest. A return of a range that is queued or answered is dropped, and each worker has a share of the
// sweeper: see sweep_check.go and sweep_pace.go. Any number of sweepers may run, because each step may be
// done twice. They share one durable, so that each message has one reader at a time.
//
// Life of a return:
//
//	worker stores it, acks its task ──► FACTOR_RETURNS ──► sweeper: package attempt decides
//	                                        ▲                 │
//	                                        │ nak with delay  ├── wait ─────────────┐
//	                                        └─────────────────┼─────────────────────┘
//	                                                          ├── queued, answered or too many: a complaint
//	                                                          ├── requeue: stores tasks of the next round
//	                                                          ├── give up: stores a dead letter
//	                                                          └── job ended, or message invalid: nothing
//	                                                          then acks, which removes the return
//
// A sweeper that dies between storing and acking leaves the return, which is redelivered after
// schema.SweepAckWait and stores nothing new. There is no limit of deliveries: a range must not be lost
// because the server had no room for its tasks.
//
// The goroutine that runs it owns all fields.
type sweeper struct {
	f        *Fleet
	failures *Failures
	jobs     map[string]*sweptJob     // recently used, so that a burst of returns reads each job once; at most maxSwept
	queues   map[string]*sweptQueue   // the same for queues; at most maxQueues
	answers  map[string]*sweptAnswers // the same for results; at most maxAnswers
	returned map[string]*Bucket       // numbers that were returned of jobs with a rate; at most maxThrottled
	paces    paces
	stranded map[task.Class]strandedCount

	saidLarge time.Time // when it was last said that no worker accepts a number
	saidLeft  time.Time // when it was last said that a worker leaves ranges to others

	leavings    leavings
	saidAllLeft time.Time // when it was last said that all workers have left a range to others

	depth   uint64 // of FACTOR_TASKS when last seen, plus what was queued since
	depthAt time.Time
}

const (
	// sweepTimeout is for one message. It is below schema.SweepAckWait, so that a message which this
	// sweeper still processes is not delivered to another.
	sweepTimeout = 7 * time.Second

	sweepRetry = 2 * time.Second // before a message that could not be processed is redelivered
)

// newSweeper returns a sweeper for one goroutine.
func newSweeper(x *Failures) *sweeper {
	return &sweeper{f: x.f, failures: x, jobs: make(map[string]*sweptJob), queues: make(map[string]*sweptQueue),
		answers: make(map[string]*sweptAnswers), returned: make(map[string]*Bucket), paces: make(paces), stranded: make(map[task.Class]strandedCount), leavings: make(leavings)}
}

// Sweep runs a sweeper, and the searches for exhausted and stuck tasks and for forgotten pull requests, until ctx
// ends, which is no error. It returns an error if the durable is missing or the connection is closed. When ctx
// ends, the message that is processed is given up, and messages that the server has sent meanwhile are nak'ed, so
// that another sweeper has them at once.
func (f *Fleet) Sweep(ctx context.Context) error {
	err := f.link.Retry(ctx, func() error {
		_, err := f.returns.Consumer(ctx, schema.DurableSweeper)
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return stream.NotProvisioned("durable", schema.DurableSweeper, err)
	}
	failures, err := f.Failures(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	go f.probe(ctx, failures)
	go f.watchStuck(ctx, failures)
	go f.watchForgotten(ctx, failures.registry.Workers)
	return newSweeper(failures).run(ctx)
}

// run processes messages until ctx ends.
func (s *sweeper) run(ctx context.Context) error {
	for pause := stream.NewPause(); ; {
		err := s.next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case s.f.link.NC.IsClosed():
			return fmt.Errorf("sweep: %w", natsconn.ErrClosed)
		case err == nil:
			pause = stream.NewPause()
		default:
			s.f.link.Log.Debug().Err(err).Msg("cannot read the next return")
			if pause.Wait(ctx) != nil {
				return nil
			}
		}
	}
}

// settle processes one message and acks it. A message that cannot be processed now is redelivered. life
// is the context of the sweeper: when it ends, another sweeper receives the message.
func (s *sweeper) settle(life context.Context, m jetstream.Msg) {
	ctx, cancel := context.WithTimeout(life, sweepTimeout)
	defer cancel()
	delay, err := s.process(ctx, m)
	switch {
	case err == nil && delay == 0:
		m.Ack() // if it is lost, the message is processed twice
	case life.Err() != nil:
		m.Nak()
	case delay > 0:
		m.NakWithDelay(delay)
	case errors.Is(err, errDropped): // if the ack is lost, it is dropped again
		s.f.link.Log.Debug().Str("subject", m.Subject()).Err(err).Msg("return dropped")
		m.Ack()
	case errors.Is(err, errVoid):
		s.f.link.Log.Warn().Str("subject", m.Subject()).Err(err).Msg("invalid return dropped")
		m.DoubleAck(ctx)
	default:
		s.f.link.Log.Warn().Str("subject", m.Subject()).Err(err).Msg("cannot process a return, retrying")
		m.NakWithDelay(sweepRetry)
	}
}

// process executes the decision about one message. It returns after which delay the message is to be
// redelivered; 0 = it is done. An error that wraps errVoid or errDropped means that no retry can help.
func (s *sweeper) process(ctx context.Context, m jetstream.Msg) (time.Duration, error) {
	meta, err := m.Metadata()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	if strings.HasPrefix(m.Subject(), schema.AdvisoryPrefix) {
		return s.processAdvisory(ctx, m, meta)
	}
	return s.processReturn(ctx, m, meta)
}
