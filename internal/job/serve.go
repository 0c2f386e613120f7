package job

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// serveEvery is how often Serve looks for jobs that nobody waits for.
const serveEvery = 2 * time.Second

// Serve takes part in every job that goes on, without printing, until ctx ends: it
// is there to hold the leases and to sweep for jobs whose submitter is not.
func Serve(ctx context.Context, f *fleet.Fleet, log zerolog.Logger) error {
	var group sync.WaitGroup
	defer group.Wait()
	var mu sync.Mutex
	running := make(map[string]bool) // jobs that this process takes part in
	for {
		jobs, err := f.Jobs(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			log.Warn().Err(err).Msg("look for jobs again")
		}
		for _, j := range jobs {
			mu.Lock()
			start := !j.Over() && !running[j.ID]
			running[j.ID] = running[j.ID] || start
			mu.Unlock()
			if !start {
				continue
			}
			group.Go(func() {
				serve(ctx, f, j, log)
				mu.Lock()
				defer mu.Unlock()
				delete(running, j.ID)
			})
		}
		if err := f.RemoveExpired(ctx); err != nil && ctx.Err() == nil {
			log.Debug().Err(err).Msg("remove old jobs")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(serveEvery):
		}
	}
}

func serve(ctx context.Context, f *fleet.Fleet, j *task.Job, log zerolog.Logger) {
	log.Debug().Str("job", j.ID).Msg("taking part in job")
	s, err := Wait(ctx, f, j.ID, Watch{Emit: func(*collect.Item) error { return nil }, Log: log})
	switch {
	case err == nil:
		log.Info().Str("job", j.ID).Uint64("verified", s.Verified).Uint64("dead", s.Counts.Dead).Msg("job done")
	case ctx.Err() == nil && !errors.Is(err, ErrCancelled) && !errors.Is(err, fleet.ErrNoJob):
		log.Warn().Str("job", j.ID).Err(err).Msg("job")
	}
}
