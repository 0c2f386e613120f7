package test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// Consumers are killed at random moments, and fall silent for longer than the ack wait
// and come back.
func TestConsumersKilled(t *testing.T) {
	t.Parallel()
	s := newStand(t, time.Second)
	numbers := semiprimes(200, 50, 2000)
	crew := s.hire(s.server, 3, "-n 1")
	job := s.submit("--id j --chunk 8", numbers)
	eventually(t, "work has begun", func() bool { return s.inWork() > 0 })

	asleep := crew.any()
	crew.members[asleep].signal(syscall.SIGSTOP)
	wake := time.NewTimer(3 * s.ackWait)
	for range 6 {
		<-time.After(s.between(50*time.Millisecond, 300*time.Millisecond))
		if i := crew.any(); i != asleep {
			crew.members[i].kill()
			crew.replace(i)
		}
	}
	<-wake.C
	crew.members[asleep].signal(syscall.SIGCONT)

	s.wantDone(job)
	job.wantStderr("")
	checkAnswers(t, numbers, job.stdout.String())
	crew.dismiss()
	if letters := report[[]any](s.server, "dead ls"); len(letters) != 0 {
		t.Errorf("dead letters: %v", letters)
	}
	s.checkClean("j")
}

// The producer is killed while it reads, while it waits, and once more.
func TestProducerKilled(t *testing.T) {
	t.Parallel()
	s := newStand(t, time.Second)
	numbers := semiprimes(150, 50, 5000)
	lines := strings.SplitAfter(numbers, "\n")
	crew := s.hire(s.server, 2, "-n 1")
	in, feeder := pipe(t)
	p := s.start("producer", "submit --id j --chunk 5", in)
	feeder.WriteString(strings.Join(lines[:37], ""))
	p.await(&p.stdout, "\n")
	p.kill()

	// The feeder's lease lasts for 15 s after its death. Somebody else prints meanwhile.
	first := s.start("producer", "wait j")
	first.await(&first.stdout, "\n")
	first.kill()
	in, feeder = pipe(t)
	p = s.start("producer", "submit --id j --chunk 5", in)
	feeder.WriteString(strings.Join(lines[:90], ""))
	eventually(t, "more of it is stored", func() bool { return s.job("j").Stored >= 90 })
	p.kill()
	p = s.submit("--id j --chunk 5", numbers)
	eventually(t, "all of it is stored", func() bool { return s.job("j").State == "sealed" })
	p.kill()
	for range 3 {
		p = s.start("producer", "wait j")
		<-time.After(s.between(20*time.Millisecond, 200*time.Millisecond))
		p.kill()
	}
	final := s.run("producer", "wait j").wantCode(0)
	checkAnswers(t, numbers, final.stdout.String())
	if killed := p.stdout.String(); !strings.HasPrefix(final.stdout.String(), killed) {
		t.Error("the one that was killed had printed something else")
	}
	crew.dismiss()
	s.checkAnsweredOnce("j", 150)
	s.checkSpent()
	s.checkClean("j")
}

// The server process ends again and again and is started on the same store and port.
// Nobody gives up, nothing is lost or printed twice. Work may be done twice: a killed
// server may have forgotten that a task was acked, and an ack may be on its way when
// one is terminated.
func TestServerComesAndGoes(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 4*time.Second)
			numbers := semiprimes(160, 50, 9000)
			crew := s.hire(s.server, 2, "-n 1")
			w := s.watch()
			job := s.submit("--id j --chunk 4", numbers)
			for range 3 {
				done := w.resultCount()
				eventually(t, "results come", func() bool { return w.resultCount() > done })
				<-time.After(s.between(0, 200*time.Millisecond))
				s.endServer(signal)
				<-time.After(s.between(0, time.Second))
				s.reviveServer()
			}
			s.wantDone(job)
			checkAnswers(t, numbers, job.stdout.String())
			crew.dismiss()
			s.checkClean("j")
		})
	}
}
