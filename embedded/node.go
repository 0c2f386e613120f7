package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// A node is an embedded server with its streams and at most one worker.
type node struct {
	session *command.Session
	options nodeOptions
	ledger  *ledger // nil if the store is not kept
	server  *natsserver.Server
	access  *access        // nil if every connection is accepted
	nc      *natsconn.Conn // of the submitter
	fleet   *fleet.Fleet

	drain func() error        // drains the worker and returns the worker's error
	stats func() worker.Stats // of the worker
	// holding returns the names of its tasks.
	holding func() []string
}

// submitterName is the identity of the submitter: no other identity can have this name.
const submitterName = "EMBEDDED"

// stopTimeout bounds the shutdown of the server.
const stopTimeout = 10 * time.Second

// startNode starts a server, its streams and the worker. The server listens at listen, or not at all if
// that is ""; a nil access accepts every connection. When the server becomes unusable later, the node
// ends the session. If the start fails, nothing is left running.
func startNode(s *command.Session, o nodeOptions, listen string, a *access, workerLog zerolog.Logger) (*node, error) {
	n := &node{session: s, options: o, access: a, drain: func() error { return nil }, stats: func() worker.Stats { return worker.Stats{} }, holding: func() []string { return nil }}
	var err error
	n.server, err = natsserver.Start(natsserver.Config{Store: o.store, Sync: o.sync, Listen: listen, Limit: o.maxStore, Log: s.Log, Security: a.security()})
	if err != nil {
		return nil, startError(err)
	}
	if err := n.startParts(workerLog); err != nil {
		return nil, n.abortStart(err)
	}
	ctx, fail := context.WithCancelCause(s.Context)
	s.Context = ctx // an unusable server cancels the session
	go n.watchStore(ctx, fail)
	return n, nil
}

// startParts starts all that needs the running server.
func (n *node) startParts(workerLog zerolog.Logger) (err error) {
	if n.options.kept() {
		if n.ledger, err = openLedger(n.server.Root()); err != nil {
			return err
		}
	}
	if err := n.openFleet(); err != nil {
		return err
	}
	if n.options.slots < 0 {
		return nil
	}
	return n.startWorker(workerLog)
}

// openFleet connects the submitter, and creates the streams that are missing.
func (n *node) openFleet() error {
	credentials, err := n.access.credentials(schema.RoleAdmin, submitterName)
	if err != nil {
		return err
	}
	var js natsconn.JetStream
	if n.nc, js, err = natsconn.InProcess(n.server, "submitter", credentials); err != nil {
		return err
	}
	changes, err := fleet.Init(n.session.Context, js, fleet.Provision{AckWait: n.options.ackWait, TaskBytes: -1, Repaired: true})
	if err != nil {
		return err
	}
	for _, change := range changes {
		if change.Update { // the store is one of an earlier release
			n.session.Log.Info().Msg("updated " + change.What)
		}
	}
	n.fleet, err = fleet.Open(n.session.Context, n.nc, js, stream.Options{Log: n.session.Log})
	return err
}

// startWorker starts the worker. It returns when the worker is about to pull, or has failed.
func (n *node) startWorker(log zerolog.Logger) error {
	name := command.WorkerName()
	credentials, err := n.access.credentials(schema.RoleWorker, name)
	if err != nil {
		return err
	}
	nc, js, err := natsconn.InProcess(n.server, "worker", credentials)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(n.session.Context))
	ready, ended := make(chan struct{}), make(chan error, 1)
	o := command.WorkerOptions{
		Name: name, Offers: n.options.labels, Exec: n.options.exec, Slots: n.options.slots, Cores: n.options.slots, Availability: n.options.availability,
		DrainTimeout: 5 * time.Second, MaxMemory: command.DefaultMaxMemory(), Log: log,
		Ready: func(w *worker.Worker, _ string) { n.stats, n.holding = w.Stats, w.Holding; close(ready) },
		// This process is the worker and the supervisor: what it says of its own deaths and errors is no claim.
		Dead: n.fleet.GiveUp,
	}
	if n.ledger != nil {
		o.Ledger = n.ledger
	}
	if n.options.metrics != nil {
		o.Recorder = n.options.metrics.recorder
	}
	go func() {
		err := command.RunWorker(ctx, nc, js, o)
		nc.Close() // before the server stops
		ended <- err
	}()
	select {
	case <-ready:
		n.drain = func() error { stop(); return <-ended }
		return nil
	case err := <-ended:
		stop()
		return err
	}
}

// abortStart closes a node whose start has failed with err. It returns the error for the user: the
// signal if one interrupted the start, else err with the state of the disk. It stops the server before
// the store is removed: the server may still be creating a stream, and would create its directory again.
func (n *node) abortStart(err error) error {
	disk := cmp.Or(n.server.CheckDisk(), n.server.CheckFiles())
	n.closeWith(n.server.Stop)
	if signalled := cli.Interrupted(n.session.Context); signalled != nil {
		return signalled
	}
	if disk != nil {
		err = fmt.Errorf("%w: %w", err, disk)
	}
	return startError(err)
}

// startError gives an error of the start its exit code and its hint: 75 if the disk is full.
func startError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return cli.WithHint(cli.Exit(cli.Restart, err), "free some space on the disk, then start the program again")
	case errors.Is(err, syscall.EMFILE):
		return cli.WithHint(err, "permit more open files: `ulimit -n 1024`")
	}
	return err
}

// close stops the server, and the worker without a drain if it still runs. It removes a temporary store.
func (n *node) close() { n.closeWith(n.server.Discard) }

// closeWith is close with the given way to stop the server.
func (n *node) closeWith(stop func(context.Context) error) {
	if n.nc != nil {
		n.nc.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := stop(ctx); err != nil {
		n.session.Log.Error().Err(err).Msg("shutdown failed")
	}
}
