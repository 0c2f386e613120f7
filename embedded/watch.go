package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/cli"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/text"
)

const (
	healthEvery = 5 * time.Second  // between two looks at the store
	warnEvery   = 10 * time.Minute // between two warnings of a full store
)

// watchStore looks at the server's store until ctx ends. It calls fail with an error of exit code 75 if
// a stream is unusable, which only a restart can repair, or if the store is full and has not changed for
// fullWait. With a fullWait of 0 it never fails because of a full store: a user can still remove a job.
func (n *node) watchStore(ctx context.Context, fail context.CancelCauseFunc) {
	fullWait := n.options.fullWait
	ticker := time.NewTicker(min(healthEvery, max(fullWait/4, healthEvery/10)))
	defer ticker.Stop()
	w := fullStore{node: n}
	for {
		var now time.Time
		select {
		case <-ctx.Done():
			return
		case now = <-ticker.C:
		}
		if err := n.server.Health(); err != nil && ctx.Err() == nil {
			fail(cli.WithHint(cli.Exit(cli.Restart, err), "free some space if the disk is full, then start the program again with the same --store: the jobs are resumed"))
			return
		}
		if err := w.check(now, n.server.Usage()); err != nil {
			fail(err)
			return
		}
	}
}

// A fullStore watches for how long the store has been full without a change.
type fullStore struct {
	node   *node
	since  time.Time // when the store became full, or last changed while full; zero if it is not full
	used   int64     // bytes used at that time
	warned time.Time // of the last warning; zero if there is none since the store became full
}

// check logs a full store, and a store that has room again. It returns an error if the store has been
// full and unchanged for the node's fullWait.
func (w *fullStore) check(now time.Time, usage natsserver.Usage) error {
	used, limit := cli.FormatSize(usage.Used), cli.FormatSize(usage.Limit)
	log := w.node.session.Log.With().Str("used", used).Str("limit", limit).Logger()
	if !usage.Full() {
		if !w.warned.IsZero() {
			log.Warn().Msg("the store has room again")
		}
		w.since, w.warned = time.Time{}, time.Time{}
		return nil
	}
	if w.since.IsZero() || usage.Used != w.used {
		w.since, w.used = now, usage.Used
	}
	if now.Sub(w.warned) >= warnEvery {
		log.Warn().Msg("the store is full, work waits for room: remove finished jobs with `producer rm JOB`, or start again with a larger --max-store")
		w.warned = now
	}
	if wait := w.node.options.fullWait; wait > 0 && now.Sub(w.since) >= wait {
		err := fmt.Errorf("the store in %s is full (%s of %s) and has not changed for %s", w.node.server.Dir(), used, limit, text.Duration(wait))
		return cli.WithHint(cli.Exit(cli.Restart, err), "start again with a larger --max-store, or run `embedded run` with this --store and remove jobs with `producer rm JOB`")
	}
	return nil
}

// storeError returns the error with which watchStore ended the session, or nil.
func (n *node) storeError() error {
	var exit *cli.ExitError
	if err := context.Cause(n.session.Context); errors.As(err, &exit) {
		return err
	}
	return nil
}
