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

// A PermissionError says that the server does not permit this client to publish or subscribe to a
// subject. It wraps ErrConnect.
//
// The server does not answer a request that it does not permit. It reports the error separately, and the
// caller that waits for the answer must be stopped by other means: see Config.Events.
type PermissionError struct {
	Who     string // role and name, or the login
	Verb    string // "publish" or "subscribe"
	Subject string
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("NATS does not let %s %s to %q", e.Who, e.Verb, e.Subject)
}

func (e *PermissionError) Unwrap() error { return ErrConnect }

// Hint returns what the user can do.
func (e *PermissionError) Hint() string {
	return "use the credentials of a role with this permission; `producer init --print-permissions` lists the permissions of each role"
}

// violation matches the server's report of a refused subject. The client library puts text before it.
var violation = regexp.MustCompile(`Permissions Violation for (Publish|Subscription) to "([^"]*)"`)

// oldCreate matches the subject to which nats.go publishes if an ordered consumer of its own, such as a watch of a
// bucket, has to be made anew while there is no connection: it then does not know the server's version, and takes the
// server for one before 2.9. The request is sent after the reconnect. No role may publish there, and this program never
// does. The watches of this program end with the connection, so that such a refusal has no consequence.
var oldCreate = regexp.MustCompile(`API\.CONSUMER\.CREATE\.[^.]+$`)

// permissionError returns err as a PermissionError, or nil if it is another error.
func (c Config) permissionError(err error) *PermissionError {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return nil
	}
	e := &PermissionError{Who: c.userName(), Verb: "publish", Subject: "?"}
	if found := violation.FindStringSubmatch(err.Error()); found != nil {
		e.Subject = found[2]
		if found[1] == "Subscription" {
			e.Verb = "subscribe"
		}
	}
	return e
}

// Events returns options for Dial that log when the connection is lost and when it is back, and log
// errors that no call returns. refused is called when the server refuses a subject, or does not accept
// the login any more. It may be called several times, from the client library's goroutines, and may be
// nil.
func (c Config) Events(log zerolog.Logger, refused func(error)) []nats.Option {
	if refused == nil {
		refused = func(error) {}
	}
	e := &events{config: c, log: log, refused: refused}
	return []nats.Option{
		nats.DisconnectErrHandler(e.disconnected),
		nats.ReconnectHandler(e.reconnected),
		nats.ErrorHandler(e.failed),
		nats.ClosedHandler(e.closed),
	}
}

// events has the handlers of one connection. The client library calls them one at a time, in order.
type events struct {
	config     Config
	log        zerolog.Logger
	refused    func(error)
	loginError atomic.Pointer[error] // of the last login that the server refused
	dropped    atomic.Bool           // the client library has dropped messages, which was logged
}

// disconnected logs the loss of the connection. err is nil if this process has closed it.
func (e *events) disconnected(_ *nats.Conn, err error) {
	if err != nil {
		e.log.Warn().Err(err).Msg("connection to NATS lost: reconnecting")
	}
}

// reconnected logs the server to which the connection is now.
func (e *events) reconnected(nc *nats.Conn) {
	e.log.Info().Str("url", URL(nc)).Msg("reconnected to NATS")
}

// failed handles an error that no call returns. A file of credentials that has disappeared after a
// refused login is final: there is no other login to try.
func (e *events) failed(_ *nats.Conn, _ *nats.Subscription, err error) {
	if denied := e.config.permissionError(err); denied != nil {
		e.log.Debug().Err(err).Msg("permission refused by NATS")
		if !oldCreate.MatchString(denied.Subject) {
			e.refused(denied)
		}
		return
	}
	if errors.Is(err, nats.ErrSlowConsumer) {
		e.logDrop(err)
		return
	}
	e.log.Error().Err(err).Msg("error of the connection to NATS")
	var file *fs.PathError
	switch before := e.loginError.Load(); {
	case isLoginError(err):
		e.loginError.Store(&err)
	case before != nil && errors.As(err, &file):
		e.refuseLogin(*before)
	}
}

// logDrop logs that the client library has dropped messages, as a warning once. Every reader of this program finds the
// gap and reads them again: streams and buckets are read by consumers that count, and a task or a return that is lost
// is redelivered.
func (e *events) logDrop(err error) {
	event := e.log.Debug()
	if !e.dropped.Swap(true) {
		event = e.log.Warn()
	}
	event.Err(err).Msg("messages from NATS came faster than this process reads them: those that were dropped are read again")
}

// closed handles the end of the connection. The client library closes it after the server has refused
// the login twice in a row.
func (e *events) closed(*nats.Conn) {
	if err := e.loginError.Load(); err != nil {
		e.refuseLogin(*err)
	}
}

// refuseLogin reports a refused login with its reason.
func (e *events) refuseLogin(err error) {
	_, shown, _ := parseServers(e.config.Server)
	e.refused(e.config.dialError(err, nil, shown))
}

// isLoginError reports whether the server does not accept the login, or does not accept it any more.
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
