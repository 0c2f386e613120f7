package test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A siege is `embedded run --secure` without a worker of its own. Beside honest workers there is the
// worker mallory: a client with valid credentials that does whatever these permit. Jobs are detached, so
// that the supervisor in embedded alone decides about them, and its log is the one to name mallory.
type siege struct {
	*server
	keys   string // directory
	reload func() // has a nats-server read the keys anew; nil in embedded, which does so itself
}

// siegeAckWait is the ack wait of most sieges.
const siegeAckWait = 2 * time.Second

// besiege starts a siege. Programs connect to it as the producer, unless a setting says otherwise.
func besiege(t *testing.T, ackWait time.Duration) *siege {
	t.Helper()
	f := &siege{keys: filepath.Join(t.TempDir(), "keys")}
	p := start(t, "embedded", "run -n 0 --listen 127.0.0.1:0 --ack-wait "+ackWait.String(), arguments("--secure", f.keys))
	p.await(&p.stderr, "worker NAME\n")
	url := regexp.MustCompile(`tls://\S*\d`).FindString(p.stderr.String())
	f.server = &server{program: p, url: url, login: []setting{f.as("producer")}}
	run(t, "embedded", "keys add worker mallory", arguments("--secure", f.keys)).wantCode(0)
	return f
}

// as is the setting of a program that connects with the keys of an identity.
func (f *siege) as(name string) setting {
	return environment("NATS_CONTEXT=" + filepath.Join(f.keys, name+".json"))
}

// honest starts an honest worker and returns once it requests tasks. It has the keys of its name: worker-1
// or worker-2.
func (f *siege) honest(name, args string) *program {
	f.t.Helper()
	p := start(f.t, "consumer", "run "+args, f.as(name), environment("NATS_URL="+f.url))
	p.await(&p.stderr, "worker ready")
	return p
}

// submit stores a detached job.
func (f *siege) submit(id, args, numbers string) {
	f.t.Helper()
	f.run("producer", "submit --detach --id "+id+" "+args, feed(numbers)).wantCode(0).wantStdout(id + "\n")
}

// dial connects as an identity, with the content of its credentials file alone.
func (f *siege) dial(name string) *nats.Conn {
	f.t.Helper()
	file := filepath.Join(f.keys, name+".creds")
	nc, err := nats.Connect(f.url, nats.UserCredentials(file), nats.RootCAs(file), nats.CustomInboxPrefix(schema.InboxOf(name)),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.NoReconnect())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(nc.Close)
	return nc
}

// admin returns JetStream as the administrator sees it.
func (f *siege) admin() jetstream.JetStream {
	f.t.Helper()
	js, err := jetstream.New(f.dial("admin"))
	if err != nil {
		f.t.Fatal(err)
	}
	return js
}

// ends waits until a detached job is done, and returns how long that took.
func (f *siege) ends(id string) time.Duration {
	f.t.Helper()
	began := time.Now()
	jobs, err := f.admin().KeyValue(f.t.Context(), schema.BucketJobs)
	if err != nil {
		f.t.Fatal(err)
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for late := began.Add(patience); time.Now().Before(late); <-ticker.C {
		if e, err := jobs.Get(f.t.Context(), id); err == nil {
			if j, err := task.DecodeJob(e.Value()); err == nil && j.State == task.Done {
				return time.Since(began)
			}
		}
	}
	f.t.Fatalf("job %s has not ended after %v\n%s\nworkers:\n%s\nthe supervisor says:\n%s", id, patience,
		f.run("producer", "status "+id).stdout.String(), f.run("producer", "workers ls").stdout.String(), f.tail())
	return 0
}

// answers waits until a detached job is done, with a right answer for each number.
func (f *siege) answers(id, numbers string) {
	f.t.Helper()
	took := f.ends(id)
	p := f.run("producer", "results "+id)
	if p.code() != 0 || p.stderr.String() != "" {
		f.t.Errorf("job %s, after %v: exit code %d, %d lines for %d numbers, and %d lines on standard error, the first %.300q\nthe supervisor says:\n%s", id, took, p.code(),
			strings.Count(p.stdout.String(), "\n"), len(strings.Fields(numbers)), strings.Count(p.stderr.String(), "\n"), firstLine(p.stderr.String()), f.tail())
		return
	}
	checkAnswers(f.t, numbers, p.stdout.String())
	f.t.Logf("job %s: all %d numbers are answered; the last wait took %v", id, len(strings.Fields(numbers)), took.Round(100*time.Millisecond))
}

// tail returns the end of what the supervisor has said.
func (f *siege) tail() string {
	said := f.stderr.String()
	return said[max(0, len(said)-3000):]
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// A charge is what `producer workers ls --json` holds against a worker.
type charge struct {
	Name        string
	Alive       bool
	Quarantined *time.Time
	Strikes     []json.RawMessage
	Complaints  json.RawMessage
}

// holds reports whether there is anything against the worker.
func (c *charge) holds() bool {
	return c.Quarantined != nil || len(c.Strikes) > 0 || len(c.Complaints) > len("null")
}

// charge returns what is held against a worker.
func (f *siege) charge(name string) (c charge) {
	f.t.Helper()
	for _, c = range report[[]charge](f.server, "workers ls") {
		if c.Name == name {
			return c
		}
	}
	return charge{Name: name}
}

var namesMallory = regexp.MustCompile(`(?m)^\S* ?(WRN|ERR) .*\bmallory\b.*$`)

// names checks that mallory is named in a warning of the supervisor and in the list of workers. The honest ones
// have no strikes. Complaints they may have: the returns of an honest worker are dropped if they are superfluous.
func (f *siege) names() {
	f.t.Helper()
	f.expect("a warning names mallory", func() bool { return namesMallory.MatchString(f.stderr.String()) })
	var c charge
	f.expect("`workers ls` holds something against mallory", func() bool { c = f.charge("mallory"); return c.holds() })
	f.t.Logf("log: %s\nworkers ls: %d strikes, quarantined %v, complaints %s", namesMallory.FindString(f.stderr.String()), len(c.Strikes), c.Quarantined != nil, c.Complaints)
	for _, name := range []string{"worker-1", "worker-2"} {
		if c := f.charge(name); len(c.Strikes) > 0 || c.Quarantined != nil {
			f.t.Errorf("%s has %d strikes, complaints %s", name, len(c.Strikes), c.Complaints)
		}
	}
}

// expect waits for ok, for half of patience. A failure does not end the test.
func (f *siege) expect(what string, ok func() bool) {
	f.t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for late := time.Now().Add(patience / 2); !ok(); <-ticker.C {
		if time.Now().After(late) {
			f.t.Errorf("waited %v in vain: %s\n%s\nthe supervisor says:\n%s", patience/2, what, f.run("producer", "workers ls").stdout.String(), f.tail())
			return
		}
	}
}

// A mallory is one connection of the hostile worker. One goroutine uses it.
type mallory struct {
	t     testing.TB
	name  string // of its keys
	nc    *nats.Conn
	tasks *nats.Subscription
	pulls int
}

// mallory connects the hostile worker.
func (f *siege) mallory() *mallory { return f.hostile("mallory") }

// hostile connects a hostile worker of that name.
func (f *siege) hostile(name string) *mallory {
	f.t.Helper()
	m := &mallory{t: f.t, name: name, nc: f.dial(name)}
	var err error
	if m.tasks, err = m.nc.SubscribeSync(schema.InboxOf(name) + ".tasks.*"); err != nil {
		f.t.Fatal(err)
	}
	m.tasks.SetPendingLimits(-1, -1)
	return m
}

// attackPause is the time between two steps of an attack, in which honest programs get the processor.
const attackPause = 5 * time.Millisecond

// attack repeats step on a connection of its own until stop is called, the test ends, or the server closes
// the connection.
func (f *siege) attack(step func(*mallory)) (stop func()) {
	f.t.Helper()
	return f.attackAs("mallory", step)
}

// attackAs is attack by a hostile worker of that name.
func (f *siege) attackAs(name string, step func(*mallory)) (stop func()) {
	f.t.Helper()
	m := f.hostile(name)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil && !m.nc.IsClosed() {
			step(m)
			sleep(ctx, attackPause)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	f.t.Cleanup(stop)
	return stop
}

const pullSubject = "$JS.API.CONSUMER.MSG.NEXT." + schema.StreamTasks + ".workers-norm"

// pull requests n tasks, and waits up to wait for the first.
func (m *mallory) pull(n int, wait time.Duration) (got []*nats.Msg) {
	m.pulls++
	body := fmt.Sprintf(`{"batch":%d,"no_wait":true}`, n)
	if wait > 0 {
		body = fmt.Sprintf(`{"batch":%d,"no_wait":true,"expires":%d}`, n, wait.Nanoseconds())
	}
	if m.nc.PublishRequest(pullSubject, fmt.Sprint(schema.InboxOf(m.name), ".tasks.", m.pulls), []byte(body)) != nil {
		return nil
	}
	for len(got) < n {
		msg, err := m.tasks.NextMsg(wait + time.Second)
		if err != nil || msg.Header.Get("Status") != "" {
			return got
		}
		got = append(got, msg)
	}
	return got
}

// send publishes a message, with a reply subject where the answer is dropped.
func (m *mallory) send(subject string, payload []byte) {
	m.nc.PublishRequest(subject, schema.InboxOf(m.name)+".dropped", payload)
}

// flush waits until the server has all messages.
func (m *mallory) flush() { m.nc.FlushTimeout(patience) }

// settle answers a delivery.
func (m *mallory) settle(delivery *nats.Msg, answer string) {
	m.nc.Publish(delivery.Reply, []byte(answer))
}

// ask returns the answer to a request.
func (m *mallory) ask(subject string) []byte {
	answer, err := m.nc.Request(subject, nil, 5*time.Second)
	if err != nil {
		return nil
	}
	return answer.Data
}

// queue returns what a worker may know of the queue.
func (m *mallory) queue() (info jetstream.ConsumerInfo) {
	if answer := m.ask("$JS.API.CONSUMER.INFO." + schema.StreamTasks + ".workers-norm"); answer != nil {
		json.Unmarshal(answer, &info)
	}
	return info
}

// tasked returns the place and the content of a task that was pulled.
func tasked(msg *nats.Msg) (schema.Place, *task.Task) {
	at, err := schema.ParseSubject(msg.Subject)
	if err != nil {
		return at, nil
	}
	t, err := task.DecodeTask(msg.Data)
	if err != nil {
		return at, nil
	}
	return at, t
}
