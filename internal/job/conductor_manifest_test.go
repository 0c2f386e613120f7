package job

import (
	"errors"
	"testing"

	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestStaleConductor: a conductor that has lost its part to another one, and does not know it yet, writes nothing of what
// the other one relies on.
func TestStaleConductor(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
	n := nat.FromBig(w.n)
	part, err := w.CreatePart(t.Context(), &task.Part{
		ID: task.ChildID("j", 1, n), Parent: "j", Position: 1, Class: task.ClassNorm, Composite: n, State: task.PartCurves, Seed: 1, Created: w.job.Created,
	})
	if err != nil {
		t.Fatal(err)
	}
	conductor := func() *conductor {
		work, err := c.newWork(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		return newConductor(c, part, work, func() {})
	}
	stale, d := conductor(), conductor()
	curves := campaign.Effort{{B1: 250e3, Curves: 1 << 20}}
	if err := d.reserve(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it does not learn from its first error what the other one has written
		if err := stale.store(t.Context(), curves); !errors.Is(err, errTakenOver) {
			t.Errorf("effort: %v", err)
		}
		if err := stale.record(t.Context(), func(p *task.Part) { p.Advance = 7 }); !errors.Is(err, errTakenOver) {
			t.Errorf("advance: %v", err)
		}
		if err := stale.reserve(t.Context(), 500); !errors.Is(err, errTakenOver) {
			t.Errorf("reserve: %v", err)
		}
	}
	for range 2 { // once more if the answer was lost
		if err := d.store(t.Context(), curves); err != nil {
			t.Error(err)
		}
	}
	p, err := w.Part(t.Context(), "j", part.ID)
	if err != nil || p.Next != 1000 || p.Advance != 0 || len(p.Effort) != 1 || p.Effort[0].Curves != 1<<20 {
		t.Errorf("%+v, %v", p, err)
	}
}
