package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// An intruder is the hostile worker of a soak: mallory, with keys of its own. It attacks a few times a second, so
// that it costs the machine little. One goroutine attacks; did and keys are guarded by mu.
type intruder struct {
	t      testing.TB
	url    string
	dir    string // of the keys
	random *rand.Rand
	cancel context.CancelFunc
	ended  chan struct{}

	mu   sync.Mutex
	keys string // the file of credentials
	made int    // keys
	did  map[string]int
}

const (
	intruderPause = 300 * time.Millisecond
	intruderTasks = 4 // pulled at once, at most
)

// intrude makes keys for mallory and starts it.
func (s *soak) intrude() *intruder {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &intruder{t: s.t, url: s.url, dir: s.guard.keys, random: rand.New(rand.NewPCG(s.random.Uint64(), 1)), cancel: cancel, ended: make(chan struct{}), did: make(map[string]int)}
	h.add()
	go h.run(ctx)
	s.t.Cleanup(h.stop)
	return h
}

// add makes keys of another name, and has mallory use them. A quarantine ends with the old name.
func (h *intruder) add() {
	h.t.Helper()
	h.made++
	name := h.name()
	run(h.t, "embedded", "keys add worker "+name+" --secure "+h.dir).wantCode(0)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = filepath.Join(h.dir, name+".creds")
}

func (h *intruder) name() string { return fmt.Sprint("mallory-", h.made) }

// renew revokes the keys and makes others. The server must read its configuration again.
func (h *intruder) renew() {
	h.t.Helper()
	run(h.t, "embedded", "keys revoke "+h.name()+" --secure "+h.dir).wantCode(0)
	h.add()
}

// stop ends the attack. It may be called twice.
func (h *intruder) stop() { h.cancel(); <-h.ended }

// run attacks until stop, with another connection whenever the server closes one.
func (h *intruder) run(ctx context.Context) {
	defer close(h.ended)
	for ctx.Err() == nil {
		if m, err := h.dial(); err == nil {
			for ctx.Err() == nil && m.nc.IsConnected() {
				h.step(m)
				sleep(ctx, intruderPause)
			}
			m.nc.Close()
		}
		sleep(ctx, intruderPause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (h *intruder) dial() (*mallory, error) {
	h.mu.Lock()
	keys := h.keys
	h.mu.Unlock()
	name := filepath.Base(keys[:len(keys)-len(".creds")])
	nc, err := nats.Connect(h.url, nats.UserCredentials(keys), nats.RootCAs(keys), nats.CustomInboxPrefix(schema.InboxOf(name)),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.NoReconnect())
	if err != nil {
		return nil, err
	}
	m := &mallory{t: h.t, name: name, nc: nc}
	if m.tasks, err = nc.SubscribeSync(schema.InboxOf(name) + ".tasks.*"); err != nil {
		nc.Close()
		return nil, err
	}
	return m, nil
}

// step pulls a few tasks and mistreats each in one of the ways of TestHostileWorker.
func (h *intruder) step(m *mallory) {
	for _, msg := range m.pull(1+h.random.IntN(intruderTasks), intruderPause) {
		at, t := tasked(msg)
		if t == nil {
			continue
		}
		h.mistreat(m, msg, at, t)
	}
	if h.random.IntN(8) == 0 {
		h.count("all deliveries nak'ed")
		m.guess("-NAK")
	}
	m.nc.FlushTimeout(time.Second)
}

// mistreat settles a delivery, or keeps it.
func (h *intruder) mistreat(m *mallory, msg *nats.Msg, at schema.Place, t *task.Task) {
	switch h.random.IntN(9) {
	case 0:
		h.count("dead letters")
		m.send(schema.DeadSubject(at.Job, at.Range, m.name), m.failure(at, t))
		m.settle(msg, "+TERM")
	case 1:
		h.count("records of last attempts")
		m.record(at.Address, t)
		m.settle(msg, "-NAK")
	case 2:
		h.count("naks for ten years")
		m.settle(msg, fmt.Sprintf(`-NAK {"delay": %d}`, tenYears.Nanoseconds()))
	case 3:
		h.count("acks without a result")
		m.settle(msg, "+ACK")
	case 4:
		h.count("returns in 64 pieces")
		m.give(at.Job, at.Range, at.Round, 64)
		m.settle(msg, "+ACK")
	case 5:
		h.count("returns as postponed")
		m.send(schema.ReturnSubject(at.Job, at.Range, at.Round, m.name), (&task.Return{Reason: task.Postponed}).Encode())
		m.settle(msg, "+ACK")
	case 6:
		h.count("wrong results")
		m.answer(at.Job, at.Range, factors(t.Numbers, []task.Status{task.Prime, task.Composite}[h.random.IntN(2)]))
		m.settle(msg, "+ACK")
	case 7:
		h.count("naks")
		m.settle(msg, "-NAK")
	default:
		h.count("tasks held in silence")
	}
}

func (h *intruder) count(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.did["hostile: "+what]++
}
