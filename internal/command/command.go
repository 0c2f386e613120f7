// Package command has what the commands of producer, consumer and embedded share: a session with
// signals and a connection, a job in the foreground, the output of its answers, a worker, and the exit
// code of each kind of error.
//
// A command is a function of the program's folder. It starts a Session, opens the server, calls the
// packages that do the work, and returns an error with an exit code (Fail). The functions of this
// package print only answers, reports and notes for the user (Notef); package cli prints the error
// that a command returns.
//
// A session ends its Context for three reasons, which its cause tells apart:
//
//	cli.SignalError       the first SIGINT, SIGTERM or SIGHUP; a second one calls onSecond of Start
//	natsconn.ErrConnect   the server refuses this client: its credentials or its permissions
//	context.Canceled      the command has returned and called stop
package command

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// Version of the three programs.
const Version = "0.1.0"

// Build returns Version and, if the build recorded it, the commit in 12 digits.
func Build() string {
	if c := commit(); c != "" {
		return Version + " (" + c + ")"
	}
	return Version
}

// commit returns the first 12 digits of the commit of this build, "" if the build has not recorded it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return ""
}

// A Session is one run of one command.
type Session struct {
	Program  string          // name of the program, for messages
	Context  context.Context // ends at the first signal, or when the server refuses this client
	Screen   *cli.Screen
	Log      zerolog.Logger
	Identity natsconn.Identity // that of the credentials that Connect used

	cleanup context.Context            // ends at the second signal
	refuse  context.CancelCauseFunc    // ends Context with the reason of a refusal
	notes   *zerolog.Logger            // of Notef, if log lines are JSON; else nil
	class   atomic.Pointer[task.Class] // of the job in the foreground, for the status line; nil = unknown
	typed   bool                       // the user types the input of the job; set before it is read
	open    bool                       // the server to which Connect has connected requires no login
}

// Start begins a session. The second signal calls onSecond, unless it is nil, and ends what the command
// still does for the user after the first one. The caller must call
// stop at the end of the session, unless err is not nil. From here on a closed pipe is an error of
// Write, and does not end the process.
func Start(c *ucli.Context, onSecond func()) (s *Session, stop func(), err error) {
	screen := cli.NewScreen()
	log, err := cli.NewLogger(c, screen)
	if err != nil {
		return nil, nil, err
	}
	signal.Ignore(syscall.SIGPIPE) // so that the command can clean up after it
	cleanup, endCleanup := context.WithCancel(context.Background())
	ctx, stopSignals := cli.Signals(c.Context, func() {
		endCleanup()
		if onSecond != nil {
			onSecond()
		}
	})
	ctx, refuse := context.WithCancelCause(ctx)
	s = &Session{Program: c.App.Name, Context: ctx, Screen: screen, Log: log, cleanup: cleanup, refuse: refuse}
	if cli.LogsJSON(c) {
		notes := zerolog.New(screen).With().Timestamp().Logger() // of any --log-level: the user is meant to read them
		s.notes = &notes
	}
	return s, func() { stopSignals(); endCleanup(); refuse(nil) }, nil
}

// Notef prints one line for the user on standard error: the name of the program and a message, or a log line if these
// are JSON.
func (s *Session) Notef(format string, args ...any) {
	if s.notes != nil {
		s.notes.Info().Str("program", s.Program).Msgf(format, args...)
		return
	}
	fmt.Fprintf(s.Screen, s.Program+": "+format+"\n", args...)
}

// Refused returns the reason if the server has refused or disconnected this client, else nil.
func (s *Session) Refused() error {
	if err := context.Cause(s.Context); errors.Is(err, natsconn.ErrConnect) {
		return err
	}
	return nil
}

// RootCause returns nil if err is nil, the error of Refused if there is one, else err: after a refusal
// the error of a command is only a consequence.
func (s *Session) RootCause(err error) error {
	if refused := s.Refused(); err != nil && refused != nil {
		return refused
	}
	return err
}

// Open connects to the server that the flags name and opens its streams. name is the name of the
// connection. The caller must call the returned function to close it, unless there is an error.
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

// Connect connects to the server that the flags name. The caller must close the connection. If the
// server refuses this client later, the session's Context ends: no request is then waited for until
// its timeout. Errors of the flags have exit code Usage; those of the connection wrap
// natsconn.ErrConnect.
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
	s.open = !nc.AuthRequired()
	js, err := config.JetStream(nc)
	if err == nil {
		err = fleet.CheckServer(nc)
	}
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	s.Log.Debug().Str("url", url).Msg("connected")
	return nc, js, nil
}

// leave returns the context of what a submitter does for its job after the session's context has ended.
func (s *Session) leave() (context.Context, context.CancelFunc) { return job.LeaveWithin(s.cleanup) }

// errDeadline is the cause of a context that has ended because of --deadline.
var errDeadline = errors.New("deadline reached")

// WithDeadline returns a context that ends after d, if d is not 0.
func WithDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errDeadline)
}

// WithReplyTimeout returns the session's context with a time limit for a command of a few requests to
// the server: six times --timeout.
func WithReplyTimeout(c *ucli.Context, s *Session) (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Context, max(c.Duration("timeout"), time.Second)*6)
}
