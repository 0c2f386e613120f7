package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// The sweeper reads FACTOR_RETURNS: what workers hand back it queues again, and tasks
// whose deliveries are exhausted it dead-letters. It believes nobody: numbers come
// from FACTOR_INPUTS, the job from its manifest. A forged return costs repeated work,
// nothing else. Any number of sweepers may run; each step may be done twice.
type sweeper struct {
	f    *Fleet
	jobs map[string]*sweptJob // of late, so that a burst of returns reads each job once
}

type sweptJob struct {
	at       time.Time
	manifest *task.Job
	inputs   *Inputs
}

const (
	sweptJobAge      = time.Second
	advisoryDelay    = time.Second // before an advisory is believed or not once more
	advisoryTries    = 5
	unsupportedDelay = 5 * time.Second // before a task that nobody knew is queued again
	sweepTimeout     = 7 * time.Second // for one return: below the ack wait of the durable
)

// Sweep runs the sweeper until ctx ends.
func (f *Fleet) Sweep(ctx context.Context) error {
	var c jetstream.Consumer
	err := f.link.Retry(ctx, func() (err error) {
		c, err = f.returns.Consumer(ctx, schema.DurableSweeper)
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return stream.Missing("durable", schema.DurableSweeper, err)
	}
	// One at a time: what a process that is killed had been given comes to the others
	// only after the durable's ack wait.
	messages, err := c.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(5*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return fmt.Errorf("sweep: %w", stream.Explain(err))
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, func() {
		if f.link.NC.IsConnected() {
			messages.Drain() // what is on its way is handed back
		} else {
			messages.Stop()
		}
	})
	defer stop()
	go f.probe(ctx)

	s := &sweeper{f: f, jobs: make(map[string]*sweptJob)}
	for {
		m, err := messages.Next()
		switch {
		case err == nil && ctx.Err() != nil:
			m.Nak()
			continue
		case errors.Is(err, jetstream.ErrMsgIteratorClosed) && ctx.Err() == nil:
			return fmt.Errorf("sweep: %w", stream.Explain(err))
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return nil
		case err != nil:
			f.link.Log.Debug().Err(err).Msg("sweep")
			continue
		}
		s.settle(ctx, m)
	}
}

// settle does what one message asks for and acks it; a message that can't be served
// now comes again.
func (s *sweeper) settle(life context.Context, m jetstream.Msg) {
	ctx, cancel := context.WithTimeout(life, sweepTimeout)
	defer cancel()
	delay, err := s.sweep(ctx, m)
	switch {
	case life.Err() != nil && err == nil && delay == 0:
		m.Ack()
	case life.Err() != nil:
		m.Nak() // another sweeper's
	case delay > 0:
		m.NakWithDelay(delay)
	case err == nil:
		m.DoubleAck(ctx)
	case errors.Is(err, errVoid):
		s.f.link.Log.Warn().Str("subject", m.Subject()).Err(err).Msg("a return was dropped")
		m.DoubleAck(ctx)
	default:
		s.f.link.Log.Warn().Str("subject", m.Subject()).Err(err).Msg("sweep again in a while")
		m.NakWithDelay(2 * time.Second)
	}
}

func (s *sweeper) sweep(ctx context.Context, m jetstream.Msg) (time.Duration, error) {
	if strings.HasPrefix(m.Subject(), schema.AdvisoryPrefix) {
		return s.exhausted(ctx, m)
	}
	at, err := schema.ParseSubject(m.Subject())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	r, err := task.DecodeReturn(m.Data())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	meta, err := m.Metadata()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	if r.Reason == task.Unsupported && meta.NumDelivered == 1 {
		return unsupportedDelay, nil
	}
	round := roundAfter(at.Round, meta.Timestamp)
	if r.Reason == task.Postponed && at.Range.Count == 1 {
		return 0, s.spare(ctx, at, round)
	}
	return 0, s.requeue(ctx, at, uint64(r.Pieces), round, 0)
}

// roundAfter returns the round of what a message of the round before is queued as, the
// same each time: dealt with twice, it is queued once.
func roundAfter(before string, stored time.Time) string {
	round := task.NewRound(stored)
	if round == before {
		round = task.NewRound(stored.Add(time.Millisecond))
	}
	return round
}

// requeue queues the range of a job that goes on again, in pieces.
func (s *sweeper) requeue(ctx context.Context, at schema.Place, pieces uint64, round string, spent int) error {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return err
	}
	if r := at.Range; r.Count > task.MaxCount {
		return fmt.Errorf("%w: a range of %d numbers is no chunk", errVoid, r.Count)
	}
	err = s.f.requeue(ctx, j.manifest, j.inputs, at.Range.Pieces(pieces), round, spent)
	if errors.Is(err, collect.ErrNoInput) {
		return fmt.Errorf("%w: %w", errVoid, err)
	}
	return err
}

// job returns a job that goes on; nil for one that is over or was never there.
func (s *sweeper) job(ctx context.Context, id string) (*sweptJob, error) {
	if j := s.jobs[id]; j != nil && time.Since(j.at) < sweptJobAge {
		return j, nil
	}
	delete(s.jobs, id)
	manifest, err := s.f.Job(ctx, id)
	if errors.Is(err, ErrNoJob) || err == nil && manifest.Over() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	inputs, err := s.f.Inputs(ctx, id)
	if err != nil {
		return nil, err
	}
	clear(s.jobs) // one job at a time is what there is nearly always
	s.jobs[id] = &sweptJob{at: time.Now(), manifest: manifest, inputs: inputs}
	return s.jobs[id], nil
}
