package job

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/curving"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestCurvesBegin: composites that the owner cannot sieve have curves, if others are idle and the owner goes on for some
// seconds; others are sieved. What does not divide the number, and what has small factors, begins no campaign.
func TestCurvesBegin(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	c, _ := w.conduct("s")
	fleettest.Await(t, "free slots", func() bool { return c.registry.CurveSlots(nil).Idle >= 2 })
	cut, _ := new(big.Int).SetString("1"+w.n.String()[1:90], 10) // 90 digits
	for _, x := range []struct {
		why    string
		mode   string
		n      *big.Int
		left   time.Duration
		budget time.Duration
		want   task.PartState
	}{
		{"above the sieve", "", w.n, 0, 0, task.PartCurves},
		{"with a budget", "", w.n, 0, time.Minute, task.PartCurves},
		{"hardly any budget left", "", w.n, 0, time.Second, task.PartDone},
		{"always", "always", w.n, 0, time.Second, task.PartCurves},
		{"never", "never", w.n, 0, time.Hour, task.PartDone},
		{"the sieve", "", cut, time.Hour, 0, task.PartSieve},
		{"a budget that nobody has set", "", cut, time.Hour, time.Minute, task.PartDone},
	} {
		j := &task.Job{Campaign: x.mode}
		got := c.choose(t.Context(), j, &candidate{Composite: fleet.Composite{
			Worker: "other", Job: "k", Number: nat.FromBig(x.n), Left: x.left, Budget: x.budget, Cores: 1,
		}, child: "c"})
		if got != x.want {
			t.Errorf("%s: %s, want %s", x.why, got, x.want)
		}
	}
	for what, n := range map[string]*big.Int{
		"a multiple": new(big.Int).Mul(w.n, big.NewInt(5)), "another number": new(big.Int).Add(w.n, big.NewInt(2)), "a prime": w.p,
	} {
		if err := c.checkComposite(t.Context(), &candidate{Composite: fleet.Composite{Worker: "liar", Job: "j", Position: 1, Number: nat.FromBig(n)}}); !errors.Is(err, errNoCampaign) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if !hasSmall(big.NewInt(1<<40)) || !hasSmall(big.NewInt(3*7*11)) || hasSmall(w.n) {
		t.Error("small factors")
	}
}

// TestOwnerClaims: the fleet leaves out the levels of which the owner says that it has run them, as far as it can have done
// so on a few cores since its job began, and then as far as the fleet has run as much itself.
func TestOwnerClaims(t *testing.T) {
	t.Parallel()
	n := nat.FromBig(new(big.Int).Mul(primeOf(190), primeOf(190)))
	c := newCampaigns(nil, zerolog.Nop(), "s", nil)
	w := &curvesWork{plan: curving.New(n.Big(), 0), created: time.Unix(1e9, 0)}
	d := &conductor{c: c, part: &task.Part{ID: "c"}}
	var own campaign.Effort // of the fleet
	claim := func(b1, done uint64, cores int, after time.Duration) campaign.Effort {
		w.m = campaign.NewCurves(campaign.CurveConfig{Number: n.Big(), Groups: 1 << 20, Levels: w.plan, Effort: own})
		c.candidates.Store(&map[string]*candidate{"c": {Composite: fleet.Composite{Number: n, B1: b1, Done: done, Cores: cores}}})
		return w.ofOwner(d, w.created.Add(after))
	}
	all := curving.UpTo(1e6, 80)
	need := w.plan.Time(all)
	if got := claim(1e6, 80, 1, need/2); !slices.Equal(got, all) {
		t.Errorf("in time: %v", got)
	}
	for what, x := range map[string]struct {
		got  campaign.Effort
		most time.Duration
	}{
		"too soon":          {claim(1e6, 80, 1, need/8), need / 2},
		"too many curves":   {claim(1e6, 1<<40, 1, need/8), need / 2},
		"too many cores":    {claim(11e6, 1<<40, 1<<30, need/8), need / 2},
		"before it existed": {claim(1e6, 80, 1, -time.Hour), 0},
	} {
		if took := w.plan.Time(x.got); took > x.most || took < x.most*9/10 {
			t.Errorf("%s: %v, which take %v, want %v", what, x.got, took, x.most)
		}
	}
	own = curving.UpTo(250e3, 80)
	if got, most := claim(11e6, 1<<40, 256, 0), w.plan.Time(own); w.plan.Time(got) > most || w.plan.Time(got) < most*9/10 {
		t.Errorf("beside %v of the fleet: %v", own, got)
	}
	own = nil
	old := map[string]*candidate{"c": {Composite: fleet.Composite{Number: n, B1: 11e6, Done: 1 << 40, Cores: 1}}}
	late := w.created.Add(1000 * time.Hour) // the job is old, and a worker has had the number for an hour
	remember(old, nil, late.Add(-time.Hour))
	found := map[string]*candidate{"c": {Composite: old["c"].Composite}}
	remember(found, &old, late)
	c.candidates.Store(&found)
	w.m = campaign.NewCurves(campaign.CurveConfig{Number: n.Big(), Groups: 1 << 20, Levels: w.plan})
	for created, most := range map[time.Duration]time.Duration{0: ownerFaster * time.Hour, -2 * time.Hour: 2 * ownerFaster * time.Hour} {
		if d.part.Created = (time.Time{}); created != 0 {
			d.part.Created = late.Add(created)
		}
		if got := w.ofOwner(d, late); w.plan.Time(got) > most || w.plan.Time(got) < most*9/10 {
			t.Errorf("a new owner in an old job: %v, want what takes %v", got, most)
		}
	}
	if got := claim(0, 0, 1, need); got == nil {
		t.Error("at p-1 of the next level: its curves are forgotten")
	}
	c.candidates.Store(&map[string]*candidate{"c": {Composite: fleet.Composite{Worker: "other", Number: n}}})
	if got := w.ofOwner(d, w.created.Add(need)); got != nil {
		t.Errorf("of another owner: %v", got)
	}
	c.candidates.Store(&map[string]*candidate{})
	if got := w.ofOwner(d, w.created.Add(need)); got != nil {
		t.Errorf("without an owner: %v", got)
	}
}

// TestEarlierEffort: the effort that was spent before a job reaches the tasks of its numbers and its campaigns.
func TestEarlierEffort(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	j, err := w.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.WorkDigits = 35; return nil })
	if err != nil {
		t.Fatal(err)
	}
	in, err := w.Inputs(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Requeue(t.Context(), j, in, []task.Range{{First: 0, Count: 1}}); err != nil {
		t.Fatal(err)
	}
	s, err := w.js.Stream(t.Context(), schema.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetLastMsgForSubject(t.Context(), schema.TasksPrefix+"*.j.0-1.*")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := task.DecodeTask(m.Data); err != nil || got.WorkDigits != 35 {
		t.Errorf("task: %+v, %v", got, err)
	}
	c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
	work, err := c.newCurvesWork(t.Context(), &task.Part{Parent: "j", Composite: nat.FromBig(w.n), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p := work.m.Progress(time.Now()); p.Level.Digits != 40 || p.Digits < 34.5 {
		t.Errorf("progress: %+v", p)
	}
	work.m.Step(campaign.Owned{Effort: curving.UpTo(11e6, 1000)}, time.Now())
	if got := work.advance(); work.m.Progress(time.Now()).Digits < 40 || got != 0 {
		t.Errorf("an advance of %d by what others have done", got)
	}
}
