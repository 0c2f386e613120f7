// Package curving is what a supervisor of a campaign needs of ECM: the levels of curves, their times, and audits. It
// connects package campaign, which has no engine, to package factor, which knows nothing of campaigns.
package curving

import (
	"bytes"
	"math/big"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
)

// Revision numbers the map from a curve to its evidence. Yields of another revision cannot be audited.
const Revision = ecm.Revision

// Memory bounds the bytes that an audit takes: the plan of the largest B1, and the curves of a group.
const Memory = 160 << 20

// A Plan is the curves of one number. It implements campaign.Levels.
type Plan struct {
	n    *big.Int
	work float64
}

// New returns the plan of n > 1, on which an effort of work digits was spent before: see factor.Options.Work.
func New(n *big.Int, work float64) *Plan { return &Plan{n, work} }

// Next is that of campaign.Levels.
func (p *Plan) Next(e campaign.Effort) (campaign.Level, uint64) {
	l, left := effortOf(e).Next(p.work)
	return campaign.Level{Digits: l.Digits, B1: l.B1, B2: l.B2, Curves: uint64(l.Curves)}, uint64(left)
}

// Digits is that of campaign.Levels.
func (p *Plan) Digits(e campaign.Effort) float64 { return effortOf(e).Digits(p.work) }

// GroupTime is that of campaign.Levels.
func (p *Plan) GroupTime(b1 uint64) time.Duration { return factor.CurveGroupTime(b1, p.n.BitLen()) }

// Time predicts the time of an effort on one core of this machine.
func (p *Plan) Time(e campaign.Effort) (sum time.Duration) {
	for _, l := range e {
		groups := float64(l.Curves) / ecm.Group
		sum += time.Duration(min(groups*float64(p.GroupTime(l.B1)), float64(MaxTime)))
	}
	return min(sum, MaxTime)
}

// MaxTime bounds the sum of Time, so that it does not overflow.
const MaxTime = 10 * 365 * 24 * time.Hour

// UpTo returns the effort of an engine that runs curves with the bound b1 and has run done of them.
func UpTo(b1, done uint64) (e campaign.Effort) {
	for _, l := range factor.EffortUpTo(b1, done) {
		e = append(e, campaign.LevelEffort(l))
	}
	return e
}

// effortOf returns e for the engine.
func effortOf(e campaign.Effort) (f factor.Effort) {
	for _, l := range e {
		f = append(f, factor.EffortLevel(l))
	}
	return f
}

// False runs the curves of a group once more and returns how many of them have other evidence than a yield states, which
// has ecm.EvidenceBytes for each. If a curve finds a divisor, all are false, because the yield does not tell it. It takes
// the time of a group. It calls alive every few milliseconds and returns its error. B1 must be that of a level.
func (p *Plan) False(alive func() error, b1, seed, group uint64, evidence []byte) (wrong int, divisor *big.Int, _ error) {
	task := factor.CurveTask{N: p.n, B1: b1, B2: boundOf(b1), Seed: seed}
	sigmas := ecm.GroupSigmas(seed, group)
	want, divisor, err := task.Evidence(alive, sigmas[:])
	switch {
	case err != nil:
		return 0, nil, err
	case divisor != nil:
		return len(sigmas), divisor, nil
	}
	for ; len(want) > 0; want, evidence = want[ecm.EvidenceBytes:], evidence[ecm.EvidenceBytes:] {
		if !bytes.Equal(want[:ecm.EvidenceBytes], evidence[:ecm.EvidenceBytes]) {
			wrong++
		}
	}
	return wrong, nil, nil
}

// boundOf returns the bound B2 of the level with b1, 0 if there is none.
func boundOf(b1 uint64) uint64 {
	for _, l := range factor.CurveLevels() {
		if l.B1 == b1 {
			return l.B2
		}
	}
	return 0
}
