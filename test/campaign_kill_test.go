package test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// neverSolves has a supervisor wait before each linear algebra, longer than any test: see job/conductor_wait.go.
var neverSolves = environment("FACTORFLEET_TEST_SOLVE=24h")

// TestCampaignSupervisorsDie: a supervisor is killed while a worker sieves, and the next one during the linear algebra.
// Each successor reads all relations again that are stored. No coefficient is sieved twice, and after the second death
// nothing is sieved any more.
func TestCampaignSupervisorsDie(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Minute)
	first := s.supervise(serving)
	owner := s.stopOwner("j", 66)
	helper := s.consumer("-n 1 --name helper")
	eventually(t, "the helper publishes relations", func() bool { return s.yields() >= 2 })
	helper.signal(syscall.SIGSTOP)
	part := s.part("j")
	holder := s.holder(part)
	first.kill()
	if strings.Contains(first.stderr.String(), solving) {
		t.Fatal("the sieve had ended before its supervisor was killed")
	}
	stored, issued := s.sieved(part), s.part("j").Next

	second := s.supervise(serving, neverSolves)
	eventually(t, "the second supervisor has read the relations again", func() bool {
		owner.remind()
		c := s.campaign("j")
		return c.Holder != holder && c.Phase == "sieving" && c.Relations == stored.relations
	})
	helper.signal(syscall.SIGCONT)
	second.await(&second.stderr, solving)
	if next := s.part("j").Next; next < issued {
		t.Errorf("the second supervisor has issued coefficients from %d on, and the first one below %d", next, issued)
	}
	second.kill()
	tasks := s.queuedEver()

	third := s.supervise(serving)
	eventually(t, "the third supervisor splits the number", func() bool {
		owner.remind()
		return strings.Contains(third.stderr.String(), divided)
	})
	if a, b := second.logged(solving, "relations"), third.logged(solving, "relations"); a != b {
		t.Errorf("the linear algebra began with %d relations, and with %d once more", a, b)
	}
	if got := s.queuedEver(); got != tasks {
		t.Errorf("%d tasks were queued after the relations sufficed", got-tasks)
	}
	if s.sieved(part).twice {
		t.Error("a coefficient was sieved twice")
	}
	owner.answers()
	eventually(t, "nothing of the sieve is left", func() bool { return s.yields() == 0 && len(s.parts()) == 0 })
	for _, p := range []*program{first, second, third} {
		p.checkRefusals()
	}
}
