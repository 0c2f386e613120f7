package test

import (
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// besiegePlain starts the set-up of the README: a nats-server with the configuration that `producer init` prints,
// and `producer serve` as the only supervisor, whose log is the one to name mallory.
func besiegePlain(t *testing.T, ackWait time.Duration) *siege {
	t.Helper()
	g := startGuarded(t, unchanged)
	run(t, "producer", "init --ack-wait "+ackWait.String()+g.as("admin")).wantCode(0)
	f := &siege{keys: g.keys, reload: g.reload}
	p := start(t, "producer", "serve --listen none", f.as("producer"), environment("NATS_URL="+g.url))
	p.await(&p.stderr, "supervising")
	f.server = &server{program: p, url: g.url, login: []setting{f.as("producer")}}
	run(t, "embedded", "keys add worker mallory", arguments("--secure", f.keys)).wantCode(0)
	return f
}

// Everything at once, in the set-up of the README: dead letters, NAKs for years, tasks held and named, returns.
// Once its key is revoked, the job that is attacked and a new one are answered, and mallory is named.
func TestHostileWorkerOnServer(t *testing.T) {
	t.Parallel()
	f := besiegePlain(t, siegeAckWait/2)
	f.honest("worker-1", "-n 2")
	h := &hold{beats: true, names: true, started: time.Now()}
	f.attack(h.step)
	f.attack(letter)
	f.attack(delay)
	next := 0
	f.attack(func(m *mallory) {
		for range 50 {
			next++
			m.give("j", task.Range{First: uint64(next*7) % 600, Count: uint64(next)%64 + 1}, fmt.Sprint("r", next), 64)
		}
		m.flush()
		time.Sleep(10 * time.Millisecond)
	})
	numbers := sequence(1_000_001, 1_000_500, 1)
	f.submit("j", "--chunk 1", numbers)
	m := f.mallory()
	eventually(t, "the attack has begun", func() bool { return m.queue().Delivered.Stream > 100 })
	f.revoke(m)
	began := time.Now()
	f.submit("k", "--chunk 1", numbers)
	f.answers("k", numbers)
	t.Logf("the first job after the revocation was done within %v", time.Since(began).Round(100*time.Millisecond))
	f.answers("j", numbers)
	f.names()
}
