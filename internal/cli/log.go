package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"factorfleet/internal/text"
)

// LogFlags returns the flags of NewLogger.
func LogFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-level", EnvVars: []string{"FACTOR_LOG_LEVEL"}, Value: "info", Category: "logging", Usage: "lowest `LEVEL` of the lines that are logged: debug, info, warn or error"},
		&cli.StringFlag{Name: "log-format", EnvVars: []string{"FACTOR_LOG_FORMAT"}, Value: formatAuto, Category: "logging", Usage: "`FORMAT` of log lines: text, json with one object per line, or auto: a service whose standard error is no terminal has json, all else text"},
	}
}

// The formats of log lines.
const (
	formatAuto = "auto"
	formatText = "text"
	formatJSON = "json"
)

// ServiceKey is the key in the Metadata of an app with the name of a command that runs until a signal, as a service. Its lines
// are read by people on a terminal, and else by programs: the journal, a collector of logs. So with --log-format auto
// they are JSON if standard error is no terminal. Those of other commands stay text in pipes and files: there a person, or
// a script of a person, reads a few lines at the end.
const ServiceKey = "service"

// isService reports whether a command is that of ServiceKey. command has the words that lead to it.
func isService(app *cli.App, command string) bool {
	name, ok := app.Metadata[ServiceKey].(string)
	words := strings.Fields(command)
	return ok && len(words) > 1 && words[1] == name
}

// logFormat returns the value of --log-format. An empty variable of the environment is none.
func logFormat(c *cli.Context) string { return cmp.Or(c.String("log-format"), formatAuto) }

// LogsJSON reports whether the lines of a command on standard error are JSON: log lines, notes and errors.
func LogsJSON(c *cli.Context) bool {
	return inJSON(logFormat(c), isService(c.App, c.App.Name+" "+commandName(c)), stderrIsTerminal())
}

// stderrIsTerminal reports whether a person sees standard error, on a terminal of any kind: unlike isTerminal also on one that
// cannot be redrawn.
func stderrIsTerminal() bool {
	return isatty.IsTerminal(os.Stderr.Fd()) || isatty.IsCygwinTerminal(os.Stderr.Fd())
}

// inJSON reports whether a format is JSON, for a service or another command, with a terminal or without.
func inJSON(format string, service, terminal bool) bool {
	return format == formatJSON || format == formatAuto && service && !terminal
}

// NewLogger returns the logger that the flags of LogFlags describe. It writes to w, usually a
// Screen. A line of text has colours only on a terminal, and not if NO_COLOR is set. A wrong level
// or format is an error with exit code Usage.
func NewLogger(c *cli.Context, w io.Writer) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(c.String("log-level"))
	if err != nil || level < zerolog.DebugLevel || level > zerolog.ErrorLevel {
		return zerolog.Nop(), Usagef("%q is not a log level: use debug, info, warn or error", c.String("log-level"))
	}
	c.App.Metadata[logLevelKey] = level
	switch format := logFormat(c); {
	case LogsJSON(c):
	case format == formatText || format == formatAuto:
		w = zerolog.ConsoleWriter{Out: w, NoColor: os.Getenv("NO_COLOR") != "" || !isTerminal(os.Stderr), TimeFormat: "15:04:05", FormatPrepare: countFromOne}
	default:
		return zerolog.Nop(), Usagef("%q is not a log format: use auto, text or json", format)
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

// logsJSON is LogsJSON for errors of command lines that cannot be parsed, too, and so does not need a context. command has
// the words that lead to the command.
func logsJSON(app *cli.App, command string, args []string) bool {
	format := cmp.Or(os.Getenv("FACTOR_LOG_FORMAT"), formatAuto)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		name, value, joined := strings.Cut(arg, "=")
		if name != "--log-format" && name != "-log-format" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		format = value
	}
	return inJSON(format, isService(app, command), stderrIsTerminal())
}

// Notef prints one line for the user on standard error, for commands without a Screen: the name of the program and a
// message, or a log line if these are JSON.
func Notef(c *cli.Context, format string, args ...any) {
	if LogsJSON(c) {
		log := zerolog.New(c.App.ErrWriter)
		log.Info().Timestamp().Str("program", c.App.Name).Msgf(format, args...)
		return
	}
	fmt.Fprintf(c.App.ErrWriter, c.App.Name+": "+format+"\n", args...)
}

// countFromOne rewrites the name of a range, <first>-<count> with a first position from 0, for people, who count
// from 1: range=16-1 becomes position=17. Lines in JSON keep the name.
func countFromOne(line map[string]any) error {
	name, _ := line["range"].(string)
	first, count, _ := strings.Cut(name, "-")
	f, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return nil
	}
	if n, err := strconv.ParseUint(count, 10, 63); err == nil && n > 0 {
		delete(line, "range")
		line["position"] = text.Positions(f, n)
	}
	return nil
}
