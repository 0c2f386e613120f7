package test

import (
	"fmt"
	"math/big"
	"syscall"
	"testing"
	"time"
)

// A campaignFleet is the processes of BenchmarkCampaign.
type campaignFleet struct {
	*server
	consumers, supervisors []*program
	r                      *campaignRun
}

func newCampaignFleet(b *testing.B, supervisors, consumers int) *campaignFleet {
	f := &campaignFleet{server: startFleet(b)}
	for range supervisors {
		f.supervisors = append(f.supervisors, f.supervise("--listen none"))
	}
	for i := range consumers {
		f.consumers = append(f.consumers, f.worker(i))
	}
	return f
}

func (f *campaignFleet) worker(i int) *program { return f.consumer(fmt.Sprint("-n 1 --name c", i)) }

// measure factors n, and kills the next process whenever kill is over; 0 = never. It ends all processes.
func (f *campaignFleet) measure(r *campaignRun, n *big.Int, kill time.Duration) {
	f.r = r
	yields := f.recordYields()
	began := time.Now()
	f.run("producer", "submit --detach --keep 1h --id j", arguments(n.String())).wantCode(0)
	wait := f.start("producer", "wait j")
	f.awaitAnswer(wait, yields, kill)
	r.wall = time.Since(began)
	checkAnswers(f.t, n.String()+"\n", wait.stdout.String())
	r.tasks = f.queuedEver()
	for _, list := range []struct {
		processes []*program
		sum       *spent
	}{{f.consumers, &r.consumers}, {f.supervisors, &r.supervisors}, {[]*program{f.program}, &r.servers}} {
		for _, p := range list.processes {
			p.signal(syscall.SIGTERM)
			list.sum.add(p)
		}
	}
	r.yields = yields.count(f.t)
}

// awaitAnswer waits until the answer is printed. Meanwhile it kills consumers and supervisors in turn.
func (f *campaignFleet) awaitAnswer(wait *program, yields *yieldRecord, kill time.Duration) {
	due := make(<-chan time.Time)
	if kill > 0 {
		ticker := time.NewTicker(kill)
		defer ticker.Stop()
		due = ticker.C
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for next := 0; ; {
		select {
		case <-wait.ended:
			return
		case <-due:
			f.restart(next % (len(f.consumers) + len(f.supervisors)))
			next++
		case <-look.C:
			yields.see(f.part("j"))
		}
	}
}

// restart kills a process, the consumers being counted first, and starts it again.
func (f *campaignFleet) restart(i int) {
	if i < len(f.consumers) {
		f.consumers[i].kill()
		f.r.consumers.add(f.consumers[i])
		f.r.consumers.restarts++
		f.consumers[i] = f.worker(i)
		return
	}
	i -= len(f.consumers)
	f.supervisors[i].kill()
	f.r.supervisors.add(f.supervisors[i])
	f.r.supervisors.restarts++
	f.supervisors[i] = f.start("producer", "serve --listen none")
}
