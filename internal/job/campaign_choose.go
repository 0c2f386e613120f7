package job

import (
	"context"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// others returns the slots of all workers but the owner that may sieve.
func (c *campaigns) others(x *candidate) fleet.SieveSlots { return c.registry.SieveSlots(c.but(x)) }

// curvers returns the slots of all workers but the owner that may run curves.
func (c *campaigns) curvers(x *candidate) fleet.SieveSlots { return c.registry.CurveSlots(c.but(x)) }

// but rejects the owner, and quarantined workers.
func (c *campaigns) but(x *candidate) func(worker string) bool {
	return func(worker string) bool { return worker == x.Worker || c.trust.Quarantined(worker) }
}

// idle returns how many slots of others are idle that may work for a campaign.
func (c *campaigns) idle(x *candidate) int { return max(c.others(x).Idle, c.curvers(x).Idle) }

// choose returns how other workers would save time now: task.PartSieve, task.PartCurves, or task.PartDone if they would
// not.
func (c *campaigns) choose(ctx context.Context, j *task.Job, x *candidate) task.PartState {
	mode, err := campaign.ParseMode(j.Campaign)
	if err != nil || mode == campaign.Never {
		return task.PartDone
	}
	if c.sieveHelps(ctx, mode, x) {
		return task.PartSieve
	}
	if c.curvesHelp(ctx, mode, x) {
		return task.PartCurves
	}
	return task.PartDone
}

// sieveHelps reports whether a sieve by many workers would save time now.
func (c *campaigns) sieveHelps(ctx context.Context, mode campaign.Mode, x *candidate) bool {
	others := c.others(x)
	return c.able(mode, others) &&
		mode.Begins(len(x.Number.String()), leftOf(x), x.Cores, others.Idle/(1+c.othersSieving(ctx, x.child)))
}

// curvesHelp reports whether curves of many workers would save time now. They are for composites that the owner cannot
// sieve.
func (c *campaigns) curvesHelp(ctx context.Context, mode campaign.Mode, x *candidate) bool {
	others := c.curvers(x)
	digits, cores := len(x.Number.String()), max(x.Cores, 1)
	if digits <= campaign.MaxDigits && (x.Budget == 0 || x.Budget/time.Duration(cores) >= leftOf(x)) {
		return false
	}
	return c.able(mode, others) &&
		mode.BeginsCurves(digits, x.Budget/time.Duration(cores), others.Idle/(1+c.othersSieving(ctx, x.child)))
}

// leftOf returns the time until the owner has split its composite with the sieve, if it can.
func leftOf(x *candidate) time.Duration {
	if x.Left > 0 { // of the sieve, also while the owner runs curves before
		return x.Left
	}
	return measured.Active().Sieve(x.Number.BitLen()) / time.Duration(max(x.Cores, 1))
}

// able reports whether no worker would spoil the tasks of a campaign. Workers of an earlier version take them and drop
// them.
func (c *campaigns) able(mode campaign.Mode, others fleet.SieveSlots) bool {
	if others.Old == 0 || mode == campaign.Always {
		return true
	}
	c.logOld(others.OldWorker)
	return false
}
