package job

import (
	"testing"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// An eater is a worker that acks sieve tasks and computes none.
type eater struct {
	w      *campaignWorld
	c      *campaigns
	name   string
	client *puller.Client
	status worker.Status
}

func (w *campaignWorld) eater(c *campaigns, name string) *eater {
	w.t.Helper()
	nc, js := w.connect()
	client, err := puller.Open(w.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		w.t.Fatal(err)
	}
	return &eater{w, c, name, client, worker.Status{
		Sieves: true, Sieve: task.SieveRevision, Stats: worker.Stats{State: worker.StateRunning, Slots: 1, Busy: 1},
	}}
}

// eat takes a task and names it before it acks it.
func (e *eater) eat() {
	e.w.t.Helper()
	_, list := fleettest.Pull(e.w.t, e.client, 1)
	if len(list) == 0 {
		return
	}
	name := worker.TaskName(list[0].Address)
	e.status.Holding = []string{name}
	if err := e.client.Beat(e.status); err != nil {
		e.w.t.Fatal(err)
	}
	fleettest.Await(e.w.t, "the task is named", func() bool { return len(e.c.registry.Holders(name)) > 0 })
	fleettest.Ack(e.w.t, list)
}

// TestSieveEater: a worker that takes sieve tasks and computes none is named. One that says that they fail is not.
func TestSieveEater(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 128, false)
	c, _ := w.conduct("s")
	liar, poor := w.eater(c, "liar"), w.eater(c, "poor")
	for range 2 * lostLeast {
		poor.status.SieveFailures++
		poor.eat()
	}
	fleettest.Await(t, "the liar is named", func() bool { liar.eat(); return w.eaters()["liar"] > 0 })
	if of := w.eaters(); len(of) != 1 {
		t.Errorf("complaints: %v", of)
	}
}

// TestCurveEater: the same of a worker that takes tasks of curves. Yields of curves are removed from the stream when they
// were taken, so that nothing else tells that a task was computed.
func TestCurveEater(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	c, _ := w.conduct("s")
	w.begun()
	liar := w.eater(c, "liar")
	liar.status.ECM = true
	fleettest.Await(t, "the liar is named", func() bool { liar.eat(); return w.eaters()["liar"] > 0 })
	if of := w.eaters(); len(of) != 1 {
		t.Errorf("complaints: %v", of)
	}
}

// eaters returns how many complaints there are about workers that take tasks of campaigns and compute none.
func (w *campaignWorld) eaters() (of map[string]uint64) {
	w.t.Helper()
	list, err := w.Standings(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	of = make(map[string]uint64)
	for _, s := range list {
		of[s.Worker] = s.Complaints[fleet.ComplaintSieve]
	}
	return of
}
