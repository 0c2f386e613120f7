// Package cli has what the three programs share with their users: flags, the order of arguments, log
// lines, signals, exit codes, error messages and the status line.
//
// Answers and reports go to standard output, everything else to standard error. An error is one line,
// "program: error: ...", lower case, without a full stop, with input in quotes. A line "program:
// hint: ..." may follow; it says what to do. Functions here and in the programs return errors. Only
// Main prints them and exits.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"factorfleet/internal/natsconn"
)

// errStdoutClosed is the error of CheckStdout.
var errStdoutClosed = errors.New("standard output is closed, or opened to discard everything")

// An ExitCode is the exit code of a program. The values are documented and never change.
type ExitCode int

const (
	OK         ExitCode = 0  // all was done and verified
	Defects    ExitCode = 1  // done with defects (bad input, unfinished numbers, dead letters), or a failure of no other kind
	Usage      ExitCode = 2  // the command line is wrong
	NoConnect  ExitCode = 3  // cannot reach or use the NATS server
	Deadline   ExitCode = 4  // deadline reached; the job continues
	Cancelled  ExitCode = 5  // the job was cancelled
	Unverified ExitCode = 6  // verification failed beyond repair
	NoJob      ExitCode = 7  // no such job, chunk or worker
	Conflict   ExitCode = 8  // it exists already with other content or settings
	Bug        ExitCode = 70 // a bug in this program
	FileError  ExitCode = 74 // cannot read or write a file
	Restart    ExitCode = 75 // the program must be started again
	signalled  ExitCode = 128
)

// An ExitError ends the program with Code. With a nil Err nothing is printed, because everything was
// reported already.
//
// It has no method ExitCode on purpose: urfave/cli exits inside Run on errors that do.
type ExitError struct {
	Code ExitCode
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Exit returns err as an ExitError; err may be nil.
func Exit(code ExitCode, err error) error { return &ExitError{Code: code, Err: err} }

// Exitf returns an ExitError with a message, which may wrap errors by %w.
func Exitf(code ExitCode, format string, args ...any) error {
	return &ExitError{Code: code, Err: fmt.Errorf(format, args...)}
}

// Code returns the exit code for the error of a command: that of an ExitError or SignalError in its
// chain, else NoConnect, Deadline or FileError for errors of that kind, else Defects.
func Code(err error) ExitCode {
	var exit *ExitError
	var signal SignalError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &exit):
		return exit.Code
	case errors.As(err, &signal):
		return signal.code()
	case errors.Is(err, natsconn.ErrConnect):
		return NoConnect
	case errors.Is(err, context.DeadlineExceeded):
		return Deadline
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.LinkError)), errors.Is(err, errStdoutClosed):
		return FileError
	}
	return Defects
}

// A hinted error says what the user can do. Other packages need not import this one: any error with
// a method Hint() string has a hint.
type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }
func (e *hinted) Hint() string  { return e.hint }

// WithHint returns err with a hint for the user: what to do, best as a command.
func WithHint(err error, format string, args ...any) error {
	return &hinted{error: err, hint: fmt.Sprintf(format, args...)}
}
