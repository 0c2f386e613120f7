package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/monitor"
)

const checkDescription = `For monitoring systems: prints one line with performance data, as monitoring plug-ins do, and
exits with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN. UNKNOWN is each check that could not be made:
the server cannot be reached, the credentials do not permit it, there is no such job, the command
line is wrong. Only check has these exit codes. Credentials of an observer suffice.

--warn and --critical take a range; a value outside it is reported:
  10      below 0 or above 10            ~:10    above 10
  10:     below 10                       10:20   below 10 or above 20
  @10:20  from 10 to 20, both included`

// checkCommandName is the name of the command. All its errors have the exit code of monitor.Unknown.
const checkCommandName = "check"

func checkCommand() *ucli.Command {
	return &ucli.Command{
		Name: checkCommandName, Usage: "check the fleet for a monitoring system, as its plug-ins do",
		Description: checkDescription,
		Subcommands: []*ucli.Command{
			checkSubcommand("queue", "tasks that wait, and whether a worker is there for them", nil, checkQueue, "", ""),
			checkSubcommand("workers", "active workers (default: --critical 1:)", nil, checkWorkers, "", "1:"),
			checkSubcommand("dead", "dead letters of all jobs: numbers that were given up (default: --warn 0)", nil, checkDead, "0", ""),
			checkSubcommand("job", "numbers of JOB that were given up or left unfinished (default: --warn 0), its state and its age", []ucli.Flag{
				&ucli.DurationFlag{Name: "max-age", Usage: "the state is CRITICAL if the job has not ended `DURATION` after it was created"},
			}, checkJob, "0", ""),
			checkSubcommand("supervisor", "processes that supervise the fleet (default: --critical 1:)", nil, checkSupervisor, "", "1:"),
		},
	}
}

// A measure makes one check. It returns an error if the check could not be made.
type measure func(ctx context.Context, k *checking) (*monitor.Result, error)

// A checking is one run of a check. The job is "" but for `check job`.
type checking struct {
	c              *ucli.Context
	fl             *fleet.Fleet
	name, job      string
	warn, critical *monitor.Range
}

// checkSubcommand returns a check whose thresholds are warn and critical unless the user sets others; "" is none.
func checkSubcommand(name, usage string, flags []ucli.Flag, measure measure, warn, critical string) *ucli.Command {
	command := &ucli.Command{
		Name: name, Usage: usage,
		Flags: append([]ucli.Flag{
			&ucli.StringFlag{Name: "warn", Aliases: []string{"warning", "w"}, DefaultText: "none", Usage: "the state is WARNING if the value is outside `RANGE`, such as 10: or 5:20"},
			&ucli.StringFlag{Name: "critical", Aliases: []string{"c"}, DefaultText: "none", Usage: "the state is CRITICAL if the value is outside `RANGE`"},
			&ucli.StringFlag{Name: "format", Value: "nagios", Usage: "`FORMAT` of the output: " + strings.Join(monitor.Formats, ", ")},
			&ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "the same as --format json"},
		}, flags...),
		Action: func(c *ucli.Context) error { return check(c, name, measure, warn, critical) },
	}
	if name == "job" {
		command.ArgsUsage = "JOB"
	}
	return command
}

// check makes a check and prints its result, also if the server cannot be reached. Its errors are those of the command
// line, and of the output.
func check(c *ucli.Context, name string, measure measure, warn, critical string) error {
	k := &checking{c: c, name: name}
	format, err := k.read(warn, critical)
	if err != nil {
		return err
	}
	var result *monitor.Result
	err = withFleet(c, func(ctx context.Context, _ *command.Session, fl *fleet.Fleet) (err error) {
		k.fl = fl
		result, err = measure(ctx, k)
		return err
	})
	if err != nil {
		result = monitor.Failed(name, err)
	}
	text, err := result.Format(format)
	if err != nil {
		return err
	}
	fmt.Fprint(c.App.Writer, text)
	if result.State == monitor.OK {
		return nil // an output that cannot be written is an error then
	}
	return cli.Exit(cli.ExitCode(result.Code), nil)
}

// read reads the command line. warn and critical are the thresholds if the user sets none.
func (k *checking) read(warn, critical string) (format string, err error) {
	c := k.c
	if k.name == "job" {
		k.job, err = cli.Arg(c, "JOB")
	} else {
		err = cli.NoArgs(c)
	}
	if err != nil {
		return "", err
	}
	if c.Duration("max-age") < 0 {
		return "", cli.Usagef("--max-age must not be negative")
	}
	format = c.String("format")
	if c.Bool("json") {
		format = "json"
	}
	if !slices.Contains(monitor.Formats, format) {
		return "", cli.Unknown("format", format, monitor.Formats)
	}
	if k.warn, err = threshold(c, "warn", warn); err == nil {
		k.critical, err = threshold(c, "critical", critical)
	}
	return format, err
}

// threshold reads a flag; nil is no threshold.
func threshold(c *ucli.Context, flag, otherwise string) (*monitor.Range, error) {
	text := c.String(flag)
	if !c.IsSet(flag) {
		text = otherwise
	}
	if text == "" && !c.IsSet(flag) {
		return nil, nil
	}
	r, err := monitor.ParseRange(text)
	if err != nil {
		return nil, cli.Usagef("--%s: %w", flag, err)
	}
	return r, nil
}

// limited returns a metric with the thresholds of the user.
func (k *checking) limited(name string, value float64) monitor.Metric {
	return monitor.Metric{Name: name, Value: value, Warning: k.warn, Critical: k.critical}
}

func count(name string, value int) monitor.Metric {
	return monitor.Metric{Name: name, Value: float64(value)}
}
