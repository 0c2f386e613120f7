package test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Heartbeats and requests of mallory.

// heartbeat is one of an instance of mallory, with size bytes of text.
func heartbeat(instance string, size int) *nats.Msg {
	status, _ := json.Marshal(map[string]any{"version": "1", "host": strings.Repeat("h", size), "pid": 1, "state": "running", "slots": 4096, "started": time.Now()})
	msg := nats.NewMsg(schema.KeyPrefix(schema.BucketWorkers) + "mallory." + instance)
	msg.Data, msg.Reply = status, schema.InboxOf("mallory")+".dropped"
	return msg
}

// lists checks that `workers ls` lists the honest worker, in a reasonable time.
func (f *siege) lists() {
	f.t.Helper()
	began := time.Now()
	if c := f.charge("worker-1"); !c.Alive {
		f.t.Errorf("worker-1 is not listed:\n%s", f.run("producer", "workers ls").stdout.String())
	}
	f.t.Logf("listed within %v", time.Since(began).Round(100*time.Millisecond))
}

func heartbeatsRollUp(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	f.expect("worker-1 is listed", func() bool { return f.charge("worker-1").Alive })
	f.attack(func(m *mallory) {
		for _, what := range []string{"all", "sub"} {
			msg := heartbeat("x", 0)
			msg.Header.Set("Nats-Rollup", what)
			m.nc.PublishMsg(msg)
		}
		m.flush()
		time.Sleep(10 * time.Millisecond)
	})
	for range 3 {
		second(t)
		f.lists()
	}
}

// A heartbeat that is to stay for ever is refused, or removed like every other one.
func heartbeatsStay(t *testing.T) {
	f := besiege(t, siegeAckWait)
	m := f.mallory()
	for instance, ttl := range map[string]string{"x": "never", "y": "8760h"} {
		msg := heartbeat(instance, 0)
		msg.Header.Set("Nats-TTL", ttl)
		answer, err := m.nc.RequestMsg(msg, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("Nats-TTL %s: %s", ttl, answer.Data)
	}
	eventually(t, "mallory is listed no more, 30 s after its last heartbeat", func() bool { return !f.charge("mallory").Alive })
}

func heartbeatsFlood(t *testing.T) {
	for _, size := range []int{16000, 3900} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			t.Parallel()
			f := besiege(t, siegeAckWait)
			f.honest("worker-1", "-n 1")
			m := f.mallory()
			for i := range 5000 { // readers keep 256 of them
				m.nc.PublishMsg(heartbeat(fmt.Sprint("i", i), size))
				if i%1000 == 999 {
					m.flush()
				}
			}
			began := time.Now()
			list := f.run("producer", "workers ls").wantCode(0)
			took := time.Since(began).Round(100 * time.Millisecond)
			t.Logf("workers ls took %v, and %v of CPU time", took, list.cmd.ProcessState.UserTime())
			if took > 15*time.Second || list.cmd.ProcessState.UserTime() > time.Second/2 || list.stdout.String() == "" {
				t.Errorf("workers ls took %v, and %v of CPU time", took, list.cmd.ProcessState.UserTime())
			}
			f.lists()
			f.submit("j", "--chunk 1", "15\n21\n")
			f.answers("j", "15\n21\n")
			if size < 4096 {
				f.names()
			}
		})
	}
}

// park leaves n pull requests at the server that wait for an hour, or as long as the durable permits.
func (m *mallory) park(n int, wait time.Duration) {
	body := fmt.Appendf(nil, `{"batch":1,"expires":%d}`, wait.Nanoseconds())
	for i := range n {
		m.nc.PublishRequest(pullSubject, fmt.Sprint(schema.InboxOf("mallory"), ".parked.", i), body)
		if i%1000 == 999 {
			m.flush()
		}
	}
	m.flush()
}

// Parked requests take the places of honest workers, and most of the tasks. `embedded run` sees whose they are, and
// refuses that user for a while. A nats-server does not say it: there the supervisor only warns of them.
func parkedRequests(t *testing.T) {
	f := besiege(t, siegeAckWait)
	m := f.mallory()
	if _, err := m.nc.Subscribe(schema.InboxOf("mallory")+".parked.>", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	most := m.queue().Config.MaxRequestExpires
	t.Logf("requests wait for at most %v", most)
	m.park(17_000, time.Hour)
	if most > 0 {
		m.park(17_000, most)
	}
	t.Logf("%d requests wait", m.queue().NumWaiting)
	worker := f.honest("worker-1", "-n 1")
	f.submit("j", "--chunk 1", "15\n21\n")
	f.answers("j", "15\n21\n")
	f.expect("the log says whose requests wait", func() bool { return saysWhose.MatchString(f.stderr.String()) })
	t.Logf("log: %s\nworker-1 said:\n%s", saysWhose.FindString(f.stderr.String()), worker.stderr.String())
}

var saysWhose = regexp.MustCompile(`(?m)^.* WRN .*\bmallory\b.* pull requests .*$`)

// The server remembers each request that passes between accounts for two minutes. This costs memory, about
// 1 KiB each, and nothing else.
func differentReplies(t *testing.T) {
	const count, most = 20_000, 160 // requests, 10^6 bytes
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	pid := f.cmd.Process.Pid
	before := residentMB(t, pid)
	m := f.mallory()
	for i := range count {
		m.nc.PublishRequest("$JS.API.CONSUMER.INFO."+schema.StreamTasks+".workers-low", fmt.Sprint(schema.InboxOf("mallory"), ".r.", i), nil)
		if i%1000 == 999 {
			m.flush()
		}
	}
	m.flush()
	f.submit("j", "--chunk 1", "15\n21\n")
	f.answers("j", "15\n21\n")
	after := residentMB(t, pid)
	t.Logf("the server had %d MB, and has %d MB after %d requests", before, after, count)
	if after-before > most {
		t.Errorf("the server has grown by %d MB", after-before)
	}
}

// A quarantine ends what mallory's claims do. A revoked key ends everything at once.
func remedies(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 2")
	f.attack(letter)
	f.attack(delay)
	f.attack(lie(task.PRP))
	numbers := sequence(1_000_001, 1_000_500, 1)
	f.submit("j", "--chunk 1", numbers)
	m := f.mallory()
	eventually(t, "the attack has begun", func() bool { return m.queue().Delivered.Stream > 100 })
	f.run("producer", "workers quarantine mallory").wantCode(0)
	f.submit("k", "--chunk 1", numbers)

	f.revoke(m)
	began := time.Now()
	f.submit("l", "--chunk 1", numbers)
	f.answers("l", numbers)
	t.Logf("the first job after the revocation was done within %v", time.Since(began).Round(100*time.Millisecond))
	t.Logf("the supervisor says:\n%s", f.tail())
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the first job after the revocation took %v", took)
	}
	f.answers("j", numbers)
	f.answers("k", numbers)
}
