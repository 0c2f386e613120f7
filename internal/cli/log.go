package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"factorfleet/internal/text"
)

// LogFlags returns the flags of NewLogger.
func LogFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-level", EnvVars: []string{"FACTOR_LOG_LEVEL"}, Value: "info", Category: "logging", Usage: "lowest `LEVEL` of the lines that are logged: debug, info, warn or error"},
		&cli.StringFlag{Name: "log-format", EnvVars: []string{"FACTOR_LOG_FORMAT"}, Value: "text", Category: "logging", Usage: "`FORMAT` of log lines: text, or json with one object per line"},
	}
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
	switch format := c.String("log-format"); format {
	case "json":
	case "text":
		w = zerolog.ConsoleWriter{Out: w, NoColor: os.Getenv("NO_COLOR") != "" || !isTerminal(os.Stderr), TimeFormat: "15:04:05", FormatPrepare: countFromOne}
	default:
		return zerolog.Nop(), Usagef("%q is not a log format: use text or json", format)
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

// logsJSON reports whether a command line or its environment chooses log lines in JSON. It is for errors of command
// lines that cannot be parsed, too, and so does not need a context.
func logsJSON(args []string) bool {
	format := os.Getenv("FACTOR_LOG_FORMAT")
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
	return format == "json"
}

// Notef prints one line for the user on standard error, for commands without a Screen: the name of the program and a
// message, or a log line if these are JSON.
func Notef(c *cli.Context, format string, args ...any) {
	if c.String("log-format") == "json" {
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
