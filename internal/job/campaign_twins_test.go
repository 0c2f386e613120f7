package job

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestTwins: while a campaign works, none begins for another number with the same composite, whose owner gets the divisor.
func TestTwins(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	n := nat.FromBig(w.n)
	nc, js := w.connect()
	other, err := puller.Open(t.Context(), nc, js, "other", stream.Options{Log: zerolog.Nop()})
	hints := make(chan *task.Hint, 1000)
	if err == nil {
		err = other.Listen(t.Context(), puller.Orders{Hint: func(h *task.Hint) { hints <- h }})
	}
	if err != nil {
		t.Fatal(err)
	}
	fleettest.Background(t, func(ctx context.Context) error {
		for stream.Sleep(ctx, 100*time.Millisecond) == nil {
			other.Beat(worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 1, Busy: 1, Activities: []worker.Activity{
				{Job: "k", Position: 7, NumberProgress: worker.NumberProgress{Method: "siqs", Cores: 1, Composite: n.String()}},
			}}})
		}
		return nil
	})
	c, _ := w.conduct("s")
	twin := task.ChildID("k", 7, n)
	fleettest.Await(t, "both are known", func() bool { return len(*c.candidates.Load()) == 2 })
	fleettest.Await(t, "the campaign is listed", func() bool { return c.exists(t.Context(), w.part.ID) })
	x := &candidate{Composite: fleet.Composite{Worker: "other", Job: "k", Position: 7, Number: n}, child: twin}
	if !c.hasTwin(t.Context(), x) {
		t.Error("another campaign begins for the same composite")
	}
	if x.Number = nat.New(91); c.hasTwin(t.Context(), x) {
		t.Error("another composite waits")
	}
	if c.hasTwin(t.Context(), (*c.candidates.Load())[w.part.ID]) {
		t.Error("a campaign waits for itself")
	}
	w.byHand().rest("a", 0)
	w.checkDivisor()
	h := <-hints
	if h.Job != "k" || h.Position != 7 || h.Child != "" || len(h.Divisors) != 1 || h.Composite.Cmp(n) != 0 {
		t.Errorf("hint: %+v", h)
	}
}
