package job

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/fleet"
	"factorfleet/internal/measured"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// others returns the slots of all workers but an owner that may sieve.
func (c *campaigns) others(owner string) fleet.SieveSlots { return c.registry.SieveSlots(c.but(owner)) }

// curvers returns the slots of all workers but an owner that may run curves.
func (c *campaigns) curvers(owner string) fleet.SieveSlots {
	return c.registry.CurveSlots(c.but(owner))
}

// but rejects the owner, and quarantined workers.
func (c *campaigns) but(owner string) func(worker string) bool {
	return func(worker string) bool { return worker == owner || c.trust.Quarantined(worker) }
}

// idle returns how many slots of others are idle that may work for a campaign.
func (c *campaigns) idle(x *candidate) (slots int) {
	for _, claim := range x.claims() {
		slots = max(slots, c.others(claim.Worker).Idle, c.curvers(claim.Worker).Idle)
	}
	return slots
}

// choose returns how other workers would save time now, if what one of the owners says is true: task.PartSieve,
// task.PartCurves, or task.PartDone if they would not.
func (c *campaigns) choose(ctx context.Context, j *task.Job, x *candidate) task.PartState {
	mode, err := campaign.ParseMode(j.Campaign)
	if err != nil || mode == campaign.Never {
		return task.PartDone
	}
	campaigns := 1 + c.othersWorking(ctx, x.child)
	if slices.ContainsFunc(x.claims(), func(claim fleet.Composite) bool { return c.sieveHelps(mode, &claim, campaigns) }) {
		return task.PartSieve
	}
	if !mayRunCurves(j, x) {
		return task.PartDone
	}
	if slices.ContainsFunc(x.claims(), func(claim fleet.Composite) bool { return c.curvesHelp(mode, &claim, campaigns) }) {
		return task.PartCurves
	}
	return task.PartDone
}

// sieveHelps reports whether a sieve by many workers would save time now, as one of so many campaigns.
func (c *campaigns) sieveHelps(mode campaign.Mode, x *fleet.Composite, campaigns int) bool {
	others := c.others(x.Worker)
	c.logOld(others)
	return mode.Begins(len(x.Number.String()), leftOf(x), x.Budget, x.Cores, others.Idle/campaigns)
}

// curvesHelp reports whether curves of many workers would save time now. They are for composites that the owner cannot
// sieve.
func (c *campaigns) curvesHelp(mode campaign.Mode, x *fleet.Composite, campaigns int) bool {
	others := c.curvers(x.Worker)
	digits, cores := len(x.Number.String()), max(x.Cores, 1)
	if digits <= campaign.MaxDigits && (x.Budget == 0 || x.Budget/time.Duration(cores) >= leftOf(x)) {
		return false
	}
	c.logOld(others)
	return mode.BeginsCurves(digits, x.Budget/time.Duration(cores), others.Idle/campaigns)
}

// mayRunCurves reports whether the budget of the numbers of a job can be too small for the sieve of a composite. A campaign
// of curves is never one of a sieve again: so a worker that says that the budget of another one is spent must not begin it.
func mayRunCurves(j *task.Job, x *candidate) bool {
	bits := x.Number.BitLen()
	switch {
	case len(x.Number.String()) > campaign.MaxDigits:
		return true
	case j.Budget > 0:
		return j.Budget < slowCore*measured.Active().Sieve(bits)
	}
	return !plan.SievedByDefault(bits)
}

// leftOf returns the time until the owner has split its composite with the sieve, if it can.
func leftOf(x *fleet.Composite) time.Duration {
	if x.Left > 0 { // of the sieve, also while the owner runs curves before
		return x.Left
	}
	return measured.Active().Sieve(x.Number.BitLen()) / time.Duration(max(x.Cores, 1))
}

// logOld says, once in a process, that a worker does not help because it is of another version. It may be lying: then it
// costs no more than if it were not there.
func (c *campaigns) logOld(others fleet.SieveSlots) {
	if others.Old == 0 {
		return
	}
	c.mu.Lock()
	logged := c.loggedOld
	c.loggedOld = true
	c.mu.Unlock()
	if !logged {
		c.log.Warn().Str("worker", others.OldWorker).Msg("workers of another version do not help with hard numbers: update them")
	}
}
