package test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// What mallory does with the tasks of the queue: those that it pulls, and those of others.

// failure is what mallory claims of a task.
func (m *mallory) failure(at schema.Place, t *task.Task) []byte {
	f := task.Failure{Kind: task.KindFactor, Class: at.Class, Worker: m.name, Attempt: schema.MaxDeliver, Err: "too hard", Time: time.Now()}
	if t != nil {
		f.Numbers = t.Numbers
	}
	return f.Encode()
}

// letter pulls tasks, stores a dead letter for each and terminates it.
func letter(m *mallory) {
	for _, msg := range m.pull(256, 200*time.Millisecond) {
		at, t := tasked(msg)
		m.send(schema.DeadSubject(at.Job, at.Range, "mallory"), m.failure(at, t))
		m.settle(msg, "+TERM")
	}
	m.flush()
}

var thousands = sequence(1_000_001, 1_002_001, 1) // 2001 numbers

func deadLettersBesideHonest(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	f.attack(letter)
	f.submit("j", "--chunk 1", thousands)
	f.answers("j", thousands)
	f.names()
}

// The supervisor cannot know yet that there is no other worker: it has not seen heartbeats for two ack waits.
func deadLettersBeforeHonest(t *testing.T) {
	f := besiege(t, 5*siegeAckWait)
	f.attack(letter)
	f.submit("j", "--chunk 1", thousands)
	second(t)
	f.honest("worker-1", "-n 1")
	f.answers("j", thousands)
	f.names()
}

// second waits for the time in which mallory is the only worker, or attacks without a pause.
func second(t *testing.T) {
	select {
	case <-time.After(time.Second):
	case <-t.Context().Done():
	}
}

// An honest worker was there, and comes back.
func deadLettersBetweenHonest(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1").kill()
	f.attack(letter)
	f.submit("j", "--chunk 1", thousands)
	second(t)
	f.honest("worker-1", "-n 1")
	f.answers("j", thousands)
	f.names()
}

// guess settles, as far as it can be guessed, all deliveries that are not settled.
func (m *mallory) guess(answer string) {
	q := m.queue()
	for seq := q.AckFloor.Stream + 1; seq <= q.Delivered.Stream; seq++ {
		m.nc.Publish(fmt.Sprintf("$JS.ACK.%s.workers-norm.1.%d.%d.%d.0", schema.StreamTasks, seq, q.Delivered.Consumer, time.Now().UnixNano()), []byte(answer))
	}
	m.flush()
}

// record stores the record of a last attempt at a number that mallory has pulled, or only guesses.
func (m *mallory) record(at task.Address, t *task.Task) {
	m.send(schema.FailedSubject(at, schema.MaxDeliver, m.name), m.failure(schema.Place{Address: at}, t))
}

// A number that an honest worker computes is nak'ed until its deliveries are exhausted, has a record of a failed
// last attempt in each round, and is returned as postponed.
func forgedNaks(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	number := slow(0, 1, 107)
	f.submit("j", "--chunk 1", number)
	m := f.mallory()
	eventually(t, "the number is computed", func() bool { return m.queue().NumAckPending > 0 })
	f.attack(func(m *mallory) {
		first := task.Address{Job: "j", Range: task.Range{First: 0, Count: 1}, Round: "0"}
		m.record(first, nil)
		m.send(schema.ReturnSubject(first.Job, first.Range, first.Round, "mallory"), (&task.Return{Reason: task.Postponed}).Encode())
		m.guess("-NAK")
		for _, msg := range m.pull(1, 20*time.Millisecond) {
			at, t := tasked(msg)
			m.record(at.Address, t)
			m.settle(msg, "-NAK")
		}
	})
	f.answers("j", number)
	f.names()
}

const tenYears = 10 * 365 * 24 * time.Hour

// delay pulls tasks, and gives each back for the time ten years from now.
func delay(m *mallory) {
	for _, msg := range m.pull(256, 200*time.Millisecond) {
		m.settle(msg, fmt.Sprintf(`-NAK {"delay": %d}`, tenYears.Nanoseconds()))
	}
	m.flush()
}

// The server tells nobody which worker takes a task. So the supervisor can only say that tasks were taken and not
// computed, and queue them again: also those that mallory took before its key was revoked.
func delayedNaks(t *testing.T) {
	f := besiege(t, siegeAckWait/2)
	f.attack(delay)
	numbers := slow(0, 200, 61)
	f.submit("j", "--chunk 1", numbers)
	m := f.mallory()
	eventually(t, "mallory has all of them", func() bool { q := m.queue(); return q.NumAckPending >= 200 && q.NumPending == 0 })
	f.honest("worker-1", "-n 2")
	f.revoke(m)
	f.answers("j", numbers)
	f.wantSaid(notComputed)
}

// notComputed is what the supervisor says of tasks that were delivered and that no worker names.
const notComputed = "queued tasks again that no worker has computed since they were delivered"

// revoke revokes the key of mallory, and waits until the server has closed its connection m.
func (f *siege) revoke(m *mallory) {
	f.t.Helper()
	run(f.t, "embedded", "keys revoke mallory", arguments("--secure", f.keys)).wantCode(0)
	if f.reload != nil {
		f.reload()
	}
	eventually(f.t, "mallory is disconnected", m.nc.IsClosed)
}

// Tasks of others are acked while they are computed: the range is then in no stream.
func forgedAcks(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 2")
	numbers := slow(0, 200, 89)
	f.submit("j", "--chunk 1", numbers)
	stop := f.attack(func(m *mallory) { m.guess("+ACK") })
	time.AfterFunc(5*time.Second, stop)
	f.answers("j", numbers)
}

// A hold pulls tasks and keeps them.
type hold struct {
	held    []*nats.Msg
	beats   bool // for each task, as from a worker that computes it
	names   bool // in the heartbeat of the worker
	started time.Time
}

// holdSlots is what mallory claims to have: as many as there are tasks.
const holdSlots = 20

func (h *hold) step(m *mallory) {
	if len(h.held) < holdSlots {
		h.held = append(h.held, m.pull(holdSlots-len(h.held), 100*time.Millisecond)...)
	} else {
		time.Sleep(100 * time.Millisecond)
	}
	var names []string
	for _, msg := range h.held {
		if at, _ := tasked(msg); h.names {
			names = append(names, at.Job+"."+at.Range.String()+"."+at.Round)
		}
		if h.beats {
			m.settle(msg, "+WPI")
		}
	}
	if h.names {
		status, _ := json.Marshal(map[string]any{
			"version": "1", "host": "h", "pid": 1, "state": "running", "slots": holdSlots, "busy": len(names), "held": len(names), "started": h.started, "holding": names,
		})
		m.nc.Publish(schema.KeyPrefix(schema.BucketWorkers)+"mallory.x", status)
	}
	m.flush()
}

// held has mallory hold all tasks of a job before an honest worker joins, and for the whole time.
func held(t *testing.T, h *hold) *siege {
	f := besiege(t, siegeAckWait)
	h.started = time.Now()
	f.attack(h.step)
	numbers := sequence(1_000_001, 1_000_200, 1)
	f.submit("j", "--chunk 10", numbers)
	m := f.mallory()
	eventually(t, "mallory has all of them", func() bool { q := m.queue(); return q.NumAckPending >= holdSlots && q.NumPending == 0 })
	f.honest("worker-1", "-n 2")
	f.answers("j", numbers)
	return f
}

// The tasks lapse, as those of a worker that has died.
func heldInSilence(t *testing.T) { held(t, &hold{}) }

// Nobody knows whose heartbeats keep the tasks alive.
func heldWithHeartbeats(t *testing.T) { f := held(t, &hold{beats: true}); f.wantSaid(notComputed) }

func heldAndNamed(t *testing.T) { held(t, &hold{beats: true, names: true}).names() }
