package command

import (
	"context"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// runningEvery is the time between two looks at the numbers at work. Workers of other processes send heartbeats less often;
// package plan extends what they have said by the time since then.
const runningEvery = 250 * time.Millisecond

// watchRunning tells the progress of the job which numbers are at work, and what the workers have, until ctx ends.
func (f *factsFollower) watchRunning(ctx context.Context) {
	for stream.Sleep(ctx, runningEvery) == nil {
		f.tellRunning(time.Now())
	}
}

// tellRunning tells it once. While the workers are unknown, it tells nothing.
func (f *factsFollower) tellRunning(now time.Time) {
	j := f.job
	id := *j.id.Load()
	if id == "" || j.target.Workers() < 0 {
		return
	}
	var campaigns []fleet.Campaign
	if list := f.campaigns.Load(); list != nil {
		campaigns = *list
	}
	class := task.ClassNorm
	if known := j.session.class.Load(); known != nil {
		class = *known
	}
	list := j.target.Statuses()
	j.progress.Running(now, explain.RunningOf(id, list, campaigns), explain.CapacityOf(class, list))
}
