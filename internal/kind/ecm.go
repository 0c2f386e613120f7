package kind

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// mostGroup bounds the predicted time of a group of curves. A task ends after the group that runs when its time is over,
// and what is interrupted is lost.
const mostGroup = 10 * time.Minute

// A curveKind runs tasks of curves. Each uses one core; all of one level share its plan.
type curveKind struct {
	pool  *factor.Pool         // of the process; nil: no limit of memory
	clock func() time.Duration // of the CPU time of a thread; nil: that of the system
}

// Limit implements worker.PartKind. The prediction of a group may be wrong by a factor of two, and the first task of a
// level makes its plan.
func (k *curveKind) Limit(t *task.Task) time.Duration {
	return mostTime + 4*groupTime(t.Curves) + time.Minute
}

// RunPart implements worker.PartKind. The end of ctx interrupts a group, of which nothing is published then. A divisor is
// published at once and ends the task.
func (k *curveKind) RunPart(ctx context.Context, t *task.Task, r task.Range, o worker.PartOptions) error {
	k.pool.Enter()
	defer k.pool.Leave()
	began := time.Now()
	c := t.Curves
	curves := factor.CurveTask{N: c.Composite.Big(), B1: c.B1, B2: c.B2, Seed: c.Seed}
	if err := curves.Check(); err != nil {
		return err
	}
	if d := groupTime(c); d > mostGroup {
		return fmt.Errorf("%d curves with B1=%d take about %v here", ecm.Group, c.B1, d.Round(time.Minute))
	}
	plan, memory := curves.Memory()
	if !k.pool.Reserve(plan + memory) {
		return errNoRoom
	}
	defer k.pool.Release(plan + memory)
	if o.Progress != nil {
		o.Progress(worker.NumberProgress{Digits: len(c.Composite.String()), Method: task.KindECM, B1: c.B1, Cores: 1})
	}
	meter := factor.NewMeter(k.clock)
	meter.Begin()
	defer meter.End()
	run := newPartRun(o, meter, began, c.Time, c.Flush)
	return curves.Run(aliveOf(ctx, o), r.First, r.End(), run.due, func(y ecm.Yield) {
		run.out(y.From, y.End, yieldOf(c, &y))
	})
}

// yieldOf returns y for the wire.
func yieldOf(c *task.CurvesTask, y *ecm.Yield) task.Yield {
	out := task.Yield{Params: ecm.Revision, B1: c.B1, Evidence: y.Evidence}
	if y.Divisor != nil {
		out.Divisor, out.Sigma = nat.FromBig(y.Divisor), y.Sigma
	}
	return out
}

// groupTime predicts the time of a group of t on this machine.
func groupTime(t *task.CurvesTask) time.Duration {
	return factor.CurveGroupTime(t.B1, t.Composite.BitLen())
}
