package test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/testsize"
)

// TestCampaignLevels: workers with different levels of kernels sieve one number together. Relations of each of them are
// right and count. A worker that has sent some is stopped until all have: so a slow one is not too late.
func TestCampaignLevels(t *testing.T) {
	t.Parallel()
	if kernels.Best() == kernels.Plain {
		t.Skip("this machine has one level of kernels")
	}
	s := startFleetWith(t, time.Minute)
	supervisor := s.supervise(serving)
	owner := s.stopOwner("j", 66)
	workers := make(map[string]*program)
	for _, l := range kernels.Levels {
		if l <= kernels.Best() {
			w := s.start("consumer", "run -n 1 --name "+l.String(), environment(kernels.Variable+"="+l.String()))
			w.await(&w.stderr, "worker ready")
			workers[l.String()] = w
		}
	}
	stopped := make(map[string]bool)
	eventually(t, "all workers have sent relations", func() bool {
		for _, name := range s.senders("j") {
			if !stopped[name] && workers[name] != nil {
				workers[name].signal(syscall.SIGSTOP)
				stopped[name] = true
			}
		}
		return len(stopped) == len(workers)
	})
	for _, w := range workers {
		w.signal(syscall.SIGCONT)
	}
	supervisor.await(&supervisor.stderr, divided)
	owner.answers()
	supervisor.checkRefusals()
	for name := range workers {
		if r := s.workerReport(name); len(r.Strikes) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestCampaignsAndList: a list of small numbers is factored while all workers sieve two hard numbers. The list does not
// wait until a sieve ends, and both sieves continue.
func TestCampaignsAndList(t *testing.T) {
	t.Parallel()
	if !testsize.Full() {
		t.Skip("two cores sieve for ten seconds: the gate does it")
	}
	s := startFleet(t)
	supervisor := s.supervise(serving)
	for _, name := range []string{"a", "b", "c", "d"} {
		s.consumer("-n 1 --name " + name)
	}
	jobs := []string{"hard-1", "hard-2"}
	for _, job := range jobs { // minutes of work
		s.run("producer", "submit --detach --campaign always --id "+job, feed(twoPrimes(t, 90).String()+"\n")).wantCode(0)
	}
	var before []int
	for _, job := range jobs {
		eventually(t, job+" is sieved", func() bool { return len(s.senders(job)) > 0 })
		before = append(before, s.sieved(s.part(job)).relations)
	}
	list := smallNumbers(t)
	checkAnswers(t, list, s.run("producer", "submit", feed(list)).wantCode(0).stdout.String())
	if strings.Contains(supervisor.stderr.String(), solving) {
		t.Error("a sieve has ended before the list")
	}
	for i, job := range jobs {
		eventually(t, job+" is sieved after the list", func() bool { return s.sieved(s.part(job)).relations > before[i] })
		s.run("producer", "cancel "+job).wantCode(0)
	}
	eventually(t, "nothing of the sieves is left", func() bool { return s.yields() == 0 && len(s.parts()) == 0 })
	supervisor.checkRefusals()
}
