package job

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/curving"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A curvesWork is the work of a campaign of curves.
type curvesWork struct {
	part    *task.Part    // its fields that do not change
	plan    *curving.Plan // after the effort that was spent before the job
	fresh   *curving.Plan // without it
	m       *campaign.CurveMachine
	created time.Time // of the parent, by the server's clock

	purged   uint64 // yields up to this sequence are removed
	purgeDue time.Time

	claimed map[string]campaign.Effort // by owner, as of the last call of ofOwner
}

// newCurvesWork returns the work of a part.
func (c *campaigns) newCurvesWork(ctx context.Context, p *task.Part) (*curvesWork, error) {
	j, err := c.f.Job(ctx, p.Parent)
	if err != nil {
		return nil, err
	}
	plan := curving.New(p.Composite.Big(), j.WorkDigits)
	return &curvesWork{
		part: p, plan: plan, fresh: curving.New(p.Composite.Big(), 0), created: j.Created,
		m: campaign.NewCurves(campaign.CurveConfig{
			Number: p.Composite.Big(), Groups: task.MaxPosition - 1, Levels: plan, Next: p.Next,
			Divisors: divisorsOf(p), Effort: effortOfCampaign(p.Effort), Seed: rand.Uint64(),
		}),
	}, nil
}

func (w *curvesWork) machine() campaign.Conducted { return w.m }
func (w *curvesWork) kind() string                { return task.KindECM }
func (w *curvesWork) sum() uint64                 { return curving.Revision }

func (w *curvesWork) issue(ctx context.Context, f *fleet.Fleet, p *task.Part, ranges []task.Range, out campaign.Issue, _ bool) error {
	return f.IssueCurves(ctx, p, ranges, task.CurvesTask{
		Composite: p.Composite, B1: out.B1, B2: out.B2, Seed: p.Seed, Time: out.Time, Flush: out.Flush,
	})
}

// advance is twice the digits of the factors that the curves of this campaign find: two digits more, which take about
// twice the work of all before, are a pardon. In between deaths count: a number that waited for curves might wait for
// ever. What the owner claims and what was spent before the job are not among the work.
func (w *curvesWork) advance() int {
	return min(max(0, int(2*w.fresh.Digits(w.m.Effort()))), task.MaxAdvance-1)
}

func (w *curvesWork) drop() {}

func (w *curvesWork) read(in *campaign.Yield, y *task.Yield) {
	in.Data, in.B1, in.Sigma = y.Evidence, y.B1, y.Sigma
	if y.Divisor.BitLen() > 0 {
		in.Divisor = y.Divisor.Big()
	}
}

// purgeEvery is the time between two removals of yields.
const purgeEvery = 5 * time.Second

// tick tells the machine what the owner has done, and removes the yields that were taken: each is needed once, because
// a supervisor that takes over counts none of them.
func (w *curvesWork) tick(ctx context.Context, d *conductor, now time.Time) error {
	if err := d.step(ctx, campaign.Owned{Effort: w.ofOwner(d, now)}); err != nil {
		return err
	}
	if d.last == w.purged || now.Before(w.purgeDue) {
		return nil
	}
	w.purgeDue = now.Add(purgeEvery)
	if err := d.c.f.PurgeYields(ctx, d.part.ID, d.last); err != nil {
		d.log.Debug().Err(err).Msg("cannot remove the yields that were taken, retrying")
		return nil
	}
	w.purged = d.last
	return nil
}

// ownerFaster is how many times faster than in the tables of this machine an owner may be, all its cores together. What it
// claims above that counts only as far as the fleet has run as much itself: else the fleet would leave out levels that
// nobody has run. How many cores it has is a claim, too.
const ownerFaster = 4

// ofOwner returns the curves that the owner claims to have run, as far as that is believed. Of several owners the one
// counts that claims the least: if that is too little, the fleet repeats what the others have run.
func (w *curvesWork) ofOwner(d *conductor, now time.Time) (least campaign.Effort) {
	found := d.c.candidates.Load()
	if found == nil {
		return nil
	}
	x := (*found)[d.part.ID]
	if x == nil {
		return nil
	}
	before := w.claimed
	w.claimed = make(map[string]campaign.Effort)
	for i, claim := range x.claims() {
		e := before[claim.Worker] // at p-1 or p+1, with which each level begins, an owner names no curves
		if claim.B1 > 0 {
			e = curving.UpTo(claim.B1, claim.Done)
		}
		w.claimed[claim.Worker] = e
		if i == 0 || w.plan.Time(e) < w.plan.Time(least) {
			least = e
		}
	}
	most := ownerFaster * min(max(now.Sub(w.ownedSince(d.part, x)), 0), curving.MaxTime)
	return w.within(least, most+w.plan.Time(w.m.Effort()))
}

// ownedSince returns since when a worker has the number of a candidate at least: since this process, or the one that has
// created the part, has known its composite. A job may be much older: it may have many numbers.
func (w *curvesWork) ownedSince(p *task.Part, x *candidate) time.Time {
	since := x.since
	if since.IsZero() || !p.Created.IsZero() && p.Created.Before(since) {
		since = p.Created
	}
	if since.Before(w.created) {
		return w.created
	}
	return since
}

// within returns the first curves of e that take at most so long on one core, as predicted.
func (w *curvesWork) within(e campaign.Effort, most time.Duration) (list campaign.Effort) {
	for _, l := range e {
		took := w.plan.Time(campaign.Effort{l})
		if took > most {
			groups := uint64(most / max(w.plan.GroupTime(l.B1), 1))
			l.Curves = min(l.Curves, groups*campaign.GroupCurves)
			return append(list, l)
		}
		list = append(list, l)
		most -= took
	}
	return list
}

func (w *curvesWork) slots(r *fleet.Registry, bad func(worker string) bool) fleet.SieveSlots {
	return r.CurveSlots(bad)
}

// harvest is that of the present level. A slow core sends a yield in four times the time of a group.
func (w *curvesWork) harvest() harvest {
	group := max(w.plan.GroupTime(w.m.Progress(time.Time{}).Level.B1), time.Microsecond)
	return harvest{campaign.GroupCurves / group.Seconds(), max(harvestSpan, slowCore*group)}
}

// hint tells the owner what the others have done, or which curve has found the divisor.
func (w *curvesWork) hint(h *task.Hint, p *task.Part, _ string) {
	h.Effort, h.Curve = effortOfPart(w.m.Effort()), p.Curve
}

func (w *curvesWork) solve(func() error) (*big.Int, error) {
	return nil, errors.New("internal error: curves have no linear algebra")
}

func (w *curvesWork) solved() float64 { return 0 }

// audit runs a group of a yield once more, to see whether its evidence is true.
func (w *curvesWork) audit(out campaign.Audit) func(alive func() error) (campaign.Audited, error) {
	at := (out.Number - out.Yield.First) * task.GroupEvidence
	evidence, plan, seed := out.Yield.Data[at:][:task.GroupEvidence], w.plan, w.part.Seed
	return func(alive func() error) (in campaign.Audited, err error) {
		in.Missing, in.Divisor, err = plan.False(alive, out.Yield.B1, seed, out.Number, evidence)
		return in, err
	}
}

// effortOfPart returns e as messages have it, at most task.MaxEffort levels.
func effortOfPart(e campaign.Effort) (list task.Effort) {
	for _, l := range e[:min(len(e), task.MaxEffort)] {
		list = append(list, task.LevelEffort(l))
	}
	return list
}

// effortOfCampaign is the inverse of effortOfPart.
func effortOfCampaign(e task.Effort) (list campaign.Effort) {
	for _, l := range e {
		list = append(list, campaign.LevelEffort(l))
	}
	return list
}
