package job

import (
	"context"
	"math/big"
	"runtime/debug"
	"time"

	"factorfleet/internal/campaign"
)

// solve starts the linear algebra, which owns the set of relations until it reports its end.
func (d *conductor) solve(ctx context.Context) {
	d.log.Info().Int("relations", d.machine.Progress(time.Now()).Relations).Msg("enough relations: the linear algebra begins")
	ctx, d.solver = context.WithCancel(ctx)
	solved := make(chan struct{})
	d.solved = solved
	d.group.Go(func() {
		var divisor *big.Int
		err := beforeSolve(aliveWith(ctx))
		if err == nil {
			divisor, err = d.work.solve(aliveWith(ctx))
		}
		close(solved)
		d.report(ctx, campaign.Solved{Divisor: divisor, Err: err})
	})
}

// drop interrupts the linear algebra, which ends within milliseconds, and frees the memory of the work.
func (d *conductor) drop() {
	if d.solver != nil {
		d.solver()
		d.solver = nil
		<-d.solved
	}
	d.work.drop()
	d.free()
	debug.FreeOSMemory() // hundreds of MiB that other programs of the machine may need
}

// report sends the end of the solver or of an audit to run.
func (d *conductor) report(ctx context.Context, in campaign.Input) {
	select {
	case d.ended <- in:
	case <-ctx.Done():
	}
}

// audit computes a part of a yield once more, to see whether its worker has told the truth.
func (d *conductor) audit(ctx context.Context, out campaign.Audit) {
	audit := d.work.audit(out)
	d.group.Go(func() {
		in, err := audit(aliveWith(ctx))
		if err != nil {
			in = campaign.Audited{}
			d.log.Debug().Err(err).Msg("cannot compute a part of a yield once more")
		}
		in.Audit = out
		d.report(ctx, in)
	})
}
