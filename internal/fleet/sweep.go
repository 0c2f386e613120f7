package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
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
	unsupportedDelay = 5 * time.Second  // before a task that nobody knew is queued again
	sweepAckWait     = 10 * time.Second // of the durable
	sweepTimeout     = 7 * time.Second  // for one return: below that
)

// Sweep runs the sweeper until ctx ends.
func (f *Fleet) Sweep(ctx context.Context) error {
	var c jetstream.Consumer
	err := f.Insist(ctx, func() (err error) {
		c, err = f.returns.Consumer(ctx, DurableSweeper)
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return missing("durable", DurableSweeper, err)
	}
	// One at a time: what a process that is killed had been given comes to the others
	// only after the durable's ack wait.
	messages, err := c.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(5*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return fmt.Errorf("sweep: %w", explain(err))
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, func() {
		if f.nc.IsConnected() {
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
			return fmt.Errorf("sweep: %w", explain(err))
		case errors.Is(err, jetstream.ErrMsgIteratorClosed):
			return nil
		case err != nil:
			f.log.Debug().Err(err).Msg("sweep")
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
		s.f.log.Warn().Str("subject", m.Subject()).Err(err).Msg("a return was dropped")
		m.DoubleAck(ctx)
	default:
		s.f.log.Warn().Str("subject", m.Subject()).Err(err).Msg("sweep again in a while")
		m.NakWithDelay(2 * time.Second)
	}
}

// errVoid is wrapped by what makes a message meaningless: it is dropped.
var errVoid = errors.New("void")

func (s *sweeper) sweep(ctx context.Context, m jetstream.Msg) (time.Duration, error) {
	if strings.HasPrefix(m.Subject(), advisoryPrefix) {
		return s.exhausted(ctx, m)
	}
	at, err := parseSubject(m.Subject())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	r, err := task.DecodeReturn(m.Data())
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	if meta, err := m.Metadata(); r.Reason == task.Unsupported && err == nil && meta.NumDelivered == 1 {
		return unsupportedDelay, nil
	}
	deliveries := 0
	if r.Reason == task.Spared && at.Range.Count == 1 {
		deliveries = maxDeliver - 1 // it has one left
	}
	return 0, s.requeue(ctx, at.Job, at.Range, uint64(r.Pieces), deliveries)
}

// requeue queues a range of a job that goes on again, in pieces.
func (s *sweeper) requeue(ctx context.Context, id string, r task.Range, pieces uint64, spent int) error {
	j, err := s.job(ctx, id)
	if err != nil || j == nil {
		return err
	}
	if r.Count > task.MaxCount {
		return fmt.Errorf("%w: a range of %d numbers is no chunk", errVoid, r.Count)
	}
	err = s.f.requeue(ctx, j.manifest, j.inputs, r.Pieces(pieces), spent)
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

// exhausted deals with a task that was handed out three times and never settled. A
// single number is dead-lettered; of several, all but at most one are innocent, so
// they are queued again in pieces. The task leaves the queue last.
//
// Where there are no credentials anybody can send an advisory, so the durable is asked.
// As long as an older task is not settled it can't tell; after a few tries the task
// is left to the probe, which looks at all of them now and then.
func (s *sweeper) exhausted(ctx context.Context, msg jetstream.Msg) (time.Duration, error) {
	var a struct {
		Seq uint64 `json:"stream_seq"`
	}
	if err := json.Unmarshal(msg.Data(), &a); err != nil || a.Seq == 0 {
		return 0, fmt.Errorf("%w: unreadable advisory", errVoid)
	}
	m, err := s.f.tasks.GetMsg(ctx, a.Seq)
	if isNotFound(err) {
		return 0, nil // finished late, or dealt with before
	}
	if err != nil {
		return 0, fmt.Errorf("read task %d: %w", a.Seq, explain(err))
	}
	switch over, err := s.f.isExhausted(ctx, m); {
	case err != nil:
		return 0, err
	case over:
		if m, err = s.f.tasks.GetMsg(ctx, a.Seq); isNotFound(err) {
			return 0, nil // settled a moment before the durable was asked
		}
		if err != nil {
			return 0, fmt.Errorf("read task %d: %w", a.Seq, explain(err))
		}
		return 0, s.remove(ctx, m, maxDeliver)
	}
	if meta, err := msg.Metadata(); err == nil && meta.NumDelivered < advisoryTries {
		return advisoryDelay, nil
	}
	return 0, nil
}

// isExhausted reports whether a task that is still in the queue will never be handed
// out again. It may say so late, but never wrongly: what is below the durable's ack
// floor, or was handed out when nothing is unsettled, is over.
func (f *Fleet) isExhausted(ctx context.Context, m *jetstream.RawStreamMsg) (bool, error) {
	at, err := parseSubject(m.Subject)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errVoid, err)
	}
	c, err := f.tasks.Consumer(ctx, Durable(at.Class))
	if err != nil {
		return false, fmt.Errorf("look at durable %s: %w", Durable(at.Class), explain(err))
	}
	info := c.CachedInfo()
	return m.Sequence <= info.AckFloor.Stream || info.NumAckPending == 0 && m.Sequence <= info.Delivered.Stream, nil
}

// remove gives an exhausted task up and takes it out of the queue.
func (s *sweeper) remove(ctx context.Context, m *jetstream.RawStreamMsg, deliveries int) error {
	if err := s.giveUp(ctx, m, deliveries); err != nil && !errors.Is(err, errVoid) {
		return err
	}
	if err := s.f.deleteMessage(ctx, StreamTasks, m.Sequence); err != nil {
		return fmt.Errorf("remove task %d: %w", m.Sequence, explain(err))
	}
	return nil
}

func (s *sweeper) giveUp(ctx context.Context, m *jetstream.RawStreamMsg, deliveries int) error {
	at, err := parseSubject(m.Subject)
	if err != nil {
		return nil // nobody's task
	}
	if at.Range.Count > 1 {
		return s.requeue(ctx, at.Job, at.Range, at.Range.IsolationPieces(), 0)
	}
	failure := &task.Failure{
		Class: at.Class, Attempt: uint32(deliveries),
		Err: fmt.Sprintf("its worker died or fell silent on each of %d deliveries", deliveries),
	}
	if t, err := task.DecodeTask(m.Data); err == nil {
		failure.Kind, failure.Numbers, failure.Budget = t.Kind, t.Numbers, t.Budget
	}
	return s.f.bury(ctx, at.Job, at.Range, failure)
}

// probe makes the server notice exhausted tasks when no worker is left: it does so
// only when somebody asks for a task. A request for at most one byte is answered
// with nothing and spends no delivery, of a stream with replicas neither.
//
// It also finds the tasks whose advisory was lost: what lies at or below the ack floor
// of its durable, or was handed out when nothing is unsettled, and is still there will
// never be handed out again. What lies among unsettled tasks is found once one of the
// class is settled: the server counts it as unsettled no longer, but the floor that it
// tells is the stored one, which moves with acks alone.
func (f *Fleet) probe(ctx context.Context) {
	s := &sweeper{f: f, jobs: make(map[string]*sweptJob)}
	floors := make(map[task.Class]uint64) // as they were one ack wait ago: advisories have had their time
	for {
		wait, err := f.AckWait(ctx)
		if err != nil {
			wait = DefaultAckWait
		}
		if sleep(ctx, max(wait, time.Second)) != nil {
			return
		}
		for _, class := range task.Classes {
			c, err := f.tasks.Consumer(ctx, Durable(class))
			if err != nil {
				continue
			}
			info := c.CachedInfo()
			if info.NumWaiting == 0 && info.NumAckPending > 0 {
				f.nc.PublishRequest(f.api+"CONSUMER.MSG.NEXT."+StreamTasks+"."+Durable(class), nats.NewInbox(),
					[]byte(`{"batch":1,"no_wait":true,"max_bytes":1}`))
			}
			if err := s.sweepBelow(ctx, class, floors[class]); err != nil {
				f.log.Debug().Err(err).Msg("look for exhausted tasks again")
			}
			floors[class] = info.AckFloor.Stream
			if info.NumAckPending == 0 { // the floor moves with acks alone
				floors[class] = info.Delivered.Stream
			}
		}
	}
}

// sweepBelow deals with the tasks of a class that are at or below a floor of some
// time ago.
func (s *sweeper) sweepBelow(ctx context.Context, class task.Class, floor uint64) error {
	for seq := uint64(1); seq <= floor; {
		m, err := s.f.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(tasksPrefix+string(class)+".>"))
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		if m.Sequence > floor {
			return nil
		}
		if err := s.remove(ctx, m, maxDeliver); err != nil {
			return err
		}
		seq = m.Sequence + 1
	}
	return nil
}
