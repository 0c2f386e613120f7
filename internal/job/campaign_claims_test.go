package job

import (
	"context"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/curving"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// only returns the candidate of what workers say of one composite.
func only(t *testing.T, list ...fleet.Composite) *candidate {
	t.Helper()
	for _, x := range candidatesOf(list) {
		if len(x.claims()) == len(list) {
			return x
		}
	}
	t.Fatalf("no candidate of %+v", list)
	return nil
}

// TestClaimsOfLiar: a worker that names the number of another one, and says that it has it, prevents no campaign, and
// makes none of curves of one that is to sieve.
func TestClaimsOfLiar(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	c := newCampaigns(w.other(), zerolog.Nop(), "s", func(context.Context, string, string) bool { return false })
	c.every = 50 * time.Millisecond
	fleettest.Background(t, func(ctx context.Context) error { c.run(ctx); return nil })
	fleettest.Await(t, "free slots", func() bool { return c.candidates.Load() != nil && c.registry.CurveSlots(nil).Idle >= 2 })
	cut, _ := new(big.Int).SetString("1"+w.n.String()[1:90], 10) // 90 digits
	honest := fleet.Composite{Worker: "honest", Job: "k", Cores: 1}
	liar := fleet.Composite{Worker: "liar", Job: "k", Cores: 1, Left: 1000 * time.Hour, Budget: 1}
	broke := liar
	broke.Budget = 30 * time.Second
	for _, x := range []struct {
		why    string
		n      *big.Int
		left   time.Duration
		budget time.Duration // of the job
		liar   fleet.Composite
		alone  task.PartState // without the honest one
		want   task.PartState
	}{
		{"curves are prevented", w.n, 0, 0, liar, task.PartDone, task.PartCurves},
		{"the sieve is prevented", cut, time.Hour, 0, liar, task.PartDone, task.PartSieve},
		{"curves instead of the sieve", cut, time.Hour, 0, broke, task.PartDone, task.PartSieve},
		{"a budget that is too small", cut, time.Hour, 30 * time.Second, broke, task.PartCurves, task.PartSieve},
	} {
		x.liar.Number, honest.Number, honest.Left = nat.FromBig(x.n), nat.FromBig(x.n), x.left
		j := &task.Job{Budget: x.budget}
		if got := c.choose(t.Context(), j, only(t, x.liar)); got != x.alone {
			t.Errorf("%s, alone: %s, want %s", x.why, got, x.alone)
		}
		if got := c.choose(t.Context(), j, only(t, honest, x.liar)); got != x.want {
			t.Errorf("%s: %s, want %s", x.why, got, x.want)
		}
	}
}

// TestLiarKeepsOutNobody: a worker that names the numbers of all others does not use up the campaigns that the others may
// have.
func TestLiarKeepsOutNobody(t *testing.T) {
	t.Parallel()
	var list []fleet.Composite
	for i := range uint64(2 * maxOfOwner) {
		honest, liar := named(fmt.Sprint("w", i), i), named("liar", i)
		liar.Left = time.Hour
		list = append(list, honest, liar)
	}
	c := newCampaigns(nil, zerolog.Nop(), "s", nil)
	entered := 0
	for _, x := range candidatesOf(list) {
		if c.enter(x) {
			entered++
		}
	}
	if entered != 2*maxOfOwner {
		t.Errorf("%d of %d campaigns", entered, 2*maxOfOwner)
	}
}

// TestClaimsOfCurves: of several workers that say that they have a number, the one counts that claims the fewest curves;
// and what they claim is no advance.
func TestClaimsOfCurves(t *testing.T) {
	t.Parallel()
	n := new(big.Int).Mul(primeOf(190), primeOf(190))
	c := newCampaigns(nil, zerolog.Nop(), "s", nil)
	w := &curvesWork{plan: curving.New(n, 0), fresh: curving.New(n, 0), created: time.Unix(1e9, 0)}
	w.m = campaign.NewCurves(campaign.CurveConfig{Number: n, Groups: 1 << 20, Levels: w.plan})
	honest := fleet.Composite{Worker: "honest", Job: "j", Number: nat.FromBig(n), B1: 11e3, Done: 8, Cores: 1}
	liar := honest
	liar.Worker, liar.B1, liar.Done, liar.Cores, liar.Left = "liar", 1e6, 80, 256, time.Hour
	x := only(t, honest, liar)
	c.candidates.Store(&map[string]*candidate{x.child: x})
	d := &conductor{c: c, part: &task.Part{ID: x.child}}
	if got := w.ofOwner(d, w.created.Add(24*time.Hour)); len(got) == 0 || got[len(got)-1].B1 != honest.B1 {
		t.Errorf("%v", got)
	}
	w.m.Step(campaign.Owned{Effort: curving.UpTo(1e6, 80)}, time.Now())
	if got := w.advance(); got != 0 || w.m.Progress(time.Now()).Digits < 20 {
		t.Errorf("an advance of %d by claims", got)
	}
}
