package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/cli"
)

const (
	healthEvery = 5 * time.Second  // between two looks at the store
	warnEvery   = 10 * time.Minute // between two warnings of a full one
)

// watch looks after the server's store until ctx ends. It ends the session, with exit
// code 75, if a stream has become unusable, which only a restart can cure, and if the
// store is full and nothing has moved for fullWait. With a fullWait of 0 it waits for
// ever: somebody can still come and remove a job.
func (h *node) watch(ctx context.Context, fail context.CancelCauseFunc, fullWait time.Duration) {
	ticker := time.NewTicker(min(healthEvery, max(fullWait/4, healthEvery/10)))
	defer ticker.Stop()
	var since, warned time.Time // full and unmoved; said so
	var used int64
	for {
		var now time.Time
		select {
		case <-ctx.Done():
			return
		case now = <-ticker.C:
		}
		if err := h.server.Health(); err != nil && ctx.Err() == nil {
			fail(cli.WithHint(cli.Exit(cli.Restart, err), "free some space if the disk is full, and start it again with the same --store: jobs go on where they were"))
			return
		}
		usage := h.server.Usage()
		log := h.session.Log.With().Str("used", cli.FormatSize(usage.Used)).Str("limit", cli.FormatSize(usage.Limit)).Logger()
		if !usage.Full() {
			if !warned.IsZero() {
				log.Warn().Msg("the store has room again")
			}
			since, warned = time.Time{}, time.Time{}
			continue
		}
		if since.IsZero() || usage.Used != used {
			since, used = now, usage.Used
		}
		if now.Sub(warned) >= warnEvery {
			log.Warn().Msg("the store is full, work waits for room: remove finished jobs with `producer rm JOB`, or start again with a larger --max-store")
			warned = now
		}
		if fullWait > 0 && now.Sub(since) >= fullWait {
			err := fmt.Errorf("the store in %s is full (%s of %s), nothing has moved for %v", h.server.Dir(), cli.FormatSize(usage.Used), cli.FormatSize(usage.Limit), fullWait)
			fail(cli.WithHint(cli.Exit(cli.Restart, err), "start again with a larger --max-store, or serve the store with `embedded run` and remove jobs with `producer rm JOB`"))
			return
		}
	}
}

// fault returns why watch ended the session, or nil.
func (h *node) fault() error {
	var exit *cli.ExitError
	if err := context.Cause(h.session.Context); errors.As(err, &exit) {
		return err
	}
	return nil
}
