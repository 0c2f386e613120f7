package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// nodeFlags are the flags of both commands.
func nodeFlags(syncDefault string) []ucli.Flag {
	return []ucli.Flag{
		&ucli.IntFlag{Name: "n", Value: -1, DefaultText: "one for each CPU", Usage: "`NUMBER` of tasks worked on at a time, and of cores in use"},
		&ucli.StringFlag{Name: "store", Usage: "keep the streams in `DIR` (default: a temporary one, removed at the end)"},
		&ucli.StringFlag{Name: "sync", Usage: "`WHEN` to write to disk for good: always, never, or an interval such as 1s (default: " + syncDefault + ")"},
		&ucli.StringFlag{Name: "max-store", DefaultText: "what is there and three quarters of the free disk", Usage: "`SIZE` up to which the streams may grow, such as 10GiB"},
		&ucli.DurationFlag{Name: "ack-wait", Value: schema.DefaultAckWait, Usage: "`DURATION` after which a silent worker's task is handed out again"},
	}
}

// A node is a server, its streams, and a worker.
type node struct {
	session *command.Session
	ledger  *ledger // nil if the store is not kept
	server  *natsserver.Server
	access  *access        // nil if everybody is let in
	nc      *natsconn.Conn // the submitter's
	fleet   *fleet.Fleet
	work    func() error // ends the worker and returns what came of it
	stats   func() worker.Stats
}

// submitterName is the identity of the submitter: no name that anybody else can have.
const submitterName = "EMBEDDED"

// stopTimeout bounds the server's shutdown.
const stopTimeout = 10 * time.Second

// build starts all of it. syncAs is what --sync means when it is not given; a gate is for a
// server that listens and lets not everybody in.
func build(c *ucli.Context, s *command.Session, listen string, g *access, syncAs string, workerLog zerolog.Logger) (_ *node, err error) {
	if c.IsSet("sync") {
		syncAs = c.String("sync")
	}
	sync, err := natsserver.ParseSync(syncAs)
	if err != nil {
		return nil, cli.Exit(cli.Usage, err)
	}
	if c.IsSet("n") && c.Int("n") < 0 {
		return nil, cli.Usagef("-n is not negative")
	}
	if c.Duration("ack-wait") < 100*time.Millisecond {
		return nil, cli.Usagef("--ack-wait is at least 100ms")
	}
	limit := int64(0)
	if c.IsSet("max-store") {
		if limit, err = cli.ParseSize(c.String("max-store")); err != nil {
			return nil, cli.Usagef("--max-store %w", err)
		}
		if limit < natsserver.LeastStore {
			return nil, cli.Usagef("--max-store %s is too small: the least is %s", c.String("max-store"), cli.FormatSize(natsserver.LeastStore))
		}
	}
	h := &node{session: s, access: g, work: func() error { return nil }, stats: func() worker.Stats { return worker.Stats{} }}
	h.server, err = natsserver.Start(natsserver.Config{Store: c.String("store"), Sync: sync, Listen: listen, Limit: limit, Log: s.Log, Security: g.security()})
	if err != nil {
		return nil, startFault(err)
	}
	defer func() {
		if err != nil {
			err = h.abandon(err)
		}
	}()
	if dir := c.String("store"); dir != "" {
		if h.ledger, err = openLedger(dir); err != nil {
			return nil, err
		}
	}
	credentials, err := g.credentials(schema.RoleAdmin, submitterName)
	if err != nil {
		return nil, err
	}
	var js natsconn.JetStream
	if h.nc, js, err = natsconn.InProcess(h.server, "submitter", credentials); err != nil {
		return nil, err
	}
	if _, err = fleet.Init(s.Context, js, fleet.Provision{AckWait: c.Duration("ack-wait"), TaskBytes: -1}); err != nil {
		return nil, err
	}
	if h.fleet, err = fleet.Open(s.Context, h.nc, js, stream.Options{Log: s.Log}); err != nil {
		return nil, err
	}
	if slots := c.Int("n"); slots != 0 {
		if err = h.startWorker(max(slots, 0), workerLog); err != nil {
			return nil, err
		}
	}
	ctx, fail := context.WithCancelCause(s.Context)
	s.Context = ctx // a house that falls ill ends the session
	go h.watch(ctx, fail, c.Duration("full-wait"))
	return h, nil
}

// startWorker returns once the worker is about to pull.
func (h *node) startWorker(slots int, log zerolog.Logger) error {
	name := command.WorkerName()
	credentials, err := h.access.credentials(schema.RoleWorker, name)
	if err != nil {
		return err
	}
	nc, js, err := natsconn.InProcess(h.server, "worker", credentials)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(h.session.Context))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		o := command.WorkerOptions{
			Name: name, Slots: slots, DrainTimeout: 5 * time.Second, MaxMemory: command.DefaultMaxMemory(), Log: log,
			Ready: func(w *worker.Worker, _ string) { h.stats = w.Stats; close(ready) },
		}
		if h.ledger != nil {
			o.Ledger = h.ledger
		}
		err := command.RunWorker(ctx, nc, js, o)
		nc.Close() // before the server ends
		ended <- err
	}()
	select {
	case <-ready:
		h.work = func() error { stop(); return <-ended }
		return nil
	case err := <-ended:
		stop()
		return err
	}
}

// abandon closes a house whose start has failed with err, and returns the error for the user: the
// signal if one interrupted the start, else err and what is wrong with the disk. The server may
// still be making a stream, and would make the directory of a store that was removed under it.
func (h *node) abandon(err error) error {
	disk := h.server.CheckDisk()
	h.shut(h.server.Stop)
	if signalled := cli.Interrupted(h.session.Context); signalled != nil {
		return signalled
	}
	if disk != nil {
		err = fmt.Errorf("%w: %w", err, disk)
	}
	return startFault(err)
}

// startFault gives an error of the start its exit code: 75 if the disk is full.
func startFault(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return cli.WithHint(cli.Exit(cli.Restart, err), "free some space on the disk of the store, and start it again")
	}
	return err
}

// close ends the worker, if it still runs, and the server.
func (h *node) close() { h.shut(h.server.Discard) }

// shut is close with a given way to end the server.
func (h *node) shut(end func(context.Context) error) {
	if h.nc != nil {
		h.nc.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := end(ctx); err != nil {
		h.session.Log.Error().Err(err).Send()
	}
}
