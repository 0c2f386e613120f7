package fleet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A stuckWatch searches for stuck tasks of one class: tasks that were delivered, that are not settled, and
// that no heartbeat has named for a while. A worker may delay the redelivery of a task by a NAK, for ever if
// it likes, or keep a task alive that it does not compute. Lapsed tasks that no worker requests are stuck,
// too. A stuck task is queued in a new round, by the rule of attempt.Unheld, and then removed.
//
//	unsettled, and delivered a look ago ──► observed ──► stuck ──► queued in the next round, removed
//	                                         │    ▲
//	                                         └────┘ a heartbeat names it
//
// A task that an old worker computes all the same is computed twice: the deleted task can be acked, and the
// first verified result counts. The round comes from the stored time of the task, so that several processes
// with a stuckWatch queue the same messages.
//
// Cost: a look is one request, and one more if some task is unsettled. Each task that is still unsettled one
// look after its delivery is read once, and once more before it is queued again. Sequences only grow, so
// that a look reads only behind the last one. Without a live worker there is no look: nobody would take
// what is queued, and lapsed tasks are redelivered to the first worker that comes.
//
// The goroutine of Fleet.watchStuck owns all fields.
type stuckWatch struct {
	*sweeper
	class    task.Class
	beats    heartbeats
	interval time.Duration // between two heartbeats of a worker

	delivered uint64                // the last delivered sequence at the look before
	scanned   uint64                // all unsettled tasks up to here are in tasks
	tasks     map[uint64]*unsettled // by sequence
	looked    time.Time             // when the last step was; zero = there was none
	log       *stuckLog             // of all classes
}

// heartbeats is the part of Registry that a stuckWatch needs.
type heartbeats interface {
	Workers() []worker.Status
	Holders(task string) []Holder
	Observed() time.Duration
}

// stuckBatch is how many tasks a look reads, or queues again, in one step. Between two steps is stuckPause,
// so that 10,000 stuck tasks take about a minute and the server answers some hundred requests a second.
const (
	stuckBatch = 256
	stuckPause = time.Second
)

func newStuckWatch(x *Failures, class task.Class, beats heartbeats, log *stuckLog) *stuckWatch {
	return &stuckWatch{sweeper: newSweeper(x), class: class, beats: beats, interval: x.f.beatInterval, log: log, tasks: make(map[uint64]*unsettled)}
}

// watchStuck searches for stuck tasks until ctx ends, about once in each ack wait. The time between two looks
// is random, so that a worker cannot name a task at the looks only.
func (f *Fleet) watchStuck(ctx context.Context, x *Failures) {
	watches := make(map[task.Class]*stuckWatch)
	log := &stuckLog{link: f.link}
	mean := float64(max(x.ackWait, time.Second))
	for stream.Sleep(ctx, time.Duration((0.75+rand.Float64()/2)*mean)) == nil {
		classes, err := f.Classes(ctx)
		if err != nil {
			f.link.Log.Debug().Err(err).Msg("cannot search for stuck tasks, retrying")
			classes = task.Classes
		}
		maps.DeleteFunc(watches, func(class task.Class, _ *stuckWatch) bool { return err == nil && !slices.Contains(classes, class) })
		for _, class := range classes {
			if watches[class] == nil {
				watches[class] = newStuckWatch(x, class, x.registry, log)
			}
			watches[class].look(ctx)
		}
	}
}

// look does all steps of a look. After an error all observations begin anew: what was not seen for some
// time is not known to be unnamed without interruption.
func (w *stuckWatch) look(ctx context.Context) {
	for {
		more, err := w.step(ctx, time.Now())
		if err != nil {
			w.observeAnew()
			w.f.link.Log.Debug().Err(err).Msg("cannot search for stuck tasks, retrying")
			return
		}
		if !more || stream.Sleep(ctx, stuckPause) != nil {
			return
		}
	}
}

// observeAnew forgets for how long tasks were unnamed.
func (w *stuckWatch) observeAnew() {
	for _, t := range w.tasks {
		t.unnamed, t.holders = time.Time{}, nil
	}
}

// step does one step of a look: it reads tasks, or queues tasks again. It reports whether another step of
// the same look is to follow.
func (w *stuckWatch) step(ctx context.Context, now time.Time) (more bool, err error) {
	if now.Sub(w.looked) > w.beats.Observed() {
		w.observeAnew() // heartbeats since the last step may have been missed
	}
	w.looked = now
	workers := w.beats.Workers()
	if !slices.ContainsFunc(workers, func(s worker.Status) bool { return s.State == worker.StateRunning && s.Serves(w.class.Route()) }) {
		w.observeAnew()
		return false, nil
	}
	info, err := w.f.durable(ctx, w.class)
	if err != nil {
		return false, err
	}
	target := w.advance(info)
	if more, err = w.scan(ctx, target); err != nil || more {
		return more, err
	}
	w.delivered = info.Delivered.Stream
	w.observe(workers, now)
	return w.requeueStuck(ctx, w.stuck(workers, info.Config.AckWait, now), workers)
}

// advance returns up to which sequence tasks are to be read: the last one that was delivered at the look
// before. Most tasks are settled a look after their delivery. If a server that was killed has forgotten
// deliveries, the tasks that it will deliver again are not unsettled any more.
func (w *stuckWatch) advance(info *jetstream.ConsumerInfo) (target uint64) {
	last := info.Delivered.Stream
	if info.NumAckPending == 0 {
		clear(w.tasks)
		w.scanned, w.delivered = last, last
	}
	if last < w.scanned {
		maps.DeleteFunc(w.tasks, func(seq uint64, _ *unsettled) bool { return seq > last })
		w.scanned = last
	}
	return min(w.delivered, last)
}

// scan reads the tasks of the class behind w.scanned, up to target. more = not all of them yet.
func (w *stuckWatch) scan(ctx context.Context, target uint64) (more bool, err error) {
	for range stuckBatch {
		if w.scanned >= target {
			return false, nil
		}
		m, err := w.f.tasks.GetMsg(ctx, w.scanned+1, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(w.class)+".>"))
		if stream.IsNotFound(err) || err == nil && m.Sequence > target {
			w.scanned = target
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the tasks from %d on: %w", w.scanned+1, stream.Explain(err))
		}
		w.scanned = m.Sequence
		if at, err := schema.ParseSubject(m.Subject); err == nil {
			t := &unsettled{at: at, spent: schema.ParseSpent(m.Header.Get(schema.HeaderSpent))}
			t.most, t.put = task.RulesOf(m.Data)
			w.tasks[m.Sequence] = t
		}
	}
	return w.scanned < target, nil
}

// stuck returns the sequences of the stuck tasks, in ascending order. Each busy slot whose task no heartbeat
// names may hold one of the tasks: those with the highest sequences are taken for these, because they were
// delivered last.
func (w *stuckWatch) stuck(workers []worker.Status, ackWait time.Duration, now time.Time) (list []uint64) {
	mayBeHeld := unnamedSlots(workers)
	for _, seq := range slices.SortedFunc(maps.Keys(w.tasks), func(a, b uint64) int { return cmp.Compare(b, a) }) {
		t := w.tasks[seq]
		u := t.unheld(ackWait, w.interval, now)
		if u.Decide().Action == attempt.Wait {
			continue
		}
		if mayBeHeld > 0 {
			mayBeHeld--
			if u.MayBeHeld = true; u.Decide().Action == attempt.Wait {
				continue
			}
		}
		t.decision = u.Decide()
		list = append(list, seq)
	}
	slices.Reverse(list)
	return list
}

// unnamedSlots returns how many slots are busy with tasks that the heartbeats of their workers do not name, because
// the workers are of an earlier version, or have very many slots.
func unnamedSlots(workers []worker.Status) (n int) {
	for i := range workers {
		n += max(0, workers[i].Busy-len(workers[i].Holding))
	}
	return n
}
