// Package natsconn connects to NATS. It reads the settings of the command line and of the nats
// command's contexts, logs in, sets up TLS and reconnects. Its errors tell a user which server, which
// cause, and what to do.
//
//	Config.Dial       connect.go, dialer.go: the options of the client library, and the connection
//	Config.Resolve    context.go: merge the flags with a context
//	login and TLS     credentials.go, keyfile_*.go, tls.go
//	Config.Identity   identity.go: what the credentials say about their owner
//	errors            dialerror.go before the connection, denied.go after it
//
// The states of a connection:
//
//	           login accepted                  lost
//	dialing ──────────────────> connected ─────────────> reconnecting
//	   │                            ^                     │       │
//	   │ Timeout, or refused        └─────────────────────┘       │ the server refuses the login
//	   v                                login accepted            v twice in a row
//	error of Dial                                               closed: ErrClosed
//
// While it reconnects, what the process publishes waits in a buffer of the client library. There is no
// limit on the number of attempts.
package natsconn

import (
	"errors"
	"fmt"
)

// ErrConnect is wrapped by every error of a connection: the server cannot be reached or refuses the
// login, a permission is missing, or a setting is wrong.
var ErrConnect = errors.New("no connection to NATS")

// ErrUnreachable is wrapped by the error of Dial if no server has answered. A later attempt may succeed without
// a change of the settings. It wraps ErrConnect.
var ErrUnreachable = fmt.Errorf("%w: no server answers", ErrConnect)

// ErrClosed is returned when the connection was closed for good. It wraps ErrConnect.
var ErrClosed = fmt.Errorf("%w: the connection is closed", ErrConnect)

// A connectError is one line for the user. It wraps ErrConnect and the cause.
type connectError struct {
	line  string
	cause error // may be nil
}

func (e *connectError) Error() string { return e.line }

func (e *connectError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrConnect}
	}
	return []error{ErrConnect, e.cause}
}

// Errorf returns an error with the message of fmt.Sprintf that wraps ErrConnect and the cause. Unlike
// with fmt.Errorf, the text of the cause is not part of the message. cause may be nil.
func Errorf(cause error, format string, args ...any) error {
	return &connectError{line: fmt.Sprintf(format, args...), cause: cause}
}
