package cli

import (
	"fmt"
	"os"
	"regexp"
	"slices"

	"github.com/urfave/cli/v2"
)

// logLevelKey is where NewLogger stores its level in an app's Metadata.
const logLevelKey = "log-level"

// prepare sets what this package promises of an app. It may be called twice.
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
		app.Action = missingCommand
	}
	common := commonFlags(app)
	for _, c := range app.Commands {
		prepareCommand(c, common)
	}
}

// prepareCommand prepares a command and those below it. common is the end of their help.
func prepareCommand(c *cli.Command, common string) {
	c.CustomHelpTemplate = common // a template is what the printer of help is given
	c.OnUsageError = onUsageError
	c.HideHelpCommand = true // else "help" and "h" could not be arguments, such as job ids
	if c.Action == nil {
		c.Action = missingCommand
	}
	for _, sub := range c.Subcommands {
		prepareCommand(sub, common)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error { return Exit(Usage, explainValue(c, err)) }

// invalidValue matches the error of urfave/cli for a value that a flag cannot take.
var invalidValue = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-+([a-z-]+): `)

// explainValue replaces an error that invalidValue matches by one that names the kind of value that
// the flag takes. It returns other errors unchanged.
func explainValue(c *cli.Context, err error) error {
	found := invalidValue.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	value, name := found[1], found[2]
	flags := c.App.Flags
	if c.Command != nil {
		flags = append(slices.Clone(c.Command.Flags), flags...)
	}
	at := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if at < 0 {
		return err
	}
	dashes := "--"
	if len(name) == 1 {
		dashes = "-"
	}
	switch flags[at].(type) {
	case *cli.DurationFlag:
		return fmt.Errorf("%s%s %s is not a duration such as 500ms, 30s or 720h", dashes, name, value)
	case *cli.IntFlag:
		return fmt.Errorf("%s%s %s is not an integer", dashes, name, value)
	case *cli.BoolFlag:
		return fmt.Errorf("%s%s takes no value: unexpected %s", dashes, name, value)
	}
	return err
}
