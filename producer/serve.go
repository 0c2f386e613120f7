package main

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/page"
	"factorfleet/internal/stream"
	"factorfleet/internal/web"
)

func serveCommand() *ucli.Command {
	return &ucli.Command{
		Name: "serve", Usage: "supervise the fleet until a signal: queue lost and returned tasks again, finish and remove jobs that nobody waits for",
		Description: "Run at least one in each fleet; any number may run, on any machines. The streams are created if they are missing.\n" +
			"A page in the browser shows the jobs, the workers and the queue, at http://127.0.0.1:8222/ by default.\n\n" +
			"With --notify the supervisor tells of all jobs of the fleet. Of several supervisors one tells of each\n" +
			"event; after a crash an event may be told twice, with the same id.\n\n" + command.NotifyDescription,
		Flags: append(command.ListenFlags("127.0.0.1:8222", "the page, and GET /healthz: 200 while it supervises, else 503"), command.NotifyFlags()...),
		Action: func(c *ucli.Context) error {
			if err := checkServe(c); err != nil {
				return err
			}
			var s *command.Session
			notifier, err := command.ReadNotify(c, func(err error) { s.Log.Warn().Err(err).Msg("a notification was not delivered") })
			if err != nil {
				return err
			}
			return inSession(c, func(session *command.Session) error {
				s = session
				return serve(c, s, command.NewFleetNotifier(notifier, "producer serve", s.Log))
			})
		},
	}
}

// checkServe checks the command line. All its errors have exit code Usage.
func checkServe(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	return command.CheckListen(c)
}

// serve supervises until the session ends. A signal is no error: then all watches have ended, and this
// process has released its leases. A server that does not answer at the start is waited for.
func serve(c *ucli.Context, s *command.Session, n *command.FleetNotifier) error {
	debug.SetMemoryLimit(math.MaxInt64) // softMemory is for one job
	h, o := new(health), observe.New()
	stopListening, err := listen(c, s, h, o)
	if err != nil {
		return command.Fail(err)
	}
	defer stopListening()
	context.AfterFunc(s.Context, h.end)
	for first := true; s.Context.Err() == nil; first = false {
		fl, closeFleet, changes, err := awaitServer(c, s, h, o, first)
		if err != nil {
			return failed(s, err)
		}
		logChanges(s, changes)
		h.supervise(fl)
		if first && command.Listens(c) {
			go h.probe(s.Context)
		}
		stopObserving := observing(s.Context, c, o, fl)
		err = supervise(s, fl, n)
		stopObserving()
		closeFleet()
		if err != nil {
			return err
		}
	}
	return s.Refused()
}

// supervise supervises a fleet until the session ends, or until something of the fleet is missing that this process may
// create: it then returns nil, and the caller opens the fleet again.
func supervise(s *command.Session, fl *fleet.Fleet, n *command.FleetNotifier) error {
	ctx, cancel := context.WithCancelCause(s.Context)
	defer cancel(nil)
	go func() {
		cancel(fl.FollowFindings(ctx, func(list []fleet.Finding) {
			for _, f := range list {
				s.Log.Warn().Msg(f.String())
				if f.Kind == fleet.Missing && s.MayCreate() {
					cancel(errIncomplete)
				}
			}
			if len(list) == 0 {
				s.Log.Info().Msg("all streams and durables are there again")
			}
		}))
	}()
	s.Log.Info().Msg("supervising")
	err := n.Supervise(ctx, fl, s.Log, command.DefaultMaxMemory())
	switch cause := context.Cause(ctx); {
	case s.Context.Err() != nil:
		return nil
	case errors.Is(cause, stream.ErrNotProvisioned), errors.Is(cause, fleet.ErrReplaced):
		s.Log.Error().Msg("the streams of this fleet are gone, and with them all its jobs: has the server started without its store?")
	case cause == errIncomplete:
	case errors.Is(err, stream.ErrNotProvisioned): // found out by the supervisor itself
		s.Log.Error().Msg(err.Error())
	default:
		return command.Fail(err)
	}
	return nil
}

// errIncomplete ends a supervision because a stream or a durable is missing.
var errIncomplete = errors.New("the fleet is incomplete")

// logChanges logs what was created and updated.
func logChanges(s *command.Session, changes []fleet.Change) {
	created := false
	for _, change := range changes {
		verb := "updated "
		if !change.Update {
			verb, created = "created ", true
		}
		s.Log.Info().Msg(verb + change.What)
	}
	if created {
		s.Notef("%s", syncAdvice)
	}
}

// serverPause is the pause between two attempts to connect at the start.
const serverPause = time.Second

// awaitServer connects and opens the streams. While no server answers it tries again, until the session ends:
// an operator may start a supervisor before the server. Any other error is final, such as a refused login. If it is not
// the first call, missing streams that this process may not create are waited for, too.
func awaitServer(c *ucli.Context, s *command.Session, h *health, o *observe.Observer, first bool) (fl *fleet.Fleet, closeFleet func(), changes []fleet.Change, err error) {
	for warned := false; ; warned = true {
		fl, nc, changes, err := s.OpenOrProvision(c, "producer serve")
		if err == nil {
			return fl, nc.Close, changes, nil
		}
		missing := !first && errors.Is(err, stream.ErrNotProvisioned)
		if s.Context.Err() != nil || !command.IsUnreachable(err) && !missing {
			return nil, nil, nil, err
		}
		h.wait(err)
		o.Offline(waitingFor(err, missing))
		if !warned {
			s.Log.Warn().Msg(waitingFor(err, missing))
		}
		select {
		case <-s.Context.Done():
			return nil, nil, nil, err
		case <-time.After(serverPause):
		}
	}
}

// waitingFor says what awaitServer waits for.
func waitingFor(err error, missing bool) string {
	if missing {
		return "waiting for the streams: " + err.Error() + ": run `producer init` once against this server"
	}
	return "waiting for the server: " + err.Error()
}

// observing observes a fleet until the returned function is called, if somebody can look at it.
func observing(ctx context.Context, c *ucli.Context, o *observe.Observer, fl *fleet.Fleet) (stop func()) {
	if !command.Listens(c) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.Run(ctx, fl) // it ends with ctx
	}()
	return func() { cancel(); <-ended }
}

// listen starts to serve the page, its API and the health of this process, unless --listen is none. If the default address is in
// use, as it is for a second supervisor of the machine, that is logged and no error.
func listen(c *ucli.Context, s *command.Session, h *health, o *observe.Observer) (stop func(), err error) {
	server, err := command.Listen(c, s, web.Config{Health: h.check, Observer: o, Page: page.Handler()})
	if server == nil {
		return func() {}, err
	}
	server.Handle("GET /metrics", newMetrics(h, o).Handler())
	s.Log.Info().Str("url", server.URL()).Str("health", server.URL()+"healthz").Msg("the page of the fleet is served")
	return server.Close, nil
}
