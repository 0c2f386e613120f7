package cli

import (
	"io"
	"os"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
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
		w = zerolog.ConsoleWriter{Out: w, NoColor: os.Getenv("NO_COLOR") != "" || !isTerminal(os.Stderr), TimeFormat: "15:04:05"}
	default:
		return zerolog.Nop(), Usagef("%q is not a log format: use text or json", format)
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}
