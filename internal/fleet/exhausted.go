package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Tasks whose deliveries are exhausted stay in the queue for ever, and nobody gets them.
//
// The server says so with an advisory, once, when somebody asks for a task; a sweeper
// that is the only one left to ask does that itself. A lost advisory is found by looking
// at the durable: what lies at or below its ack floor is over; what lies above, among
// tasks in work, is known by the mark that a worker left when it began the last attempt.
//
// A single number is given up only if that mark is there. Without one the last delivery
// was lost before it began: the worker died of something else, or never had it. Such a
// number is queued again, for one delivery more.

// mostLost is how many last deliveries in a row may be lost before they began. It is
// there for workers that leave no marks.
const mostLost = 8

// exhausted deals with a task that was handed out three times and never settled. A
// single number is given up; of several, all but at most one are innocent, so they are
// queued again in pieces. The task leaves the queue last.
//
// Where there are no credentials anybody can send an advisory, so the durable is asked.
// After a few tries the task is left to the probe, which looks at all of them.
func (s *sweeper) exhausted(ctx context.Context, msg jetstream.Msg) (time.Duration, error) {
	var a struct {
		Seq uint64 `json:"stream_seq"`
	}
	if err := json.Unmarshal(msg.Data(), &a); err != nil || a.Seq == 0 {
		return 0, fmt.Errorf("%w: unreadable advisory", errVoid)
	}
	meta, err := msg.Metadata()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errVoid, err)
	}
	m, at, err := s.exhaustedTask(ctx, a.Seq)
	if m == nil || err != nil {
		return 0, err
	}
	over, err := s.f.isExhausted(ctx, m.Sequence, at.Class)
	again := meta.NumDelivered < advisoryTries
	switch {
	case err != nil:
		return 0, err
	case over && again && at.Range.Count == 1: // its worker may only be slow: one ack wait more
		wait, err := s.f.AckWait(ctx)
		return wait / (advisoryTries - 1), err
	case over:
		if m, at, err = s.exhaustedTask(ctx, a.Seq); m == nil || err != nil {
			return 0, err // settled a moment before the durable was asked
		}
		return 0, s.remove(ctx, m, at)
	case again:
		return advisoryDelay, nil
	}
	return 0, nil
}

// exhaustedTask returns the task with that sequence; nil if it was finished late, or
// dealt with before.
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

// isExhausted reports whether a task that is still in the queue, and that an advisory
// names, will never be handed out again. It may say so late, but never wrongly.
func (f *Fleet) isExhausted(ctx context.Context, seq uint64, class task.Class) (bool, error) {
	info, err := f.durable(ctx, class)
	if err != nil {
		return false, err
	}
	if seq <= over(info) {
		return true, nil
	}
	stranded, _, err := f.stranded(ctx, class)
	return stranded > 0, err
}

func (f *Fleet) durable(ctx context.Context, class task.Class) (*jetstream.ConsumerInfo, error) {
	c, err := f.tasks.Consumer(ctx, schema.Durable(class))
	if err != nil {
		return nil, fmt.Errorf("look at durable %s: %w", schema.Durable(class), stream.Explain(err))
	}
	return c.CachedInfo(), nil
}

// over returns the sequence at and below which a durable hands nothing out any more: its
// ack floor, or what it has handed out if none of that is unsettled. The floor that it
// tells is the stored one, which moves with acks alone.
func over(info *jetstream.ConsumerInfo) uint64 {
	if info.NumAckPending == 0 {
		return info.Delivered.Stream
	}
	return info.AckFloor.Stream
}

// stranded returns how many tasks of a class are exhausted, at least, and the tasks of
// the class: those that are there before and after the durable is asked, less what it
// has yet to hand out and what is unsettled.
func (f *Fleet) stranded(ctx context.Context, class task.Class) (int, map[task.Address]bool, error) {
	filter := schema.TasksPrefix + string(class) + ".>"
	before, err := f.list(ctx, f.tasks, filter)
	if err != nil {
		return 0, nil, err
	}
	info, err := f.durable(ctx, class)
	if err != nil {
		return 0, nil, err
	}
	after, err := f.list(ctx, f.tasks, filter)
	if err != nil {
		return 0, nil, err
	}
	there, both := make(map[task.Address]bool, len(after)), 0
	for _, p := range after {
		there[p.Address] = true
	}
	for _, p := range before {
		if there[p.Address] {
			both++
		}
	}
	return both - int(info.NumPending) - info.NumAckPending, there, nil
}

// remove gives an exhausted task up, or what it holds another chance, and takes it out
// of the queue.
func (s *sweeper) remove(ctx context.Context, m *jetstream.RawStreamMsg, at schema.Place) error {
	if err := s.conclude(ctx, m, at); err != nil && !errors.Is(err, errVoid) {
		return err
	}
	if err := s.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence); err != nil {
		return fmt.Errorf("remove task %d: %w", m.Sequence, stream.Explain(err))
	}
	return nil
}

func (s *sweeper) conclude(ctx context.Context, m *jetstream.RawStreamMsg, at schema.Place) error {
	round := roundAfter(at.Round, m.Time)
	if at.Range.Count > 1 {
		return s.requeue(ctx, at, at.Range.IsolationPieces(), round, 0)
	}
	mark, err := s.f.mark(ctx, at.Address)
	if err != nil {
		return err
	}
	if lost := schema.ParseSpent(m.Header.Get(schema.HeaderSpent)); mark == nil && lost < mostLost {
		return s.requeue(ctx, at, 1, round, max(lost+1, schema.MaxDeliver-1))
	}
	failure := &task.Failure{Class: at.Class, Attempt: schema.MaxDeliver, Err: errFellSilent}
	if t, err := task.DecodeTask(m.Data); err == nil {
		failure.Kind, failure.Numbers, failure.Budget, failure.Certify = t.Kind, t.Numbers, t.Budget, t.Certify
	}
	return s.f.bury(ctx, at.Job, at.Range, failure)
}

var errFellSilent = fmt.Sprintf("its worker died or fell silent on each of %d deliveries", schema.MaxDeliver)

// spare queues a number that a worker hands back for its last delivery. If that had
// begun before, in this round, it is given up, by the claim of that worker.
func (s *sweeper) spare(ctx context.Context, at schema.Place, round string) error {
	mark, err := s.f.mark(ctx, at.Address)
	if err != nil {
		return err
	}
	if mark == nil {
		return s.requeue(ctx, at, 1, round, schema.MaxDeliver-1)
	}
	if j, err := s.job(ctx, at.Job); err != nil || j == nil {
		return err
	}
	mark.Err, mark.Attempt, mark.Time = errFellSilent, schema.MaxDeliver, time.Now()
	return s.f.link.Store(ctx, message(schema.DeadSubject(at.Job, at.Range, at.Worker), mark.Encode()))
}

// mark returns the mark of the last attempt at a number in a round; nil if there is none.
func (f *Fleet) mark(ctx context.Context, a task.Address) (*task.Failure, error) {
	m, err := f.dead.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(schema.FailedSubject(a, schema.MaxDeliver, "*")))
	if stream.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the last attempt at %s %v: %w", a.Job, a.Range, stream.Explain(err))
	}
	mark, err := task.DecodeFailure(m.Data)
	if err != nil {
		return nil, nil // nobody honest's
	}
	return mark, nil
}

// A probe looks for exhausted tasks again and again, an ack wait apart.
type probe struct {
	sweeper
	floors map[task.Class]uint64       // as they were the last time: advisories have had their time
	marked map[task.Address]task.Class // tasks that looked exhausted the last time
}

// probe runs a probe until ctx ends.
func (f *Fleet) probe(ctx context.Context) {
	p := &probe{sweeper: sweeper{f: f, jobs: make(map[string]*sweptJob)}, floors: make(map[task.Class]uint64)}
	for {
		wait, err := f.AckWait(ctx)
		if err != nil {
			wait = schema.DefaultAckWait
		}
		if stream.Sleep(ctx, max(wait, time.Second)) != nil {
			return
		}
		suspects := make(map[task.Address]task.Class)
		for _, class := range task.Classes {
			if err := p.look(ctx, class, suspects); err != nil {
				f.link.Log.Debug().Err(err).Msg("look for exhausted tasks again")
			}
		}
		p.marked = suspects
	}
}

// look deals with the exhausted tasks of a class. If no worker is left it makes the
// server notice them: it does so only when somebody asks for a task. A request for at
// most one byte is answered with nothing and spends no delivery, of a stream with
// replicas neither.
func (p *probe) look(ctx context.Context, class task.Class, suspects map[task.Address]task.Class) error {
	info, err := p.f.durable(ctx, class)
	if err != nil {
		return err
	}
	if info.NumWaiting == 0 && info.NumAckPending > 0 {
		p.f.link.NC.PublishRequest(p.f.link.API+"CONSUMER.MSG.NEXT."+schema.StreamTasks+"."+schema.Durable(class), p.f.link.NC.NewInbox(),
			[]byte(`{"batch":1,"no_wait":true,"max_bytes":1}`))
	}
	floor := p.floors[class]
	p.floors[class] = over(info)
	if err := p.sweepBelow(ctx, class, floor); err != nil {
		return err
	}
	if info.NumAckPending == 0 || info.NumRedelivered == 0 {
		return nil // what is exhausted lies below the floor, or nothing is
	}
	return p.sweepMarked(ctx, class, suspects)
}

// sweepBelow deals with the tasks of a class that are at or below a floor of some
// time ago.
func (s *sweeper) sweepBelow(ctx context.Context, class task.Class, floor uint64) error {
	for seq := uint64(1); seq <= floor; {
		m, err := s.f.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(class)+".>"))
		if stream.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return stream.Explain(err)
		}
		if m.Sequence > floor {
			return nil
		}
		if err := s.removeAny(ctx, m); err != nil {
			return err
		}
		seq = m.Sequence + 1
	}
	return nil
}

// removeAny is remove also for what is nobody's task.
func (s *sweeper) removeAny(ctx context.Context, m *jetstream.RawStreamMsg) error {
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return s.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence)
	}
	return s.remove(ctx, m, at)
}

// sweepMarked deals with exhausted tasks of a class among others that are in work: if
// some are stranded, it is those whose last attempt was begun by a process that lives no
// more. It looks twice, an ack wait apart.
func (p *probe) sweepMarked(ctx context.Context, class task.Class, suspects map[task.Address]task.Class) error {
	stranded, there, err := p.f.stranded(ctx, class)
	if err != nil || stranded <= 0 {
		return err
	}
	marks, err := p.f.list(ctx, p.f.dead, schema.FailedPrefix+"*.*.*."+fmt.Sprint(schema.MaxDeliver)+".*")
	if err != nil || len(marks) == 0 {
		return err
	}
	workers, err := p.f.Workers(ctx)
	if err != nil {
		return err
	}
	for _, at := range marks {
		at.Class = class
		if !there[at.Address] {
			continue
		}
		mark, err := p.f.mark(ctx, at.Address)
		if err != nil {
			return err
		}
		if mark == nil || lives(workers, at.Worker, mark.Time) {
			continue
		}
		if suspects[at.Address] = class; p.marked[at.Address] != class {
			continue
		}
		m, err := p.f.tasks.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(schema.TaskSubject(at.Address)))
		if stream.IsNotFound(err) {
			continue
		}
		if err != nil {
			return stream.Explain(err)
		}
		if err := p.remove(ctx, m, at); err != nil {
			return err
		}
	}
	return nil
}

// lives reports whether a process of that worker shows that it lives and did so at a
// time in the past.
func lives(workers []worker.Status, name string, then time.Time) bool {
	for _, w := range workers {
		if w.Name == name && w.Started.Before(then) {
			return true
		}
	}
	return false
}
