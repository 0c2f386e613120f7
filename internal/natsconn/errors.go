// Package natsconn connects to NATS: it reads the settings of the command line and of contexts,
// logs in, sets up TLS, reconnects, and puts what goes wrong into words that a user can act on.
package natsconn

import (
	"errors"
	"fmt"
)

// ErrConnect is wrapped by every error which means that NATS cannot be reached, does
// not let us in, or that the settings for it are wrong.
var ErrConnect = errors.New("no connection to NATS")

// ErrClosed is returned when the connection was closed for good. It wraps ErrConnect.
var ErrClosed = fmt.Errorf("%w: the connection is closed", ErrConnect)

// A connectError is one line for the user; it wraps ErrConnect and what caused it.
type connectError struct {
	line  string
	cause error
}

func (e *connectError) Error() string { return e.line }

func (e *connectError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrConnect}
	}
	return []error{ErrConnect, e.cause}
}

// Refuse returns an error of one line, in the form of fmt.Sprintf, that wraps ErrConnect and the
// cause; cause may be nil.
func Refuse(cause error, format string, args ...any) error {
	return &connectError{line: fmt.Sprintf(format, args...), cause: cause}
}
