package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

// Main runs a program with its command line and exits. Nothing else may exit.
//
// How to write a command: give it an Action, no Required flags (urfave/cli prints
// pages about them; check with Usagef), take positional arguments by Arg or NoArgs, and
// return an error, an ExitError for a particular code.
func Main(app *cli.App) {
	os.Exit(int(Run(context.Background(), app, os.Args)))
}

// Tune sets the garbage collector for programs that live on many small messages and
// little memory: a task costs a twentieth less CPU time (see BenchmarkQueue), a process
// some more memory. GOGC in the environment overrules it.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// Run is Main without the exit. It prints to app.Writer and app.ErrWriter. A panic of a
// command is reported as a bug; one in another goroutine is beyond its reach.
func Run(ctx context.Context, app *cli.App, args []string) (code ExitCode) {
	prepare(app)
	defer func() {
		if value := recover(); value != nil {
			report(app, fmt.Errorf("internal error, please report: %v", value))
			if level, ok := app.Metadata[logLevelKey].(zerolog.Level); ok && level <= zerolog.DebugLevel {
				app.ErrWriter.Write(debug.Stack())
			}
			code = Bug
		}
	}()
	args, command, err := permute(app, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	if err == nil {
		err = app.Writer.(*reportWriter).failed()
	}
	var exit *ExitError
	if errors.As(err, &exit) && exit.Code == Usage && hintOf(err) == "" {
		err = WithHint(err, "%s -h tells how it is used", command)
	}
	if err != nil && (exit == nil || exit.Err != nil) {
		report(app, err)
	}
	return Code(err)
}

// A reportWriter remembers its first error, so that those who print a report or a page
// of help need not look: a report that did not arrive was not made.
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

// failed returns the error with which a program ends that could not print: none is told
// if whoever read has left, as head does.
func (r *reportWriter) failed() error {
	if errors.Is(r.err, syscall.EPIPE) {
		return Exit(signalled+ExitCode(syscall.SIGPIPE), nil)
	}
	return r.err
}

// report is the one place that prints an error.
func report(app *cli.App, err error) {
	fmt.Fprintf(app.ErrWriter, "%s: error: %s\n", app.Name, oneLine(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(app.ErrWriter, "%s: hint: %s\n", app.Name, oneLine(hint))
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// logLevelKey is where NewLogger leaves its level in an app's Metadata.
const logLevelKey = "log-level"

// prepare makes an app behave as this package promises; doing it twice is harmless.
func prepare(app *cli.App) {
	app.ExitErrHandler = func(*cli.Context, error) {} // the default exits inside Run
	app.OnUsageError = onUsageError
	app.DisableSliceFlagSeparator = true // a comma may be part of a file name
	if app.Writer == nil {
		app.Writer = os.Stdout
	}
	if _, ok := app.Writer.(*reportWriter); !ok {
		app.Writer = &reportWriter{w: app.Writer}
	}
	if app.ErrWriter == nil {
		app.ErrWriter = os.Stderr
	}
	if app.Metadata == nil {
		app.Metadata = make(map[string]any)
	}
	if app.Action == nil {
		app.Action = noCommand
	}
	for _, c := range app.Commands {
		prepareCommand(c)
	}
}

func prepareCommand(c *cli.Command) {
	c.OnUsageError = onUsageError
	c.HideHelpCommand = true // else "help" and "h" could not be arguments, such as job ids
	if c.Action == nil {
		c.Action = noCommand
	}
	for _, sub := range c.Subcommands {
		prepareCommand(sub)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error { return Exit(Usage, badValue(c, err)) }

// The library's word for a value that a flag cannot take.
var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-+([a-z-]+): `)

// badValue says what kind of value a flag takes.
func badValue(c *cli.Context, err error) error {
	found := invalidValue.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	flags := c.App.Flags
	if c.Command != nil {
		flags = append(slices.Clone(c.Command.Flags), flags...)
	}
	for _, f := range flags {
		if !slices.Contains(f.Names(), found[2]) {
			continue
		}
		name := "--" + found[2]
		if len(found[2]) == 1 {
			name = "-" + found[2]
		}
		switch f.(type) {
		case *cli.DurationFlag:
			return fmt.Errorf("%s %s is not a duration such as 500ms, 30s or 720h", name, found[1])
		case *cli.IntFlag:
			return fmt.Errorf("%s %s is not a number", name, found[1])
		case *cli.BoolFlag:
			return fmt.Errorf("%s is a switch: it takes no value such as %s", name, found[1])
		}
	}
	return err
}

// noCommand is the action of what only has subcommands.
func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return unknownCommand(c.Args().First(), c.Command.Subcommands)
	}
	return Usagef("which command? one of %s", strings.Join(commandNames(c.Command.Subcommands), ", "))
}

func commandNames(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		if !c.Hidden && c.Name != helpName {
			names = append(names, c.Name)
		}
	}
	return names
}

func unknownCommand(word string, commands []*cli.Command) error {
	names := commandNames(commands)
	err := Usagef("unknown command %q; use one of %s", word, strings.Join(names, ", "))
	if near := nearest(word, names); near != "" {
		return WithHint(err, "did you mean %s?", near)
	}
	return err
}

// Usagef returns an error about the command line; how to get help is added to it.
func Usagef(format string, args ...any) error { return Exitf(Usage, format, args...) }

// Arg returns the one positional argument that the command needs; what names it as in
// the command's ArgsUsage, such as JOB.
func Arg(c *cli.Context, what string) (string, error) {
	switch c.NArg() {
	case 0:
		return "", Usagef("%s needs a %s", commandName(c), what)
	case 1:
		return c.Args().First(), nil
	}
	return "", Usagef("%s takes one %s, and %q is one more", commandName(c), what, c.Args().Get(1))
}

// OptionalArg is Arg for an argument that may be missing: "" then.
func OptionalArg(c *cli.Context, what string) (string, error) {
	if c.NArg() == 0 {
		return "", nil
	}
	return Arg(c, what)
}

// commandName returns the words that call the command, without the program.
func commandName(c *cli.Context) string {
	return strings.TrimPrefix(c.Command.HelpName, c.App.HelpName+" ")
}

// NoArgs returns an error if there are positional arguments.
func NoArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return Usagef("%s takes no argument such as %q", commandName(c), c.Args().First())
	}
	return nil
}
