package command

import (
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
)

// campaignEvery is the time between two looks for the campaigns of a job, which its progress line and --explain show.
// They go on for campaignWanted after the line was last written: in a log that is every minute.
const (
	campaignEvery  = 3 * time.Second
	campaignWanted = 2 * time.Minute
)

// A factsFollower has the facts about the numbers of a job that take long.
type factsFollower struct {
	job       *foregroundJob
	campaigns atomic.Pointer[[]fleet.Campaign] // as of the last look; nil before
	wanted    atomic.Pointer[time.Time]        // when the facts were last wanted; nil = never
}

// follow looks for campaigns until ctx ends, while the facts are wanted and a worker computes a number of the job for
// long. With explains it prints the facts whenever they have changed much.
func (f *factsFollower) follow(ctx context.Context, explains bool) {
	told := make(map[uint64]string)
	for stream.Sleep(ctx, campaignEvery) == nil {
		at := f.wanted.Load()
		if !explains && (at == nil || time.Since(*at) >= campaignWanted) {
			continue
		}
		f.look(ctx)
		if explains {
			f.tell(told)
		}
	}
}

// look reads the campaigns of the job.
func (f *factsFollower) look(ctx context.Context) {
	var list []fleet.Campaign
	if id := *f.job.id.Load(); id != "" && len(explain.FactsOf(id, f.job.target.Statuses(), nil)) > 0 {
		list, _ = f.job.target.Fleet.Campaigns(ctx, id) // without them the facts of the owners are shown
	}
	f.campaigns.Store(&list)
}

// facts returns what is known now.
func (f *factsFollower) facts() []explain.Facts {
	var campaigns []fleet.Campaign
	if list := f.campaigns.Load(); list != nil {
		campaigns = *list
	}
	return explain.FactsOf(*f.job.id.Load(), f.job.target.Statuses(), campaigns)
}

// tell prints the facts of at most maxExplained numbers, those that have changed much since told was written.
func (f *factsFollower) tell(told map[uint64]string) {
	for i, x := range f.facts() {
		if i == maxExplained {
			return
		}
		if stage := x.Stage(); told[x.Position] != stage {
			told[x.Position] = stage
			f.job.session.Notef("%s", x.String())
		}
	}
}

// longest returns the variants of the line about the number that is expected to take longest; nil if none takes long.
func (f *factsFollower) longest() []string {
	now := time.Now()
	f.wanted.Store(&now)
	list := f.facts()
	longest := -1
	for i := range list {
		if longest < 0 || list[i].Left > list[longest].Left {
			longest = i
		}
	}
	if longest < 0 {
		return nil
	}
	return list[longest].Variants()
}
