package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A probe searches for exhausted tasks whose advisory was lost, once in each ack wait. It concludes two
// sorts of tasks:
//
//   - Tasks at or below the ack floor of their durable, as it was in the round before: advisories have
//     had time to arrive.
//   - Tasks above it, among tasks that run, with a last-attempt record of a process that does not live
//     any more. It concludes them when it finds them in two rounds.
//
// An advisory is lost if the server dies between the last delivery and the next pull request, or if
// FACTOR_RETURNS is full. Two rounds, an ack wait apart, exclude a task whose state was read while it
// changed: a delivery that is alive has sent a heartbeat meanwhile, or was settled.
//
// Each process that sweeps has a probe. That several conclude the same task is harmless: see package fleet.
//
// The goroutine of Fleet.probe owns all fields. A probe has a sweeper of its own, because the other one
// processes messages at the same time.
type probe struct {
	*sweeper
	floors   map[task.Class]uint64       // endedBelow in the round before
	suspects map[task.Address]task.Class // tasks of the second sort in the round before
	waiting  *waitingWatch
	counted  uint64 // tasks that the durables count, in this round
	surplus  uint64 // messages beyond these at the last listing, or fewer since

	largePatience time.Duration // largePatience, but for tests
}

// newProbe returns a probe that has seen nothing: its first round concludes no task.
func newProbe(x *Failures) *probe {
	return &probe{sweeper: newSweeper(x), floors: make(map[task.Class]uint64), waiting: newWaitingWatch(x.f), largePatience: largePatience}
}

// probe runs a probe until ctx ends. A round that fails is repeated an ack wait later; what it has seen of
// suspects is forgotten, so that a task is concluded only after two complete looks.
func (f *Fleet) probe(ctx context.Context, x *Failures) {
	p := newProbe(x)
	for {
		wait, err := f.AckWait(ctx)
		if err != nil {
			wait = schema.DefaultAckWait
		}
		if stream.Sleep(ctx, max(wait, time.Second)) != nil {
			return
		}
		suspects, failed := make(map[task.Address]task.Class), false
		p.counted = 0
		classes, err := f.Classes(ctx)
		if err != nil {
			classes, failed = task.Classes, true
		}
		for _, class := range classes {
			if err := p.search(ctx, class, suspects); err != nil && !isGone(class, err) {
				f.link.Log.Debug().Err(err).Msg("cannot search for exhausted tasks, retrying")
				failed = true
			}
		}
		if !failed {
			if err := p.removeJunk(ctx, p.counted); err != nil {
				f.link.Log.Debug().Err(err).Msg("cannot search for messages that are no tasks, retrying")
			}
		}
		p.suspects = suspects
	}
}

// search concludes the exhausted tasks of a class, and adds those that it has seen once to suspects.
func (p *probe) search(ctx context.Context, class task.Class, suspects map[task.Address]task.Class) error {
	info, err := p.f.durable(ctx, class)
	if err != nil {
		return err
	}
	p.counted += info.NumPending + uint64(info.NumAckPending)
	if err := p.waiting.look(ctx, class, info); err != nil {
		p.f.link.Log.Debug().Err(err).Msg("cannot count the workers")
	}
	if info.NumWaiting == 0 && info.NumAckPending > 0 {
		p.requestNothing(class)
	}
	if err := p.moveLarge(ctx, class, info); err != nil {
		p.f.link.Log.Debug().Err(err).Msg("cannot move tasks for workers that have left, retrying")
	}
	floor := p.floors[class]
	p.floors[class] = endedBelow(info)
	if err := p.concludeBelow(ctx, class, floor); err != nil {
		return err
	}
	if info.NumAckPending == 0 || info.NumRedelivered == 0 {
		return nil // every exhausted task is below the floor
	}
	return p.concludeRecorded(ctx, class, suspects)
}

// requestNothing makes the server check for exhausted tasks of a class, which it does only at a pull
// request. A request for at most one byte is answered with no task and spends no delivery, also when the
// stream has replicas.
func (p *probe) requestNothing(class task.Class) {
	nc := p.f.link.NC
	nc.PublishRequest(p.f.link.API+"CONSUMER.MSG.NEXT."+schema.StreamTasks+"."+schema.Durable(class), nc.NewInbox(),
		[]byte(`{"batch":1,"no_wait":true,"max_bytes":1}`))
}

// concludeBelow concludes the tasks of a class at or below floor, which is endedBelow of its durable: the
// durable delivers none of them again. Usually there are none, and this is one request.
func (s *sweeper) concludeBelow(ctx context.Context, class task.Class, floor uint64) error {
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
		if err := s.concludeMessage(ctx, m); err != nil {
			return err
		}
		seq = m.Sequence + 1
	}
	return nil
}

// concludeMessage concludes a task, or removes a message whose subject is not that of a task.
func (s *sweeper) concludeMessage(ctx context.Context, m *jetstream.RawStreamMsg) error {
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return s.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence)
	}
	_, err = s.conclude(ctx, m, at) // one that has to wait is found again
	return err
}

// concludeRecorded concludes the exhausted tasks of a class that have a last-attempt record of a process
// that does not live any more, and that no heartbeat names.
func (p *probe) concludeRecorded(ctx context.Context, class task.Class, suspects map[task.Address]task.Class) error {
	stranded, queued, err := p.f.stranded(ctx, class)
	if err != nil || stranded <= 0 {
		return err
	}
	records, err := p.f.list(ctx, p.f.dead, schema.FailedPrefix+"*.*.*."+fmt.Sprint(schema.MaxDeliver)+".*")
	if err != nil || len(records) == 0 {
		return err
	}
	workers := p.failures.registry.Workers()
	for _, at := range records {
		if at.Class = class; !queued[at.Address] || len(p.failures.registry.Holders(worker.TaskName(at.Address))) > 0 {
			continue
		}
		record, err := p.f.failureRecord(ctx, at)
		if err != nil {
			return err
		}
		if record == nil || lives(workers, at.Worker, record) {
			continue
		}
		if suspects[at.Address] = class; p.suspects[at.Address] != class {
			continue
		}
		if err := p.concludeSuspect(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// concludeSuspect concludes a task that was a suspect in two rounds, if it is still in the queue.
func (p *probe) concludeSuspect(ctx context.Context, at schema.Place) error {
	m, err := p.f.tasks.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(schema.TaskSubject(at.Address)))
	if stream.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return stream.Explain(err)
	}
	_, err = p.conclude(ctx, m, at)
	return err
}
