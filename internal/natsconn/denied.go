package natsconn

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// A PermissionError says that the server does not let us publish or subscribe to a
// subject. It wraps ErrConnect.
//
// The server never answers such a request, it only says so on the side: whoever waits for
// the answer is to be told to stop (see Config.Events).
type PermissionError struct {
	Who     string // role and name, or the login
	Verb    string // "publish" or "subscribe"
	Subject string
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("NATS does not let %s %s to %q", e.Who, e.Verb, e.Subject)
}

func (e *PermissionError) Unwrap() error { return ErrConnect }

// Hint says what can be done.
func (e *PermissionError) Hint() string {
	return "use the credentials of a role that may; `producer init --print-permissions` lists what each may"
}

// What the server says, behind what the library puts before it.
var violation = regexp.MustCompile(`Permissions Violation for (Publish|Subscription) to "([^"]*)"`)

// permissionError returns err as a PermissionError; nil if it is none.
func (c Config) permissionError(err error) *PermissionError {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return nil
	}
	e := &PermissionError{Who: c.who(), Verb: "publish", Subject: "?"}
	if found := violation.FindStringSubmatch(err.Error()); found != nil {
		e.Subject = found[2]
		if found[1] == "Subscription" {
			e.Verb = "subscribe"
		}
	}
	return e
}

// Events returns options for Dial with which the log is told when the connection is lost
// and found again, and of errors that nobody waits for. refused is called, perhaps more
// than once, when the server does not let us do something or lets us in no more; it may be
// nil.
func (c Config) Events(log zerolog.Logger, refused func(error)) []nats.Option {
	if refused == nil {
		refused = func(error) {}
	}
	var login atomic.Pointer[error] // the last time that we were not let in
	return []nats.Option{
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("connection to NATS lost: trying again")
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info().Str("url", URL(nc)).Msg("connected to NATS again")
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if denied := c.permissionError(err); denied != nil {
				log.Debug().Err(err).Msg("nats")
				refused(denied)
				return
			}
			log.Error().Err(err).Msg("nats")
			var file *fs.PathError
			switch before := login.Load(); {
			case isLoginError(err):
				login.Store(&err)
			case before != nil && errors.As(err, &file): // nor are there others to try with
				refused(c.explain(*before, nil, shownServers(c.Server)))
			}
		}),
		nats.ClosedHandler(func(*nats.Conn) { // the library gives up when it is not let in twice
			if err := login.Load(); err != nil {
				refused(c.explain(*err, nil, shownServers(c.Server)))
			}
		}),
	}
}

func shownServers(list string) string {
	_, shown, _ := parseServers(list)
	return shown
}

// isLoginError reports whether the server does not let us in, or no more.
func isLoginError(err error) bool {
	for _, e := range []error{
		nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired, nats.ErrNkeysNotSupported,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
