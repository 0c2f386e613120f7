package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// The tests in fault_*_test.go break a fleet of real programs in many ways. Afterwards every number must have
// been printed once and in order, and the queue must be empty.

// A faultFleet is a fleet whose parts a test can break.
type faultFleet struct {
	*server        // the running one; its URL never changes
	store   string // directory of the server
	command string // starts the server with its store, without a port
	ackWait time.Duration
	random  *rand.Rand
	watched []*program // whose output a failed test shows
}

// tail returns the last lines of a text.
func tail(text string) string { return text[max(0, len(text)-6000):] }

// newFaultFleet starts a server with streams on its own store.
func newFaultFleet(t testing.TB, ackWait time.Duration) *faultFleet {
	t.Helper()
	s := newRandomFleet(t, ackWait)
	s.store = t.TempDir()
	s.command = "nats-server -a 127.0.0.1 -js -sd " + s.store
	s.server = &server{program: s.serve(t, " -p -1")}
	s.url = listens(t, s.program)
	s.run("producer", "init --ack-wait "+ackWait.String()).wantCode(0)
	return s
}

// newRandomFleet returns a fleet without a server. A test that fails shows its seed and its programs.
func newRandomFleet(t testing.TB, ackWait time.Duration) *faultFleet {
	t.Helper()
	seed := rand.Uint64()
	if *seedFlag != 0 {
		seed = *seedFlag
	}
	s := &faultFleet{ackWait: ackWait, random: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		t.Logf("seed %d", seed)
		for _, p := range s.watched {
			t.Logf("%s:\n%s", p.line, tail(strings.Split(p.stderr.String(), "SIGQUIT")[0]))
		}
	})
	return s
}

// serve starts the server of s on its store. args follow those of s.command.
func (s *faultFleet) serve(t testing.TB, args string) *program {
	t.Helper()
	name, fixed, _ := strings.Cut(s.command, " ")
	p := start(t, name, fixed+args)
	p.await(&p.stderr, "Server is ready")
	return p
}

// submit starts a producer that submits numbers.
func (s *faultFleet) submit(args, numbers string, settings ...setting) *program {
	s.t.Helper()
	p := s.start("producer", "submit "+args, append([]setting{feed(numbers)}, settings...)...)
	s.watched = append(s.watched, p)
	return p
}

// wantDone waits until the producer p has printed everything. If that takes too long, it shows the
// state of the fleet.
func (s *faultFleet) wantDone(p *program) {
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

// stopServer ends the server with a signal.
func (s *faultFleet) stopServer(signal os.Signal) {
	s.t.Helper()
	s.program.signal(signal)
	<-s.program.ended
	s.program.killed = true
}

// restartServer starts the server again with the same store and port.
func (s *faultFleet) restartServer() {
	s.t.Helper()
	s.program = s.serve(s.t, " -p "+s.url[strings.LastIndexByte(s.url, ':')+1:])
}

// randomTime returns a random duration from least to most.
func (s *faultFleet) randomTime(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

// afterHeartbeats returns a channel that is ready after the time of n heartbeats, at an ack wait of 1
// s. Tests use it to check that something does not happen.
func afterHeartbeats(n int) <-chan time.Time { return time.After(time.Duration(n) * time.Second / 6) }

// A workerGroup is a number of consumers that the test replaces when they end, as systemd does.
type workerGroup struct {
	stand   *faultFleet
	through *server // the server as they reach it, directly or by a line
	args    string
	members []*program
	made    int
	keys    func(i int) setting // of member i, which then has the name of its keys; nil without keys
}

// startWorkers starts size consumers and returns when all are ready.
func (s *faultFleet) startWorkers(through *server, size int, args string) *workerGroup {
	s.t.Helper()
	return s.startGroup(&workerGroup{stand: s, through: through, args: args}, size)
}

// startGroup starts the members of a group and returns when all are ready.
func (s *faultFleet) startGroup(c *workerGroup, size int) *workerGroup {
	s.t.Helper()
	for i := range size {
		c.members = append(c.members, c.start(i))
	}
	for _, m := range c.members {
		m.await(&m.stderr, "worker ready")
	}
	return c
}

// start starts another consumer as member i: with its keys, or under a new name.
func (c *workerGroup) start(i int) *program {
	c.stand.t.Helper()
	c.made++
	args, keys := fmt.Sprintf("run --name w%d-%d %s", os.Getpid()%1000, c.made, c.args), []setting(nil)
	if c.keys != nil {
		args, keys = "run "+c.args, []setting{c.keys(i)}
	}
	p := c.through.start("consumer", args, keys...)
	c.stand.watched = append(c.stand.watched, p)
	return p
}

// replace starts a new consumer for member i, which has ended or will end, and returns the old one.
func (c *workerGroup) replace(i int) (old *program) {
	c.stand.t.Helper()
	old, c.members[i] = c.members[i], c.start(i)
	return old
}

// any returns the index of a random member.
func (c *workerGroup) any() int { return c.stand.random.IntN(len(c.members)) }

// stop ends all members in order.
func (c *workerGroup) stop() {
	c.stand.t.Helper()
	for _, m := range c.members {
		m.signal(syscall.SIGTERM)
	}
	for _, m := range c.members {
		m.wantCode(0)
	}
}

// checkClean checks that the queue holds nothing of a finished job, and that no stream holds anything
// of it once it is removed. No worker may be running.
func (s *faultFleet) checkClean(id string) {
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
	keys := slices.DeleteFunc(s.subjects("KV_FACTOR_JOBS"), func(key string) bool { // a busy machine may have complaints about workers
		return strings.HasPrefix(key, schema.KeyPrefix(schema.BucketJobs)+"worker.")
	})
	if len(keys) != 1 {
		s.t.Errorf("FACTOR_JOBS has the keys %v, not the tombstone alone", keys)
	}
}

// subjects returns the subjects of all messages of a stream.
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

// checkSpent checks that every task was delivered once and no task was given up.
func (s *faultFleet) checkSpent() {
	s.t.Helper()
	if tasks, deliveries := s.queuedEver(), s.deliveries(); deliveries != tasks {
		s.t.Errorf("%d deliveries of %d tasks", deliveries, tasks)
	}
	if list := s.subjects(schema.StreamDead); len(list) > 0 {
		s.t.Errorf("dead letters: %v", list)
	}
}

// setLimit changes the maximum number of messages of a stream.
func (s *faultFleet) setLimit(stream string, messages int64) {
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

// unsettled returns the number of tasks that are delivered and not settled.
func (s *server) unsettled() (n int) {
	s.t.Helper()
	for c := range s.stream(schema.StreamTasks).ListConsumers(s.t.Context()).Info() {
		n += c.NumAckPending
	}
	return n
}

// deliveriesBeforeAnswers returns how many deliveries the answered tasks had before the one that was
// answered.
func (s *server) deliveriesBeforeAnswers() (count int) {
	s.t.Helper()
	for attempt, results := range s.attempts() {
		count += int(attempt-1) * results
	}
	return count
}

// attempts returns the number of stored results by attempt.
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
