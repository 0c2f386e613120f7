package events

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
)

const (
	lookEvery = time.Second // at the heartbeats that have come
	// settled is how long after an interruption all workers have sent a heartbeat.
	settled = schema.BeatInterval * 3 / 2
)

// standings follows strikes and quarantines.
func (w *watcher) standings() error {
	known := false
	before := make(map[string]fleet.Standing)
	return w.fl.FollowStandings(w.ctx, func(s fleet.Standing) {
		old := before[s.Worker]
		before[s.Worker] = s
		if known {
			w.take(StandingChange(&old, &s, w.fl.ServerTime().UTC())...)
		}
	}, func() {
		known = true
		w.caughtUp()
	})
}

// heartbeats follows who is there. After heartbeats may have been missed, it says so, and waits until all workers have
// sent one: else each of them would leave and join.
func (w *watcher) heartbeats() error {
	registry, err := w.fl.Registry(w.ctx)
	if err != nil {
		return err
	}
	present := new(Present)
	missed := &missedBeats{}
	gaps := w.tracker(schema.BucketStream(schema.BucketWorkers), false)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		switch look, gap := missed.next(registry.Observed(), w.fl.Connected()); {
		case gap:
			gaps.gap(0, "heartbeats of workers were missed: a worker may have left, joined or been replaced meanwhile")
		case look:
			w.take(present.See(registry.Workers(), w.fl.ServerTime().UTC())...)
		}
		select {
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		case <-ticker.C:
		}
	}
}

// A missedBeats decides when a list of workers is complete.
type missedBeats struct {
	before  time.Duration // observed at the last look
	pending bool          // heartbeats were missed, and the list is not complete yet
}

// next takes for how long no heartbeat can have been missed, and whether the connection is there. look: the list of workers
// is complete. gap: heartbeats were missed since the last call.
func (m *missedBeats) next(observed time.Duration, connected bool) (look, gap bool) {
	gap = observed < m.before && !m.pending
	m.pending = m.pending || gap
	m.before = observed
	if connected && observed >= settled {
		m.pending = false
	}
	return connected && !m.pending, gap
}
