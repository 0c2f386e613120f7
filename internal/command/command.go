// Package command holds what the commands of producer, consumer and embedded have in
// common: opening the fleet, running a job in the foreground, printing its answers,
// running a worker, and turning the errors of all that into exit codes.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// Version of the three programs.
const Version = "0.1.0"

// Build returns Version and, if it is known, the commit.
func Build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return Version + " (" + s.Value[:12] + ")"
		}
	}
	return Version
}

// A Session is one run of one command.
type Session struct {
	Context  context.Context // ends at the first SIGINT or SIGTERM, or when the server refuses something
	Screen   *cli.Screen
	Log      zerolog.Logger
	Identity natsconn.Identity // what the credentials of Connect say

	refuse context.CancelCauseFunc // ends Context
}

// Start begins a session. hurry is called at the second signal and may be nil. stop
// must be called at its end.
func Start(c *ucli.Context, hurry func()) (s *Session, stop func(), err error) {
	screen := cli.NewScreen()
	log, err := cli.NewLogger(c, screen)
	if err != nil {
		return nil, nil, err
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an error of Write, so that we can clean up
	ctx, stopSignals := cli.Signals(c.Context, hurry)
	ctx, refuse := context.WithCancelCause(ctx)
	return &Session{Context: ctx, Screen: screen, Log: log, refuse: refuse}, func() { stopSignals(); refuse(nil) }, nil
}

// Refused returns why the server refused something, or lets us in no more; nil if it did
// not. What a command returns then is only what follows from it.
func (s *Session) Refused() error {
	if err := context.Cause(s.Context); errors.Is(err, natsconn.ErrConnect) {
		return err
	}
	return nil
}

// Verdict returns err, or what Refused says if that is why the command ended.
func (s *Session) Verdict(err error) error {
	if refused := s.Refused(); err != nil && refused != nil {
		return refused
	}
	return err
}

// Open connects to the server that the flags name and binds to its streams.
func (s *Session) Open(c *ucli.Context, name string) (*fleet.Fleet, func(), error) {
	nc, js, err := s.Connect(c, name)
	if err != nil {
		return nil, nil, err
	}
	f, err := fleet.Open(s.Context, nc, js, stream.Options{Timeout: c.Duration("timeout"), Log: s.Log})
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return f, nc.Close, nil
}

// Connect connects to the server that the flags name.
func (s *Session) Connect(c *ucli.Context, name string) (*natsconn.Conn, natsconn.JetStream, error) {
	config, err := cli.Connection(c, name)
	if err != nil {
		return nil, nil, err
	}
	if config, err = config.Resolve(); err != nil {
		return nil, nil, err
	}
	s.Identity = config.Identity()
	nc, url, err := config.Dial(s.Context, config.Events(s.Log, s.refuse)...)
	if err != nil {
		return nil, nil, err
	}
	js, err := config.JetStream(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	s.Log.Debug().Str("url", url).Msg("connected")
	return nc, js, nil
}

// Fail gives an error its exit code.
func Fail(err error) error {
	var exit *cli.ExitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.Is(err, syscall.EPIPE) && !errors.Is(err, natsconn.ErrConnect): // a connection has pipes that break, too
		return cli.Exit(128+cli.ExitCode(syscall.SIGPIPE), nil)
	case errors.Is(err, stream.ErrNotProvisioned):
		return cli.Exit(cli.NoConnect, err)
	case errors.Is(err, job.ErrCancelled):
		return cli.Exit(cli.Cancelled, err)
	case errors.Is(err, job.ErrInputLost):
		return cli.WithHint(err, "submit the same input again with the same --id: what was lost is stored and done again")
	case errors.Is(err, job.ErrBeyondRepair):
		return cli.Exit(cli.Unverified, err)
	case errors.Is(err, fleet.ErrNoJob):
		return cli.Exit(cli.NoJob, err)
	case errors.Is(err, fleet.ErrDiffers):
		return cli.Exit(cli.Conflict, err)
	case errors.Is(err, stream.ErrFull):
		return cli.WithHint(cli.Exit(cli.Restart, err), "remove jobs with `producer rm JOB`, which works in a full store too, or give the server a larger one; then try again")
	case errors.Is(err, worker.ErrRestart):
		return cli.Exit(cli.Restart, err)
	}
	return err
}

// errDeadline is the cause of a context that --deadline ended.
var errDeadline = errors.New("deadline reached")

// WithDeadline returns a context that ends after d, if d is not 0.
func WithDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errDeadline)
}

// Reply bounds a command that only asks the server for something.
func Reply(c *ucli.Context, s *Session) (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Context, max(c.Duration("timeout"), time.Second)*6)
}

// hostName is this machine's name, or "host".
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return name
}

// plural returns "1 number" or "n numbers".
func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
