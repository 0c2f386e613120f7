package command

import (
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/stream"
)

// campaignEvery is the time between two looks for the campaigns of a job, which its progress line shows.
const campaignEvery = 3 * time.Second

// followCampaign returns a function that returns the progress of a campaign of the job, "" if there is none. It looks
// only while a worker computes a number of the job for long.
func (f *foregroundJob) followCampaign() func() string {
	var shown atomic.Pointer[string]
	ctx := f.session.Context
	go func() {
		for stream.Sleep(ctx, campaignEvery) == nil {
			text := f.lookCampaign(ctx)
			shown.Store(&text)
		}
	}()
	return func() string {
		if text := shown.Load(); text != nil {
			return *text
		}
		return ""
	}
}

// lookCampaign reads the progress of the first campaign of the job.
func (f *foregroundJob) lookCampaign(ctx context.Context) string {
	id := *f.id.Load()
	if id == "" || longestActivity(id, f.target.Activities()) == "" {
		return ""
	}
	list, err := f.target.Fleet.Campaigns(ctx, id)
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[0].Progress()
}
