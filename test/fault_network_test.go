package test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Connections are cut repeatedly, on both sides.
func TestConnectionsCut(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, 2*time.Second)
	far, near := s.line(), s.line()
	w := s.record()
	group := s.startWorkers(far.server, 2, "-n 1")
	numbers := slow(0, 160, 61)
	job := near.start("producer", "submit --id j --chunk 4", feed(numbers))
	s.watched = append(s.watched, job)
	for i := range 8 {
		done := w.resultCount()
		eventually(t, "results come", func() bool { return w.resultCount() > done })
		<-time.After(s.randomTime(0, 100*time.Millisecond))
		if i%2 == 0 {
			far.cut()
		} else {
			near.cut()
		}
	}
	s.wantDone(job)
	checkAnswers(t, numbers, job.stdout.String())
	group.stop()
	s.checkAnsweredOnce("j", 160)
	s.checkClean("j")
}

// A worker that loses the network continues to compute and publishes its result when it is connected
// again. Nothing is computed twice. The network is lost for good or for a while, with or without the
// end of its connection.
func TestNetworkAway(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name    string
		break_  func(*line)
		mend    func(*line)
		ackWait time.Duration
	}{
		{"refused", (*line).down, (*line).up, 10 * time.Second},
		{"frozen", (*line).freeze, (*line).heal, 10 * time.Second},
		{"swallowed", (*line).swallow, (*line).heal, 10 * time.Second},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			s := newFaultFleet(t, kind.ackWait)
			far := s.line()
			group := s.startWorkers(far.server, 1, "-n 1")
			numbers := slow(0, 8, 89)
			w := s.record()
			job := s.submit("--id j --chunk 8", numbers)
			w.awaitReceived(t)
			kind.break_(far)
			<-time.After(4 * time.Second) // it ends its chunk meanwhile
			kind.mend(far)
			s.wantDone(job)
			checkAnswers(t, numbers, job.stdout.String())
			if a := s.attempts(); len(a) != 1 || a[1] != 1 {
				t.Errorf("results by attempt: %v", a)
			}
			group.stop()
			s.checkSpent()
			s.checkClean("j")
		})
	}
}

// A dead connection without a sign of it is detected and replaced, by a worker that requests tasks and
// by one that publishes a result.
func TestConnectionDiesSilently(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{"idle": "forcing a reconnect", "busy": "connection to NATS lost"} {
		busy := name == "busy"
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultFleet(t, 30*time.Second)
			far := s.line()
			group := s.startWorkers(far.server, 1, "-n 1")
			numbers := slow(0, 8, 89)
			var job *program
			if busy {
				w := s.record()
				job = s.submit("--id j --chunk 8", numbers)
				w.awaitReceived(t)
			}
			far.swallow()
			began := time.Now()
			worker := group.members[0]
			worker.await(&worker.stderr, sign)
			t.Logf("noticed after %v", time.Since(began))
			far.heal()
			if !busy {
				job = s.submit("--id j --chunk 8", numbers)
			}
			s.wantDone(job)
			checkAnswers(t, numbers, job.stdout.String())
			group.stop()
			s.checkAnsweredOnce("j", 8)
			s.checkSpent()
			s.checkClean("j")
		})
	}
}

// A result whose transfer takes longer than the timeout of a response arrives nevertheless, and once.
func TestSlowLine(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, 20*time.Second)
	far := s.line()
	group := s.startWorkers(far.server, 1, "-n 1")
	far.slow(50, 15)
	numbers := sequence(1e17, 1e17+2000*7, 7)
	job := s.submit("--id j --chunk 2001 --kind square", numbers)
	s.wantDone(job)
	if got := len(job.stdout.String()); got == 0 {
		t.Error("nothing was printed")
	}
	far.heal()
	group.stop()
	s.checkAnsweredOnce("j", 2001)
	s.checkSpent()
	s.checkClean("j")
}

// The server keeps the connection and answers everything but requests for tasks. The worker subscribes
// again, then reconnects, and then exits so that it is restarted.
func TestPullsUnanswered(t *testing.T) {
	t.Parallel()
	s := &server{program: start(t, "nats-server", "-a 127.0.0.1 -p -1")}
	s.await(&s.stderr, "Server is ready")
	s.url = listens(t, s.program)
	nc, _ := s.connect()
	var mu sync.Mutex
	var inboxes []string // of the requests, each once
	for subject, answer := range map[string]func(*nats.Msg){
		"$JS.API.CONSUMER.INFO.FACTOR_TASKS.*": func(m *nats.Msg) {
			m.Respond([]byte(`{"stream_name":"FACTOR_TASKS","name":"` + m.Subject[strings.LastIndexByte(m.Subject, '.')+1:] + `","config":{"ack_wait":30000000000}}`))
		},
		"$JS.API.CONSUMER.MSG.NEXT.>": func(m *nats.Msg) {
			mu.Lock()
			defer mu.Unlock()
			if inbox := m.Reply[:strings.LastIndexByte(m.Reply, '.')]; !slices.Contains(inboxes, inbox) {
				inboxes = append(inboxes, inbox)
			}
		},
	} {
		if _, err := nc.Subscribe(subject, answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	worker := s.consumer("-n 1")
	began := time.Now()
	worker.wantCode(75).wantSaid("forcing a reconnect", "reconnected to NATS", "consumer: error: worker: needs a restart: no answer to pull requests\n")
	if took := time.Since(began).Round(100 * time.Millisecond); took > 35*time.Second {
		t.Errorf("given up after %v", took)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(inboxes) != 2 {
		t.Errorf("requests came from inboxes %q, not from two", inboxes)
	}
}
