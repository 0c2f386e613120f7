package test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A listedWorker is an entry of `producer workers ls --json`.
type listedWorker struct {
	Name, State, Pause              string
	Processes, Slots, Busy, Numbers int
	Holding                         []string
}

// listed returns the entry of a worker; the zero value if there is none.
func (s *server) listed(name string) listedWorker {
	s.t.Helper()
	for _, w := range report[[]listedWorker](s, "workers ls") {
		if w.Name == name {
			return w
		}
	}
	return listedWorker{}
}

// otherHours returns a period of local time that begins and ends some hours from now.
func otherHours() string {
	now := time.Now()
	return now.Add(3*time.Hour).Format("15:04-") + now.Add(6*time.Hour).Format("15:04")
}

// TestSameName: two processes under one name share the work, are listed as one worker, and each may end or die as if it had a
// name of its own.
func TestSameName(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	one := s.consumer("-n 1 --name twin")
	two := s.consumer("-n 2 --name twin")
	eventually(t, "both are listed", func() bool { w := s.listed("twin"); return w.Processes == 2 && w.Slots == 3 })

	job := s.start("producer", "submit --id j --chunk 43", feed(tutorial))
	p := job.wantCode(0).wantStderr("")
	checkAnswers(t, tutorial, p.stdout.String())
	s.checkAnsweredOnce("j", 1000)

	// Their heartbeats name the numbers of both.
	slow := s.start("producer", "submit --id slow --kind square --sleep 1h --chunk 1 11 12 13")
	eventually(t, "all numbers are computed", func() bool { return len(s.listed("twin").Holding) == 3 })
	one.kill()
	s.run("producer", "cancel slow").wantCode(0)
	slow.wantCode(5)

	three := s.consumer("-n 1 --name twin")
	eventually(t, "the new one is listed", func() bool { return s.listed("twin").Slots >= 3 })
	two.signal(terminate)
	two.wantCode(0)
	if w := s.listed("twin"); w.Name == "" {
		t.Error("the one that is left is not listed: the other one has removed its heartbeat")
	}
	s.run("producer", "submit 15").wantCode(0).wantStdout("15: 3 5\n")
	three.signal(terminate)
	three.wantCode(0)
}

// TestSameNameDies: a number that kills its worker three times is given up, although another process of the same name is
// alive all the time. That one takes no tasks, so that each delivery kills the first one.
func TestSameNameDies(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.run("producer", "init --ack-wait 2s").wantCode(0)
	twin := s.consumer("-n 1 --name twin --active " + otherHours())
	job := s.start("producer", "submit --id j --kind square --sleep 1h 3411")
	for attempt := range 3 {
		victim := s.consumer("-n 1 --name twin")
		eventually(t, "the number is computed", func() bool {
			if attempt < 2 {
				return s.deliveries() == uint64(attempt+1)
			}
			return slices.ContainsFunc(s.subjects("FACTOR_DEAD"), func(subject string) bool {
				return strings.HasPrefix(subject, "FACTOR.failed.j.0-1.0.3.")
			})
		})
		victim.kill()
	}
	job.wantCode(1).wantSaid("number 1 of the input, 3411, was given up: ")
	twin.signal(terminate)
	twin.wantCode(0).wantSaid("tasks=0")
}
