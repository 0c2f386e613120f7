package command

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/task"
	"factorfleet/internal/unit"
)

// leastUnitMemory is the least value of --memory in bytes.
const leastUnitMemory = 128 << 20

// UnitCommand returns the command that prints files with which a program is deployed. program is unit.Consumer or
// unit.Producer.
func UnitCommand(program string) *ucli.Command {
	what, kinds := "a worker", unit.Kinds
	flags := []ucli.Flag{
		&ucli.StringFlag{Name: "image", Usage: "`IMAGE` of the container (default: factorfleet:latest)"},
		&ucli.StringFlag{Name: "binary", Usage: "`PATH` of the program, for systemd (default: /usr/local/bin/" + program + ")"},
		&ucli.BoolFlag{Name: "scrape", DisableDefaultText: true, Usage: "k8s: let Prometheus read the metrics, with the token of a secret"},
		&ucli.StringFlag{Name: "memory", Usage: "limit of the memory, a `SIZE` such as 4GiB (default: 2GiB, systemd: 80 %)"},
	}
	if program == unit.Producer {
		what = "a supervisor"
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == "keda" })
	} else {
		flags = append(flags,
			&ucli.StringFlag{Name: "name", Usage: "`NAME` of the worker (default: its host's name)"},
			&ucli.IntFlag{Name: "n", DefaultText: "2, systemd: all", Usage: "`NUMBER` of tasks at a time, and of cores"},
			&ucli.DurationFlag{Name: "drain-timeout", Value: 25 * time.Second, Usage: "longest `DURATION` of a drain; it is killed 10s later"},
			&ucli.StringFlag{Name: "account", Usage: "`ACCOUNT` of NATS that has the streams, for keda (default: $G)"},
		)
	}
	list := strings.Join(kinds, ", ")
	return &ucli.Command{
		Name: "unit", Usage: "print a file with which " + what + " is deployed",
		Description: "-s and --creds are those of the file.",
		Flags:       append([]ucli.Flag{&ucli.StringFlag{Name: "print", Usage: "`KIND` of the file: " + list}}, flags...),
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			kind := c.String("print")
			if !slices.Contains(kinds, kind) {
				if kind == "" {
					return cli.Usagef("--print is missing: use one of %s", list)
				}
				return cli.Unknown("kind of file", kind, kinds)
			}
			o, err := unitOptions(c, program)
			if err == nil {
				err = unit.Check(o)
			}
			if err != nil {
				return cli.Exit(cli.Usage, err)
			}
			return Fail(unit.Write(c.App.Writer, kind, o))
		},
	}
}

// unitOptions reads the flags of unit. All its errors are about the command line.
func unitOptions(c *ucli.Context, program string) (unit.Options, error) {
	o := unit.Options{
		Program: program, Name: c.String("name"), Server: c.String("server"), Creds: c.String("creds"), Binary: c.String("binary"), Image: c.String("image"),
		Slots: c.Int("n"), Drain: c.Duration("drain-timeout"), Account: c.String("account"), Scrape: c.Bool("scrape"),
	}
	if o.Name != "" {
		if err := task.CheckWorker(o.Name); err != nil {
			return o, err
		}
	}
	if c.IsSet("n") && (o.Slots < 1 || o.Slots > 4096) {
		return o, cli.Usagef("-n must be a number from 1 to 4096")
	}
	if program == unit.Consumer && o.Drain <= 0 {
		return o, cli.Usagef("--drain-timeout must be positive")
	}
	var err error
	for _, path := range []*string{&o.Creds, &o.Binary} {
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return o, err
			}
		}
	}
	if c.IsSet("memory") {
		if o.Memory, err = cli.ParseSize(c.String("memory")); err != nil {
			return o, cli.Usagef("--memory %w", err)
		}
		if o.Memory < leastUnitMemory {
			return o, cli.Usagef("--memory must be at least %s", cli.SizeArgument(leastUnitMemory))
		}
	}
	return o, nil
}
