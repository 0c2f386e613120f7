package test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// Ten rolling restarts of all consumers cost nothing: they hand back what they cannot finish, and this
// spends no delivery. This also holds when the queue is full, so that a return finds no room at first.
func TestRollingRestarts(t *testing.T) {
	t.Parallel()
	for name, room := range map[string]int64{"room": 100_000, "full": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultFleet(t, 10*time.Second) // a machine may stand still for two
			const others = 6                      // tasks of a class that no worker pulls
			_, js := s.connect()
			for i := range others {
				if _, err := js.Publish(t.Context(), fmt.Sprintf("FACTOR.tasks.exec-none.other.%d-1.0", i), nil); err != nil {
					t.Fatal(err)
				}
			}
			s.setLimit(schema.StreamTasks, others+room)
			group := s.startWorkers(s.server, 2, "-n 1")
			in, feeder := pipe(t)
			job := s.submit("--id j --chunk 20", "", in)
			every := 400 * time.Millisecond
			if room < 100 {
				every = 50 * time.Millisecond // more than the group can do
			}
			numbers, stop := trickle(feeder, 20, every)
			if room < 100 {
				eventually(t, "the queue is full", func() bool { return len(s.subjects(schema.StreamTasks)) == int(others+room) })
			}
			for range 10 {
				for i := range group.members {
					old := group.replace(i)
					group.members[i].await(&group.members[i].stderr, "worker ready")
					old.signal(syscall.SIGTERM)
					<-time.After(10 * time.Millisecond) // two at once are one
					old.cmd.Process.Signal(syscall.SIGTERM)
					old.wantCode(0)
				}
			}
			stop()
			s.wantDone(job)
			checkAnswers(t, numbers(), job.stdout.String())
			group.stop()
			if tasks, deliveries := s.queuedEver()-others, s.deliveries(); deliveries != tasks {
				t.Errorf("%d deliveries of %d tasks", deliveries, tasks)
			}
			if list := s.subjects(schema.StreamDead); len(list) > 0 {
				t.Errorf("dead letters: %v", list)
			}
			if err := s.stream(schema.StreamTasks).Purge(t.Context(), jetstream.WithPurgeSubject("FACTOR.tasks.exec-none.>")); err != nil {
				t.Fatal(err)
			}
			s.checkClean("j")
		})
	}
}

// trickle writes slow numbers to w, some at a time, until stop is called. numbers then returns all of
// them.
func trickle(w *os.File, some int, every time.Duration) (numbers func() string, stop func()) {
	var all strings.Builder
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer w.Close()
		for first := 0; ; first += some {
			part := slow(first, some, 61)
			w.WriteString(part)
			all.WriteString(part)
			select {
			case <-end:
				return
			case <-time.After(every):
			}
		}
	}()
	return func() string { <-ended; return all.String() }, func() { close(end) }
}

// While the results stream is full, the workers keep their tasks and report it. Nothing is computed
// again.
func TestResultsFull(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	s.setLimit(schema.StreamResults, 1)
	w := s.record()
	group := s.startWorkers(s.server, 2, "-n 1")
	numbers := slow(0, 40, 61)
	job := s.submit("--id j --chunk 5", numbers)
	eventually(t, "the results are full and both slots wait", func() bool {
		return len(s.subjects(schema.StreamResults)) == 1 && s.unsettled() == 2
	})
	beats := w.beatCount()
	eventually(t, "they beat for three ack waits", func() bool { return w.beatCount() >= beats+2*18 })
	if n := s.unsettled(); n != 2 {
		t.Errorf("%d tasks unsettled, not 2", n)
	}
	s.setLimit(schema.StreamResults, -1)
	s.wantDone(job)
	checkAnswers(t, numbers, job.stdout.String())
	group.stop()
	s.checkAnsweredOnce("j", 40)
	s.checkSpent()
	s.checkClean("j")
}

// The server is paused, or stopped, for longer than the ack wait. Only tasks that were running then may
// be redelivered once. Nothing is lost or printed twice.
func TestServerAwayLong(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*faultFleet){
		"stopped": func(s *faultFleet) {
			s.program.signal(syscall.SIGSTOP)
			<-time.After(2 * s.ackWait)
			s.program.signal(syscall.SIGCONT)
		},
		"ended": func(s *faultFleet) {
			s.stopServer(syscall.SIGTERM)
			<-time.After(2 * s.ackWait)
			s.restartServer()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultFleet(t, 2*time.Second)
			const slots = 2
			group := s.startWorkers(s.server, slots, "-n 1")
			w := s.record()
			const count = 40
			numbers := slow(0, count, 89)
			job := s.submit("--id j --chunk 1", numbers)
			eventually(t, "results come", func() bool { return w.resultCount() > 0 })
			away(s)
			back := time.Now()
			s.wantDone(job)
			t.Logf("first result %v after it was back", w.resultAfter(back).Sub(back).Round(time.Millisecond))
			checkAnswers(t, numbers, job.stdout.String())
			group.stop()
			tasks, deliveries := s.queuedEver(), s.deliveries()
			if tasks != count || deliveries < tasks || deliveries > tasks+slots {
				t.Errorf("%d deliveries of %d tasks: %d were running", deliveries, tasks, slots)
			}
			if list := s.subjects(schema.StreamDead); len(list) > 0 {
				t.Errorf("dead letters: %v", list)
			}
			s.checkClean("j")
		})
	}
}

// resultAfter returns the time of the first recorded result after a moment.
func (w *recorder) resultAfter(moment time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.results {
		if r.at.After(moment) {
			return r.at
		}
	}
	return time.Time{}
}
