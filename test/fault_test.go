package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// The tests in fault_*_test.go break a fleet of real programs in many ways and then
// look whether anything was lost: every number is to be printed once and in order, and
// nothing is to be left in the queue.

// A stand is a fleet that can be broken.
type stand struct {
	*server // the one that runs now; its URL never changes
	store   string
	ackWait time.Duration
	random  *rand.Rand
	watched []*program // what a failed test shows
}

// tail returns the last lines of a text.
func tail(text string) string { return text[max(0, len(text)-6000):] }

// newStand starts a server with streams, on a store of its own.
func newStand(t testing.TB, ackWait time.Duration) *stand {
	t.Helper()
	seed := rand.Uint64()
	if *seedFlag != 0 {
		seed = *seedFlag
	}
	s := &stand{store: t.TempDir(), ackWait: ackWait, random: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		t.Logf("seed %d", seed)
		for _, p := range s.watched {
			t.Logf("%s:\n%s", p.line, tail(strings.Split(p.stderr.String(), "SIGQUIT")[0]))
		}
	})
	s.server = &server{program: s.serve(t, "-1")}
	s.url = listens(t, s.program)
	s.run("producer", "init --ack-wait "+ackWait.String()).wantCode(0)
	return s
}

// serve starts a nats-server on the store of s.
func (s *stand) serve(t testing.TB, port string) *program {
	t.Helper()
	p := start(t, "nats-server", "-a 127.0.0.1 -js -sd "+s.store+" -p "+port)
	p.await(&p.stderr, "Server is ready")
	return p
}

// submit starts a producer that submits numbers.
func (s *stand) submit(args, numbers string, settings ...setting) *program {
	s.t.Helper()
	p := s.start("producer", "submit "+args, append([]setting{feed(numbers)}, settings...)...)
	s.watched = append(s.watched, p)
	return p
}

// wantDone waits until the producer p has printed everything. If that does not come,
// it shows how things stand.
func (s *stand) wantDone(p *program) {
	s.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience - 5*time.Second):
		for _, name := range []string{schema.StreamTasks, schema.StreamReturns, schema.StreamDead, schema.StreamResults} {
			stream := s.stream(name)
			s.t.Logf("%s: %+v", name, stream.CachedInfo().State)
			if name != schema.StreamResults {
				s.t.Logf("%s holds %v", name, s.subjects(name))
			}
			for c := range stream.ListConsumers(s.t.Context()).Info() {
				s.t.Logf("%s: delivered %+v, ack floor %+v, %d unacked, %d pending, %d waiting", c.Name, c.Delivered, c.AckFloor, c.NumAckPending, c.NumPending, c.NumWaiting)
			}
		}
	}
	p.wantCode(0)
}

// endServer ends the server with a signal.
func (s *stand) endServer(signal os.Signal) {
	s.t.Helper()
	s.program.signal(signal)
	<-s.program.ended
	s.program.killed = true
}

// reviveServer starts it again, with the same store and port.
func (s *stand) reviveServer() {
	s.t.Helper()
	s.program = s.serve(s.t, s.url[strings.LastIndexByte(s.url, ':')+1:])
}

// between returns a time that is not known beforehand.
func (s *stand) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

// afterBeats lets time pass in which something must not happen: as long as so many
// heartbeats of a worker take at an ack wait of one second.
func afterBeats(n int) <-chan time.Time { return time.After(time.Duration(n) * time.Second / 6) }

// A crew is some consumers that are replaced when they end, as by systemd.
type crew struct {
	stand   *stand
	through *server // how they reach the server
	args    string
	members []*program
	made    int
}

// hire starts a crew of size consumers and returns when all are ready.
func (s *stand) hire(through *server, size int, args string) *crew {
	s.t.Helper()
	c := &crew{stand: s, through: through, args: args}
	for range size {
		c.members = append(c.members, c.start())
	}
	for _, m := range c.members {
		m.await(&m.stderr, "worker ready")
	}
	return c
}

// start starts another consumer, of a name that was never there.
func (c *crew) start() *program {
	c.stand.t.Helper()
	c.made++
	p := c.through.start("consumer", fmt.Sprintf("run --name w%d-%d %s", os.Getpid()%1000, c.made, c.args))
	c.stand.watched = append(c.stand.watched, p)
	return p
}

// replace puts a new consumer into the place of one that has ended or will.
func (c *crew) replace(i int) (old *program) {
	c.stand.t.Helper()
	old, c.members[i] = c.members[i], c.start()
	return old
}

// any returns the place of one of them.
func (c *crew) any() int { return c.stand.random.IntN(len(c.members)) }

// dismiss ends all of them in peace.
func (c *crew) dismiss() {
	c.stand.t.Helper()
	for _, m := range c.members {
		m.signal(syscall.SIGTERM)
	}
	for _, m := range c.members {
		m.wantCode(0)
	}
}

// checkClean checks that nothing of a finished job is in the queue, and nothing at all
// is left of it once it is removed. No worker may be at work any more.
func (s *stand) checkClean(id string) {
	s.t.Helper()
	for _, name := range []string{schema.StreamTasks, schema.StreamReturns} {
		if list := s.subjects(name); len(list) > 0 {
			s.t.Errorf("%s holds %v after job %s", name, list, id)
		}
	}
	s.run("producer", "rm "+id).wantCode(0)
	for _, name := range []string{schema.StreamTasks, schema.StreamReturns, schema.StreamResults, schema.StreamInputs, schema.StreamDead} {
		if list := s.subjects(name); len(list) > 0 {
			s.t.Errorf("%s holds %v after job %s was removed", name, list, id)
		}
	}
	if n := s.stream("KV_FACTOR_JOBS").CachedInfo().State.NumSubjects; n != 1 {
		s.t.Errorf("FACTOR_JOBS has %d keys, not the tombstone alone", n)
	}
}

// subjects returns what a stream holds.
func (s *server) subjects(stream string) (list []string) {
	s.t.Helper()
	info, err := s.stream(stream).Info(s.t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil {
		s.t.Fatal(err)
	}
	for subject := range info.State.Subjects {
		list = append(list, subject)
	}
	return list
}

// checkSpent checks that every task was handed out once, and none given up.
func (s *stand) checkSpent() {
	s.t.Helper()
	if tasks, deliveries := s.queuedEver(), s.deliveries(); deliveries != tasks {
		s.t.Errorf("%d deliveries of %d tasks", deliveries, tasks)
	}
	if list := s.subjects(schema.StreamDead); len(list) > 0 {
		s.t.Errorf("dead letters: %v", list)
	}
}

// setLimit changes how many messages a stream takes.
func (s *stand) setLimit(stream string, messages int64) {
	s.t.Helper()
	_, js := s.connect()
	st, err := js.Stream(s.t.Context(), stream)
	if err != nil {
		s.t.Fatal(err)
	}
	config := st.CachedInfo().Config
	config.MaxMsgs = messages
	if _, err := js.UpdateStream(s.t.Context(), config); err != nil {
		s.t.Fatal(err)
	}
}

// A watch sees what goes on in a fleet: what workers publish, and their heartbeats.
type watch struct {
	mu       sync.Mutex
	beats    int
	results  []sighting
	returns  []sighting
	requeued []string                   // subjects of tasks that were queued once more
	handed   map[string]map[string]bool // by a task's sequence, the deliveries of which a worker spoke
}

// A sighting is a result or a return that was on its way.
type sighting struct {
	at      time.Time
	subject string
	attempt uint32
	died    bool // the return says that an earlier worker died
}

// watch begins to look; it outlives restarts of the server.
func (s *server) watch() *watch {
	s.t.Helper()
	w := &watch{handed: make(map[string]map[string]bool)}
	nc, err := nats.Connect(s.url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(nc.Close)
	see := func(m *nats.Msg) {
		w.mu.Lock()
		defer w.mu.Unlock()
		seen := sighting{at: time.Now(), subject: m.Subject}
		if token := strings.Split(m.Subject, "."); token[0] == "$JS" && len(token) == 9 {
			// $JS.ACK.<stream>.<durable>.<delivered>.<sequence>.<number of the delivery>.<time>.<pending>
			if w.handed[token[5]] == nil {
				w.handed[token[5]] = make(map[string]bool)
			}
			w.handed[token[5]][token[4]+" "+token[6]] = true
		}
		switch {
		case string(m.Data) == "+WPI":
			w.beats++
		case strings.HasPrefix(m.Subject, "FACTOR.tasks."):
			if !strings.HasSuffix(m.Subject, ".0") {
				w.requeued = append(w.requeued, m.Subject)
			}
		case strings.HasPrefix(m.Subject, "FACTOR.results."):
			if r, err := task.DecodeResult(m.Data); err == nil {
				seen.attempt = r.Attempt
			}
			w.results = append(w.results, seen)
		case strings.HasPrefix(m.Subject, "FACTOR.returns."):
			if r, err := task.DecodeReturn(m.Data); err == nil {
				seen.died = r.Reason == task.Isolate && r.Pieces > 0
			}
			w.returns = append(w.returns, seen)
		}
	}
	for _, subject := range []string{"$JS.ACK." + schema.StreamTasks + ".>", "FACTOR.tasks.>", "FACTOR.results.>", "FACTOR.returns.>"} {
		if _, err := nc.Subscribe(subject, see); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		s.t.Fatal(err)
	}
	return w
}

func (w *watch) beatCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beats
}

func (w *watch) resultCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.results)
}

// handedAgain returns how many deliveries workers were given beyond one a task: each
// speaks of its delivery at once. What happened while the watch itself had no connection
// is not seen.
func (w *watch) handedAgain() (count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, deliveries := range w.handed {
		count += len(deliveries) - 1
	}
	return count
}

// awaitReceived waits until a worker has spoken of a delivery: the server may have handed it out
// some time before it arrived.
func (w *watch) awaitReceived(t testing.TB) {
	t.Helper()
	eventually(t, "a worker has a task", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.handed) > 0
	})
}

// lastResult returns when a result was last seen.
func (w *watch) lastResult() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.results) == 0 {
		return time.Time{}
	}
	return w.results[len(w.results)-1].at
}

// inWork returns how many tasks are handed out and not settled.
func (s *server) inWork() (n int) {
	s.t.Helper()
	for c := range s.stream(schema.StreamTasks).ListConsumers(s.t.Context()).Info() {
		n += c.NumAckPending
	}
	return n
}

// spentBeforeAnswers returns how many deliveries the answered tasks had had before the one
// that was answered.
func (s *server) spentBeforeAnswers() (count int) {
	s.t.Helper()
	for attempt, results := range s.attempts() {
		count += int(attempt-1) * results
	}
	return count
}

// attempts returns which attempt each stored result of a job came from.
func (s *server) attempts() map[uint32]int {
	s.t.Helper()
	attempts := make(map[uint32]int)
	stream := s.stream(schema.StreamResults)
	for seq, state := uint64(1), stream.CachedInfo().State; seq <= state.LastSeq; seq++ {
		m, err := stream.GetMsg(s.t.Context(), seq)
		if err != nil {
			continue
		}
		r, err := task.DecodeResult(m.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		attempts[r.Attempt]++
	}
	return attempts
}
