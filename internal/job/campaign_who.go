package job

import (
	"context"
	"math"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
)

// Which process conducts a campaign is decided by the lease of its part. What is here keeps processes from requesting
// it all at once.

// ownsCampaign reports whether this supervisor is to conduct a campaign. Supervisors that have declined it do not count,
// unless all have.
func (s *supervisor) ownsCampaign(_ context.Context, _, child string) bool {
	others, declined := s.others.Load(), s.declined.Load()
	if others == nil {
		return true
	}
	able := *others
	if declined != nil && len((*declined)[child]) > 0 {
		able = slices.DeleteFunc(slices.Clone(able), func(name string) bool { return slices.Contains((*declined)[child], name) })
	}
	if len(able) == 0 {
		able = *others
	}
	return owner(child, able) == s.name
}

// declineCampaign leaves a campaign to other supervisors until ctx ends.
func (s *supervisor) declineCampaign(ctx context.Context, child string) {
	err := s.f.Hold(ctx, fleet.DeclinedLease(child, s.name), s.name, func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if err != nil && ctx.Err() == nil {
		s.log.Debug().Err(err).Str("part", child).Msg("cannot leave a campaign to others")
	}
}

// lostPartsEvery is the time between two searches for parts of jobs that have ended. Whoever ends a job removes its
// parts, unless it dies or is of an earlier release.
const lostPartsEvery = time.Minute

// removeLostParts removes parts of jobs that have ended, until ctx ends.
func (s *supervisor) removeLostParts(ctx context.Context) {
	for stream.Sleep(ctx, lostPartsEvery) == nil {
		if err := s.f.RemoveLostParts(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("cannot remove the parts of jobs that have ended, retrying")
		}
	}
}

// supervisorsEvery is the time between two looks for supervisors of a process that waits for its own job.
const supervisorsEvery = 5 * time.Second

// runCampaigns conducts the campaigns of the job of l while there is no supervisor, until ctx ends.
func (s *streams) runCampaigns(ctx context.Context, l *loop) error {
	if l.goal != goalEnd {
		return nil
	}
	var looked time.Time
	alone := false
	c := newCampaigns(s.fleet, l.watch.Log, s.process, func(ctx context.Context, parent, _ string) bool {
		if parent != s.id {
			return false
		}
		if time.Since(looked) > supervisorsEvery {
			names, err := s.fleet.Supervisors(ctx)
			looked, alone = time.Now(), err == nil && len(names) == 0
		}
		return alone
	})
	c.memory = limitOf(l.watch.Memory)
	c.run(ctx)
	return nil
}

// limitOf returns a limit of memory, of which 0 means that there is none.
func limitOf(memory uint64) uint64 {
	if memory == 0 {
		return math.MaxUint64
	}
	return memory
}
