package command

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// campaignEvery is the time between two looks for the campaigns of a job, which its progress line shows. They go on for
// campaignWanted after the line was last written: in a log that is every minute.
const (
	campaignEvery  = 3 * time.Second
	campaignWanted = 2 * time.Minute
)

// followCampaign returns a function that returns the progress of a campaign of the job, "" if there is none. It looks
// only if that function is called, and while a worker computes a number of the job for long.
func (f *foregroundJob) followCampaign() func() string {
	var shown atomic.Pointer[string]
	var asked atomic.Pointer[time.Time] // when the progress was last wanted; nil = never
	ctx := f.session.Context
	go func() {
		for stream.Sleep(ctx, campaignEvery) == nil {
			if at := asked.Load(); at != nil && time.Since(*at) < campaignWanted {
				text := f.lookCampaign(ctx)
				shown.Store(&text)
			}
		}
	}()
	return func() string {
		now := time.Now()
		asked.Store(&now)
		if text := shown.Load(); text != nil {
			return *text
		}
		return ""
	}
}

// lookCampaign reads the progress of the first campaign of the job that sieves: after that its owner is at work again.
func (f *foregroundJob) lookCampaign(ctx context.Context) string {
	id := *f.id.Load()
	if id == "" || longestActivity(id, f.target.Activities()) == "" {
		return ""
	}
	list, err := f.target.Fleet.Campaigns(ctx, id)
	i := slices.IndexFunc(list, func(c fleet.Campaign) bool { return c.State == task.PartSieve })
	if err != nil || i < 0 {
		return ""
	}
	return list[i].Progress()
}
