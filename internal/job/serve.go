package job

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// serveEvery is how often Serve looks for jobs that nobody waits for.
const serveEvery = 2 * time.Second

// Serve sweeps, and takes part in every job that goes on without printing, until ctx
// ends: it is there to hold the leases of jobs whose submitter is not. A job beyond repair,
// or whose input is lost, is told once and left alone until somebody changes it.
func Serve(ctx context.Context, f *fleet.Fleet, log zerolog.Logger) error {
	s := newHost(f, log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Sweep(ctx) })
	group.Go(func() error { s.run(ctx); return nil })
	return group.Wait()
}

// A host takes part in many jobs.
type host struct {
	f     *fleet.Fleet
	log   zerolog.Logger
	every time.Duration // between two looks

	mu       sync.Mutex        // guards below
	running  map[string]bool   // jobs that this process takes part in
	verdicts map[string][]byte // manifests, as they were then, of jobs to be left alone
}

func newHost(f *fleet.Fleet, log zerolog.Logger) *host {
	return &host{f: f, log: log, every: serveEvery, running: make(map[string]bool), verdicts: make(map[string][]byte)}
}

// run looks for jobs until ctx ends.
func (s *host) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		jobs, err := s.f.Jobs(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.Warn().Err(err).Msg("look for jobs again")
		}
		for _, j := range jobs {
			if s.begin(j) {
				group.Go(func() { s.serve(ctx, j) })
			}
		}
		if err := s.f.RemoveExpired(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("remove old jobs")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.every):
		}
	}
}

// begin reports whether j is to be served from now on.
func (s *host) begin(j *task.Job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.verdicts[j.ID]; ok && !bytes.Equal(old, j.Encode()) {
		delete(s.verdicts, j.ID)
	}
	if j.Finished() || s.running[j.ID] || s.verdicts[j.ID] != nil {
		return false
	}
	s.running[j.ID] = true
	return true
}

// serve takes part in j until it has ended.
func (s *host) serve(ctx context.Context, j *task.Job) {
	log := s.log.With().Str("job", j.ID).Logger()
	log.Debug().Msg("taking part in job")
	sum, err := Wait(ctx, s.f, j.ID, Watch{Emit: func(*collect.Item) error { return nil }, Supervised: true, Log: s.log})
	var verdict []byte
	switch {
	case err == nil:
		log.Info().Uint64("verified", sum.Verified).Uint64("dead", sum.Counts.Dead).Msg("job done")
	case errors.Is(err, ErrBeyondRepair):
		verdict = sum.Job.Encode()
	case errors.Is(err, ErrInputLost):
		verdict = j.Encode()
	case ctx.Err() == nil && !errors.Is(err, ErrCancelled) && !errors.Is(err, fleet.ErrNoJob):
		log.Warn().Err(err).Msg("job")
	}
	if verdict != nil {
		log.Error().Err(err).Msg("job is left alone until it is changed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, j.ID)
	if verdict != nil {
		s.verdicts[j.ID] = verdict
	}
}
