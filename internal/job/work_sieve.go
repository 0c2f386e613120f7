package job

import (
	"context"
	"math/big"
	"math/rand/v2"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/measured"
	"factorfleet/internal/sieving"
	"factorfleet/internal/task"
)

// A sieveWork is the work of a campaign that sieves. While the solver runs, it owns set: the machine does not use it,
// and the conductor calls only SolveProgress.
type sieveWork struct {
	plan *sieving.Plan
	set  *sieving.Set // nil once the campaign needs none
	m    *campaign.Machine
	core harvest
}

// newSieveWork returns the work of a part, with an empty set of its relations, or none if the part is done.
func newSieveWork(ctx context.Context, p *task.Part) (*sieveWork, error) {
	plan, err := sieving.ParsePlan(p.Params, p.Composite.Big())
	if err != nil {
		return nil, err
	}
	w := &sieveWork{plan: plan}
	config := campaign.Config{
		Number: p.Composite.Big(), Coefficients: plan.Coefficients(), Next: p.Next,
		Divisors: divisorsOf(p), Abandoned: p.State == task.PartDone, Seed: rand.Uint64(),
	}
	if p.State != task.PartDone {
		if w.set, err = plan.NewSet(aliveWith(ctx)); err != nil {
			return nil, err
		}
		seconds := measured.Active().Sieve(p.Composite.BitLen()).Seconds()
		config.Fold, w.core = w.set, harvest{float64(w.set.Expected()) / max(seconds, 1e-3), harvestSpan}
	}
	w.m = campaign.New(config)
	return w, nil
}

func (w *sieveWork) advance() int {
	return min(task.AdvanceUnits*w.set.Len()/max(w.set.Expected(), 1), task.MaxAdvance-1)
}

func (w *sieveWork) drop() { w.set = nil }

func (w *sieveWork) machine() campaign.Conducted { return w.m }
func (w *sieveWork) kind() string                { return task.KindSieve }
func (w *sieveWork) sum() uint64                 { return w.plan.Sum() }
func (w *sieveWork) harvest() harvest            { return w.core }

func (w *sieveWork) issue(ctx context.Context, f *fleet.Fleet, p *task.Part, ranges []task.Range, out campaign.Issue, mixed bool) error {
	return f.IssueSieve(ctx, p, ranges, task.SieveTask{Params: p.Params, Time: out.Time, Flush: out.Flush}, mixed)
}

func (w *sieveWork) read(in *campaign.Yield, y *task.Yield) { in.Data = y.Relations }

func (w *sieveWork) tick(context.Context, *conductor, time.Time) error { return nil }

func (w *sieveWork) slots(r *fleet.Registry, bad func(worker string) bool) fleet.SieveSlots {
	return r.SieveSlots(bad)
}

// hint tells the owner while the sieve runs where it is to sieve.
func (w *sieveWork) hint(h *task.Hint, p *task.Part, owner string) {
	if w.m.Active() {
		h.Child, h.Params = p.ID, p.Params
		h.First = campaign.OwnerFirst(p.ID, owner, w.plan.Coefficients())
	}
}

func (w *sieveWork) solve(alive func() error) (*big.Int, error) { return w.set.Solve(alive) }

func (w *sieveWork) solved() float64 { return w.set.SolveProgress() }

// audit sieves a coefficient of a yield once more, to see whether its worker has withheld relations.
func (w *sieveWork) audit(out campaign.Audit) func(alive func() error) (campaign.Audited, error) {
	set := w.set
	return func(alive func() error) (in campaign.Audited, err error) {
		in.Missing, err = set.Missing(alive, out.Number, out.Yield.First, out.Yield.End, out.Yield.Data)
		return in, err
	}
}
