package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"factorfleet/internal/text"
)

// Main runs a program with its command line and exits. Nothing else may exit.
//
// How to write a command: give it an Action and no Required flags, because urfave/cli answers those
// with a page of help; check flags with Usagef instead. Take positional arguments by Arg,
// OptionalArg or NoArgs. Return an error, or an ExitError for a particular exit code.
func Main(app *cli.App) {
	os.Exit(int(Run(context.Background(), app, os.Args)))
}

// Tune sets the garbage collector for a program that handles many small messages in little memory.
// A task then costs a twentieth less CPU time (see BenchmarkQueue), for some more memory. GOGC in
// the environment has precedence.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// Run is Main without the exit: it returns the exit code. It prints to app.Writer and app.ErrWriter.
// It reports a panic of a command as a bug; a panic in another goroutine ends the process.
func Run(ctx context.Context, app *cli.App, args []string) (code ExitCode) {
	prepare(app)
	ordered, command, err := permute(app, args)
	defer func() {
		if value := recover(); value != nil {
			reportPanic(app, logsJSON(app, command, args), value)
			code = codeOf(app, command, Bug)
		}
	}()
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	if err == nil {
		err = app.Writer.(*reportWriter).failure()
	}
	var exit *ExitError
	if errors.As(err, &exit) && exit.Code == Usage && hintOf(err) == "" {
		err = WithHint(err, "run %q for usage", command+" -h")
	}
	code = Code(err)
	if err != nil && (exit == nil || exit.Err != nil) {
		code = codeOf(app, command, code)
		reportError(app, logsJSON(app, command, args), err, code)
	}
	return code
}

// MonitorKey is the key in the Metadata of an app with the name of a command that monitoring systems run as a plug-in. To
// them the exit codes 0, 1 and 2 are states of what is checked. So each error of the command, which is one of the
// check itself, has the code 3, unknown.
const MonitorKey = "monitor"

// unknownState is the exit code of a plug-in that could not make its check.
const unknownState ExitCode = 3

// codeOf returns the exit code for an error that is printed: code, unless the command is the one of MonitorKey. command
// has the words that lead to it.
func codeOf(app *cli.App, command string, code ExitCode) ExitCode {
	name, ok := app.Metadata[MonitorKey].(string)
	if words := strings.Fields(command); ok && len(words) > 1 && words[1] == name {
		return unknownState
	}
	return code
}

// A reportWriter keeps the first error of its writer. So commands that print a report or help need
// not check each write, and a report that was not written fails the program.
type reportWriter struct {
	w   io.Writer
	err error
}

func (r *reportWriter) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if r.err == nil {
		r.err = err
	}
	return n, err
}

// failure returns the error of a program that could not print, or nil. If the reader has closed the
// pipe, as head does, the error has no message.
func (r *reportWriter) failure() error {
	if errors.Is(r.err, syscall.EPIPE) {
		return Exit(signalled+ExitCode(syscall.SIGPIPE), nil)
	}
	return r.err
}

// reportError is the only function that prints an error. In JSON, the error and its hint are one line in the form
// of log lines.
func reportError(app *cli.App, inJSON bool, err error, code ExitCode) {
	if inJSON {
		log := zerolog.New(app.ErrWriter)
		e := log.Error().Timestamp().Str("program", app.Name).Int("exit_code", int(code))
		if hint := hintOf(err); hint != "" {
			e = e.Str("hint", text.OneLine(hint))
		}
		e.Msg(text.OneLine(err.Error()))
		return
	}
	fmt.Fprintf(app.ErrWriter, "%s: error: %s\n", app.Name, text.OneLine(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(app.ErrWriter, "%s: hint: %s\n", app.Name, text.OneLine(hint))
	}
}

// reportPanic prints what a command panicked with, at log level debug with the stack.
func reportPanic(app *cli.App, inJSON bool, value any) {
	reportError(app, inJSON, fmt.Errorf("internal error, please report: %v", value), Bug)
	if level, ok := app.Metadata[logLevelKey].(zerolog.Level); ok && level <= zerolog.DebugLevel {
		app.ErrWriter.Write(debug.Stack())
	}
}

// hintOf returns the hint of err, or "".
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
