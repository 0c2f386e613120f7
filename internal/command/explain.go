package command

import (
	"context"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/campaign"
	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxExplained is how many hard numbers of a job are explained.
const maxExplained = 5

// maxLooked is how many numbers of a stored job are looked at to find hard ones.
const maxLooked = task.MaxCount

// ExplainFlag returns the flag --explain.
func ExplainFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "explain", DisableDefaultText: true, Usage: "print on standard error what is planned for the first hard numbers, and how far the work on them is"}
}

// mostPlanning is how long a process looks for hard numbers in all: to see that a number of thousands of digits is
// composite takes seconds.
const mostPlanning = 5 * time.Second

// A planner makes the plans of hard numbers, for mostPlanning.
type planner struct {
	options explain.Options
	spent   time.Duration
}

// plan returns the plan of the number at a position; ok is false if the number is not hard, or if mostPlanning is spent.
func (p *planner) plan(position uint64, n nat.Nat) (plan explain.Plan, ok bool) {
	if p.spent >= mostPlanning {
		return plan, false
	}
	began := time.Now()
	plan, ok = explain.PlanOf(position, n, p.options)
	p.spent += time.Since(began)
	return plan, ok
}

// An explainer prints the plans of the first hard numbers of a job. One goroutine uses it at a time.
type explainer struct {
	session *Session
	planner planner
	shown   int
}

// number prints the plan of the number at a position if it is hard, for the first maxExplained of them.
func (x *explainer) number(position uint64, n nat.Nat) {
	if x.shown > maxExplained {
		return
	}
	p, ok := x.planner.plan(position, n)
	if !ok {
		return
	}
	if x.shown++; x.shown > maxExplained {
		x.session.Notef("the plans of further hard numbers, from number %d on, are not printed", position+1)
		return
	}
	for _, line := range p.Lines() {
		x.session.Notef("%s", line)
	}
}

// JobPlans returns the plans of the first hard numbers of a stored job, at most maxExplained. It looks at the first
// maxLooked numbers.
func JobPlans(ctx context.Context, f *fleet.Fleet, j *task.Job) (plans []explain.Plan, _ error) {
	from := planner{options: explainOptions(j)}
	err := eachStored(ctx, f, j, func(position uint64, n nat.Nat) bool {
		if p, ok := from.plan(position, n); ok {
			plans = append(plans, p)
		}
		return len(plans) < maxExplained
	})
	return plans, err
}

// explainOptions returns the settings of a job.
func explainOptions(j *task.Job) explain.Options {
	mode, _ := campaign.ParseMode(j.Campaign) // of a manifest, which is checked
	return explain.Options{Budget: j.Budget, Work: j.WorkDigits, Mode: mode}
}

// eachStored calls do with the first numbers of a stored job, until it returns false. Of a job of another kind there
// are none.
func eachStored(ctx context.Context, f *fleet.Fleet, j *task.Job, do func(position uint64, n nat.Nat) bool) error {
	if j.Kind != task.KindFactor {
		return nil
	}
	in, err := f.Inputs(ctx, j.ID)
	if err != nil {
		return err
	}
	numbers, err := in.Numbers(ctx, task.Range{First: 0, Count: min(in.Count(), maxLooked)})
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if n.BitLen() > task.MaxBits { // no producer of the fleet stores it
			continue
		}
		if !do(uint64(i), n) {
			break
		}
	}
	return nil
}

// explainStored prints the plans of the first hard numbers of a stored job.
func (s *Session) explainStored(ctx context.Context, f *fleet.Fleet, id string) error {
	j, err := f.JobSoon(ctx, id)
	if err != nil {
		return err
	}
	x := &explainer{session: s, planner: planner{options: explainOptions(j)}}
	return eachStored(ctx, f, j, func(position uint64, n nat.Nat) bool { x.number(position, n); return x.shown <= maxExplained })
}
