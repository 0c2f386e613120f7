package test

import (
	"testing"
	"time"
)

// Connections are cut again and again, on both sides.
func TestConnectionsCut(t *testing.T) {
	t.Parallel()
	s := newStand(t, 2*time.Second)
	far, near := s.line(), s.line()
	w := s.watch()
	crew := s.hire(far.server, 2, "-n 1")
	numbers := slow(0, 160, 2203)
	job := near.start("producer", "submit --id j --chunk 4", feed(numbers))
	s.watched = append(s.watched, job)
	for i := range 8 {
		done := w.resultCount()
		eventually(t, "results come", func() bool { return w.resultCount() > done })
		<-time.After(s.between(0, 100*time.Millisecond))
		if i%2 == 0 {
			far.cut()
		} else {
			near.cut()
		}
	}
	s.wantDone(job)
	checkAnswers(t, numbers, job.stdout.String())
	crew.dismiss()
	s.checkAnsweredOnce("j", 160)
	s.checkClean("j")
}

// A worker that loses the network goes on computing and hands its result in when it is
// back; nothing is computed twice. It may lose the network for good or for a while, and
// see the end of its connection or not.
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
			s := newStand(t, kind.ackWait)
			far := s.line()
			crew := s.hire(far.server, 1, "-n 1")
			numbers := slow(0, 8, 3217)
			job := s.submit("--id j --chunk 8", numbers)
			eventually(t, "the chunk is in work", func() bool { return s.inWork() == 1 })
			kind.break_(far)
			<-time.After(4 * time.Second) // it ends its chunk meanwhile
			kind.mend(far)
			s.wantDone(job)
			checkAnswers(t, numbers, job.stdout.String())
			if a := s.attempts(); len(a) != 1 || a[1] != 1 {
				t.Errorf("results by attempt: %v", a)
			}
			crew.dismiss()
			s.checkSpent()
			s.checkClean("j")
		})
	}
}

// A connection that has died without a sign is noticed, by a worker that asks for tasks
// and by one that wants to hand in a result, and made anew.
func TestConnectionDiesSilently(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{"idle": "connecting anew", "busy": "connection to NATS lost"} {
		busy := name == "busy"
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 30*time.Second)
			far := s.line()
			crew := s.hire(far.server, 1, "-n 1")
			numbers := slow(0, 8, 3217)
			var job *program
			if busy {
				job = s.submit("--id j --chunk 8", numbers)
				eventually(t, "the chunk is in work", func() bool { return s.inWork() == 1 })
			}
			far.swallow()
			began := time.Now()
			worker := crew.members[0]
			worker.await(&worker.stderr, sign)
			t.Logf("noticed after %v", time.Since(began))
			far.heal()
			if !busy {
				job = s.submit("--id j --chunk 8", numbers)
			}
			s.wantDone(job)
			checkAnswers(t, numbers, job.stdout.String())
			crew.dismiss()
			s.checkAnsweredOnce("j", 8)
			s.checkSpent()
			s.checkClean("j")
		})
	}
}

// Over a line that carries a result in more time than an answer may take, the result
// arrives all the same, and once.
func TestSlowLine(t *testing.T) {
	t.Parallel()
	s := newStand(t, 20*time.Second)
	far := s.line()
	crew := s.hire(far.server, 1, "-n 1")
	far.slow(50, 15)
	numbers := sequence(1e17, 1e17+2000*7, 7)
	job := s.submit("--id j --chunk 2001 --kind square", numbers)
	s.wantDone(job)
	if got := len(job.stdout.String()); got == 0 {
		t.Error("nothing was printed")
	}
	far.heal()
	crew.dismiss()
	s.checkAnsweredOnce("j", 2001)
	s.checkSpent()
	s.checkClean("j")
}
