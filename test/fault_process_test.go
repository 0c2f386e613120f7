package test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Consumers are killed at random moments, or paused for longer than the ack wait and resumed.
func TestConsumersKilled(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	numbers := slow(0, 200, 61)
	group := s.startWorkers(s.server, 3, "-n 1")
	job := s.submit("--id j --chunk 8", numbers)
	eventually(t, "work has begun", func() bool { return s.unsettled() > 0 })

	asleep := group.any()
	group.members[asleep].signal(syscall.SIGSTOP)
	wake := time.NewTimer(3 * s.ackWait)
	for range 6 {
		<-time.After(s.randomTime(50*time.Millisecond, 300*time.Millisecond))
		if i := group.any(); i != asleep {
			group.members[i].kill()
			group.replace(i)
		}
	}
	<-wake.C
	group.members[asleep].signal(syscall.SIGCONT)

	s.wantDone(job)
	job.wantStderr("")
	checkAnswers(t, numbers, job.stdout.String())
	group.stop()
	if letters := report[[]any](s.server, "dead ls"); len(letters) != 0 {
		t.Errorf("dead letters: %v", letters)
	}
	s.checkClean("j")
}

// The producer is killed while it reads, while it waits, and once more.
func TestProducerKilled(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	numbers := slow(0, 150, 61)
	lines := strings.SplitAfter(numbers, "\n")
	group := s.startWorkers(s.server, 2, "-n 1")
	w := s.record()
	in, feeder := pipe(t)
	p := s.start("producer", "submit --id j --chunk 5", in)
	feeder.WriteString(strings.Join(lines[:37], ""))
	p.await(&p.stdout, "\n")
	p.kill()
	unqueued := s.unqueued("j")

	// The lease of the killed feeder lasts for 15 s. Another producer prints meanwhile.
	first := s.start("producer", "wait j")
	first.await(&first.stdout, "\n")
	first.kill()
	s.dropLeases() // TestProducerDiesReading waits until they run out
	f := s.open()
	in, feeder = pipe(t)
	p = s.start("producer", "submit --id j --chunk 5", in)
	feeder.WriteString(strings.Join(lines[:90], ""))
	eventually(t, "more of it is stored", func() bool {
		in, err := f.Inputs(t.Context(), "j")
		return err == nil && in.Count() >= 90
	})
	p.kill()
	s.dropLeases()
	also := s.unqueued("j")
	unqueued.AddSet(&also)
	p = s.submit("--id j --chunk 5", numbers)
	eventually(t, "all of it is stored", func() bool {
		j, err := f.Job(t.Context(), "j")
		return err == nil && j.State == task.Sealed
	})
	p.kill()
	for range 3 {
		p = s.start("producer", "wait j")
		<-time.After(s.randomTime(20*time.Millisecond, 200*time.Millisecond))
		p.kill()
	}
	s.dropLeases()
	final := s.run("producer", "wait j").wantCode(0)
	checkAnswers(t, numbers, final.stdout.String())
	// The ranges that were requeued are those that a killed producer had stored and not queued yet.
	for _, r := range w.queuedAgain() {
		if !unqueued.Contains(r) {
			t.Errorf("%v was queued again although only %v was not queued", r, slices.Collect(unqueued.Ranges()))
		}
	}
	if said := final.stderr.String(); said != "" && (strings.Count(said, "\n") > 1 || !strings.Contains(said, "INF resuming: ") || !strings.Contains(said, " unfinished") || len(w.queuedAgain()) == 0) {
		t.Errorf("the last one says %q", said)
	}
	if killed := p.stdout.String(); !strings.HasPrefix(final.stdout.String(), killed) {
		t.Error("the one that was killed had printed something else")
	}
	group.stop()
	s.checkAnsweredOnce("j", 150)
	s.checkSpent()
	s.checkClean("j")
}

// dropLeases deletes the leases of killed programs before they expire.
func (s *server) dropLeases() {
	s.t.Helper()
	_, js := s.connect()
	leases, err := js.KeyValue(s.t.Context(), schema.BucketLeases)
	if err != nil {
		s.t.Fatal(err)
	}
	keys, err := leases.ListKeys(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for key := range keys.Keys() {
		if err := leases.Purge(s.t.Context(), key); err != nil {
			s.t.Fatal(err)
		}
	}
}

// open connects to the fleet as a producer does, for a test that reads it often.
func (s *server) open() *fleet.Fleet {
	s.t.Helper()
	nc, js := s.connect()
	f, err := fleet.Open(s.t.Context(), nc, js, stream.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// unqueued returns the stored positions of a job that are neither queued nor answered.
func (s *server) unqueued(job string) (missing task.Set) {
	s.t.Helper()
	var there task.Set
	for _, stream := range []string{schema.StreamTasks, schema.StreamResults} { // in this order: workers are running
		for _, subject := range s.subjects(stream) {
			token := strings.Split(subject, ".")
			if r, err := task.ParseRange(token[len(token)-2]); err == nil {
				there.Add(r)
			}
		}
	}
	for r := range there.Gaps(task.Span(0, uint64(s.job(job).Stored))) {
		missing.Add(r)
	}
	return missing
}

// queuedAgain returns the ranges that were requeued.
func (w *recorder) queuedAgain() (ranges []task.Range) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, subject := range w.requeued {
		token := strings.Split(subject, ".")
		if r, err := task.ParseRange(token[len(token)-2]); err == nil {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// The server process ends several times and restarts with the same store and port. No program gives up,
// and nothing is lost or printed twice. A server that is stopped knows its deliveries afterwards and
// accepts their acks, so nothing is computed twice. A server that is killed forgets its last tenth of a
// second: it may deliver one task to each worker again, and counts that as the first delivery.
func TestServerComesAndGoes(t *testing.T) {
	t.Parallel()
	const restarts, groupSize = 3, 2
	for _, end := range []struct {
		signal  syscall.Signal
		ackWait time.Duration
		twice   int // tasks that may be handed out, and computed, twice
	}{
		{syscall.SIGTERM, 15 * time.Second, 0},
		{syscall.SIGKILL, 4 * time.Second, restarts * groupSize},
	} {
		t.Run(end.signal.String(), func(t *testing.T) {
			t.Parallel()
			s := newFaultFleet(t, end.ackWait)
			group := s.startWorkers(s.server, groupSize, "-n 1")
			w := s.record()
			in, feeder := pipe(t)
			job := s.submit("--id j --chunk 4", "", in)
			numbers, stop := trickle(feeder, 8, 300*time.Millisecond)
			for range restarts {
				done := w.resultCount()
				eventually(t, "results come", func() bool { return w.resultCount() > done })
				<-time.After(s.randomTime(0, 200*time.Millisecond))
				s.stopServer(end.signal)
				<-time.After(s.randomTime(0, time.Second))
				s.restartServer()
			}
			stop()
			s.wantDone(job)
			checkAnswers(t, numbers(), job.stdout.String())
			group.stop()
			if spent := s.deliveriesBeforeAnswers(); spent > end.twice {
				t.Errorf("%d deliveries were spent, %d may be", spent, end.twice)
			}
			if end.twice == 0 {
				s.checkSpent() // as the server knows it
				s.checkAnsweredOnce("j", strings.Count(numbers(), "\n"))
			}
			if results, queued := len(s.resultSubjects()), int(s.queuedEver()); results > queued+end.twice {
				t.Errorf("%d results for %d tasks: at most %d were to be computed twice", results, queued, end.twice)
			}
			if list := s.subjects(schema.StreamDead); len(list) > 0 {
				t.Errorf("dead letters: %v", list)
			}
			s.checkClean("j")
		})
	}
}
