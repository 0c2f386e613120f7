package job

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// A conductor runs one campaign: it turns events into inputs of a machine of package campaign and executes its outputs.
// It has the lease of the part. Goroutines:
//
//	FACTOR_RESULTS ──► follower ──► yields ──┐
//	solver, auditor ──► ended ───────────────┼──► run: machine, work, part
//	ticker ──────────────────────────────────┘
//
// The goroutine of run owns all fields, except progress. What differs between a sieve and curves is in work. The memory of
// work is freed once a divisor is known or the campaign has failed. The conductor goes on until the number has its answer.
// Audits run at any time: they read only fields of work that do not change.
// Each step may be done twice: two supervisors may both believe for a while that they have the lease. Then both write
// the same manifest, and one of them finds that the other has reserved coefficients, and starts anew.
type conductor struct {
	c       *campaigns
	log     zerolog.Logger
	part    *task.Part // as this process has read or written it last
	work    campaignWork
	machine campaign.Conducted // of work

	yields chan yieldBatch
	ended  chan campaign.Input // ends of the solver and of audits; capacity 2
	group  sync.WaitGroup
	solver context.CancelFunc // nil = the solver does not run
	solved chan struct{}      // closed when the last solver has ended
	free   func()             // gives back the memory that is reserved for work

	bounds   yieldBounds
	harvests harvests
	taken    taken
	refused  []uint64 // sequences of yields that are to be removed with the next batch
	last     uint64   // the sequence of the last yield that was taken

	coverDue, hintDue time.Time
	uncovered         bool      // the position was not outstanding at the last look
	paused, throttled bool      // as the manifest of the job was last seen
	mixed             bool      // tasks have task.PartSchema
	grown             time.Time // when relations were last verified that are new, or the start

	progress atomic.Pointer[fleet.CampaignProgress]
}

// A yieldBatch has yields in the order in which they were stored.
type yieldBatch struct {
	arrivals []collect.Arrival
	replayed bool // all that was stored at the start is in earlier batches
}

// newConductor returns the conductor of a part. It calls free when its work has no use for its memory any more.
func newConductor(c *campaigns, p *task.Part, work campaignWork, free func()) *conductor {
	return &conductor{
		c: c, log: c.log.With().Str("job", p.Parent).Str("part", p.ID).Logger(), part: p, work: work, machine: work.machine(), free: free,
		yields: make(chan yieldBatch), ended: make(chan campaign.Input, 2), grown: time.Now(), taken: taken{grace: takenGrace * c.every},
	}
}

// run conducts the campaign until it is over, which is errCampaignOver, or until ctx ends.
func (d *conductor) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer d.group.Wait()
	defer cancel()
	d.show()
	defer d.c.f.ShowCampaign(d.part.ID, func() fleet.CampaignProgress { return *d.progress.Load() })()
	if err := d.execute(ctx, d.machine.Begin()); err != nil {
		return err
	}
	followed := make(chan error, 1)
	d.group.Go(func() { followed <- d.follow(ctx) })
	ticker := time.NewTicker(d.c.every)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err = <-followed:
		case b := <-d.yields:
			err = d.take(ctx, b)
		case in := <-d.ended:
			err = d.step(ctx, in)
		case <-ticker.C:
			err = d.tick(ctx)
		}
		if err != nil {
			return err
		}
		d.show()
	}
}

// follow sends the yields of the part to run, until ctx ends.
func (d *conductor) follow(ctx context.Context) error {
	send := func(b yieldBatch) error {
		select {
		case d.yields <- b:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return d.c.f.FollowResults(ctx, d.part.ID, func(arrivals []collect.Arrival, _ uint64) error {
		return send(yieldBatch{arrivals: arrivals})
	}, func() { send(yieldBatch{replayed: true}) })
}

// step has the machine take an input, and executes what it puts out.
func (d *conductor) step(ctx context.Context, in campaign.Input) error {
	return d.execute(ctx, d.machine.Step(in, time.Now()))
}

// show makes the progress known to other goroutines.
func (d *conductor) show() {
	now := time.Now()
	p := d.machine.Progress(now)
	shown := &fleet.CampaignProgress{
		Phase: p.Phase.String(), Relations: p.Relations, Expected: p.Expected, Cycles: p.Cycles, Need: p.Need,
		Rate: p.Rate, Left: p.Left, Tasks: p.Tasks, Workers: p.Workers, Advances: d.advances(now),
	}
	if p.Phase == campaign.Solving {
		shown.Solved = d.work.solved()
	}
	if d.part.Curves() {
		shown.Curves = &fleet.CurvesProgress{
			Level: p.Level.Digits, B1: p.Level.B1, Done: p.LevelDone, Planned: p.Level.Curves, Digits: p.Digits, Curves: p.Curves,
		}
	}
	d.progress.Store(shown)
}
