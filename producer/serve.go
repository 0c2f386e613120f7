package main

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/web"
)

func serveCommand() *ucli.Command {
	return &ucli.Command{
		Name: "serve", Usage: "supervise the fleet until a signal: queue lost and returned tasks again, finish and remove jobs that nobody waits for",
		Description: "Run at least one in each fleet; any number may run, on any machines. The streams are created if they are missing." + command.ConnectionHint,
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "listen", Value: "127.0.0.1:8222", Usage: "loopback `ADDRESS` that answers GET /healthz: 200 while it supervises, else 503; none is no address"},
		},
		Action: func(c *ucli.Context) error {
			if err := checkServe(c); err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return serve(c, s) })
		},
	}
}

// checkServe checks the command line. All its errors have exit code Usage.
func checkServe(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	if !listens(c) {
		return nil
	}
	host, _, err := cli.SplitListen(c.String("listen"), 0) // port 0 is a free one
	if err == nil && !web.IsLoopback(host) {
		err = cli.Usagef("--listen %s: %w", c.String("listen"), web.ErrNotLoopback)
	}
	return err
}

// listens reports whether --listen names an address.
func listens(c *ucli.Context) bool { return c.String("listen") != "" && c.String("listen") != "none" }

// serve supervises until the session ends. A signal is no error: then all watches have ended, and this
// process has released its leases. A server that does not answer at the start is waited for.
func serve(c *ucli.Context, s *command.Session) error {
	debug.SetMemoryLimit(math.MaxInt64) // softMemory is for one job
	h := new(health)
	stopListening, err := listenHealth(c, s, h.check)
	if err != nil {
		return command.Fail(err)
	}
	defer stopListening()
	context.AfterFunc(s.Context, h.end)
	fl, closeFleet, made, err := awaitServer(c, s, h)
	if err != nil {
		return failed(s, err)
	}
	defer closeFleet()
	for _, m := range made {
		s.Log.Info().Msg("created " + m)
	}
	if len(made) > 0 {
		s.Notef("%s", syncAdvice)
	}
	h.supervise(fl)
	if listens(c) {
		go h.probe(s.Context)
	}
	s.Log.Info().Msg("supervising")
	if err := job.Supervise(s.Context, fl, s.Log); err != nil && s.Context.Err() == nil {
		return command.Fail(err)
	}
	return s.Refused()
}

// serverPause is the pause between two attempts to connect at the start.
const serverPause = time.Second

// awaitServer connects and opens the streams. While no server answers it tries again, until the session ends:
// an operator may start a supervisor before the server. Any other error is final, such as a refused login.
func awaitServer(c *ucli.Context, s *command.Session, h *health) (fl *fleet.Fleet, closeFleet func(), made []string, err error) {
	for first := true; ; first = false {
		fl, nc, made, err := s.OpenOrProvision(c, "producer serve")
		if err == nil {
			return fl, nc.Close, made, nil
		}
		if s.Context.Err() != nil || !command.IsUnreachable(err) {
			return nil, nil, nil, err
		}
		h.wait(err)
		if first {
			s.Log.Warn().Msg("waiting for the server: " + err.Error())
		}
		select {
		case <-s.Context.Done():
			return nil, nil, nil, err
		case <-time.After(serverPause):
		}
	}
}

// listenHealth starts to answer GET /healthz, unless --listen is none. If the default address is in use, as
// it is for a second supervisor of the machine, that is logged and no error.
func listenHealth(c *ucli.Context, s *command.Session, health func() error) (stop func(), err error) {
	if !listens(c) {
		return func() {}, nil
	}
	server, err := web.Listen(c.String("listen"), health)
	switch {
	case err == nil:
		s.Log.Info().Str("url", "http://"+server.Addr()+"/healthz").Msg("health is served")
		return server.Close, nil
	case c.IsSet("listen"):
		return nil, fmt.Errorf("--listen: %w", err)
	}
	s.Log.Warn().Err(err).Msg("health is not served; choose another address by --listen")
	return func() {}, nil
}
