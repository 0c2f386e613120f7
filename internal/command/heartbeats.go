package command

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

// While a worker has an activity (a number that takes long), it sends heartbeats more often.
// The status line of a user who waits shows them.
const (
	lookEvery     = time.Second             // the activities are read so often, or more often for a short ack wait
	activityEvery = schema.BeatInterval / 2 // between two heartbeats with activities
	// A composite that is predicted to take so long is announced at once, so that other workers can begin to help.
	announceLeft = 2 * time.Second
)

// isNews reports whether list has a composite that takes long and that the activities of the last heartbeat do not
// have.
func isNews(list, last []worker.Activity) bool {
	return slices.ContainsFunc(list, func(a worker.Activity) bool {
		return a.Composite != "" && a.Left >= announceLeft &&
			!slices.ContainsFunc(last, func(b worker.Activity) bool { return a.Composite == b.Composite })
	})
}

// sendHeartbeats sends a heartbeat at once and then every BeatInterval, every activityEvery while there
// are activities, and when the first activity begins, the last one ends, or one has a new composite. With a short ack wait it sends two in
// each: a task that no heartbeat names for two ack waits may be queued again. While the worker has no task, it does not
// look for activities.
func sendHeartbeats(ctx context.Context, client *puller.Client, w *worker.Worker, status worker.Status, log zerolog.Logger) {
	every := min(schema.BeatInterval, client.AckWait()/2)
	var last time.Time
	var sent []worker.Activity // of the last heartbeat
	due := func() time.Duration { return every - time.Since(last) }
	for ctx.Err() == nil {
		status.Stats = w.Stats()
		active := len(status.Activities) > 0
		if active != (len(sent) > 0) || due() <= 0 || active && due() <= every-activityEvery || isNews(status.Activities, sent) {
			last, sent = time.Now(), status.Activities
			status.Holding = w.Holding()
			if err := client.Beat(status); err != nil {
				log.Debug().Err(err).Msg("cannot send a heartbeat")
			}
		}
		if arrival := w.Idle(); arrival != nil {
			await(ctx, arrival, due())
		}
		await(ctx, nil, min(lookEvery, due()))
	}
}

// await waits for d, until ctx ends, or until c is closed.
func await(ctx context.Context, c <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c:
	case <-ctx.Done():
	}
}
