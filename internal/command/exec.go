package command

import (
	"os"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/execkind"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// execCategory is the heading of ExecFlags in the help.
const execCategory = "commands, for jobs of kind exec:NAME"

// defaultExecTimeout is the time-out of an item if no flag says otherwise.
const defaultExecTimeout = 10 * time.Minute

// ExecDescription says how a worker offers commands, with examples.
const ExecDescription = `A worker also computes items, for jobs of kind exec:NAME, by commands that its operator offers:

  --exec 'resize=./resize.sh'            one process for the items of a task: a line in, a line out
  --exec 'resize:args=./resize.sh'       one process for each item: ./resize.sh ITEM
  --exec 'ocr:args=ocr -l de -- "$1"'    the same; CMD says itself where the item goes
  --exec 'embed:server=./embed.py'       one process for each slot that is kept: a line in, a line out
  --exec-file commands.conf              lines NAME=CMD and NAME.timeout=1h

An item never becomes a part of a command line, except as one argument in mode args. The command
must write one answer for each item, in order. In modes lines and server it must flush each answer,
and must not wait for more input than a line: use python3 -u, sed -u or mawk -W interactive. Exit
status 65 means that the item is never to be tried again, and 75 that another worker may compute it.
With any other status than 0 the attempt at the item has failed; the end of standard error is kept in
its history. FACTORFLEET_JOB, _RANGE, _ATTEMPT (not in mode server), _WORKER, _SLOT and _FORMAT are
in the environment.`

// ExecFlags returns the flags that say which commands a worker offers.
func ExecFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringSliceFlag{Name: "exec", Category: execCategory, Usage: "offer a command: `NAME=CMD` runs CMD by sh -c for the items of jobs of kind exec:NAME, NAME:MODE=CMD in that mode; may be repeated. Example: --exec 'resize:args=./resize.sh'"},
		&ucli.StringFlag{Name: "exec-file", Category: execCategory, Usage: "offer the commands in `FILE`: lines NAME=CMD, and settings such as NAME.mode=server, NAME.timeout=1h, NAME.memory=2GiB, NAME.cpu-time=10m, NAME.nice=5, NAME.direct=true, NAME.affinity=true; # begins a comment"},
		&ucli.StringFlag{Name: "exec-mode", Category: execCategory, Value: string(execkind.Lines), Usage: "`MODE` of commands that name none: lines, one process for the items of a task, a line in, a line out; args, one process for each item, which is its argument \"$1\"; server, one process for each slot that is kept, a line in, a line out"},
		&ucli.BoolFlag{Name: "exec-direct", DisableDefaultText: true, Category: execCategory, Usage: "run the commands without a shell: CMD is split at blanks, or is a JSON array of words"},
		&ucli.StringFlag{Name: "exec-timeout", Category: execCategory, Value: "10m", Usage: "`DURATION` that one item may take, after which its processes are killed; none is no limit. A shorter --budget of the job counts instead"},
		&ucli.StringFlag{Name: "exec-memory", Category: execCategory, DefaultText: "no limit", Usage: "limit of the address space of each process of a command, a `SIZE` such as 2GiB"},
		&ucli.DurationFlag{Name: "exec-cpu-time", Category: execCategory, DefaultText: "no limit", Usage: "limit of the CPU time of each process of a command, a `DURATION` in whole seconds"},
		&ucli.IntFlag{Name: "exec-nice", DefaultText: "no change", Category: execCategory, Usage: "niceness of the commands beside that of the worker, `N` from 0 to 19"},
		&ucli.BoolFlag{Name: "exec-affinity", DisableDefaultText: true, Category: execCategory, Usage: "run the commands of each slot on one CPU (Linux)"},
	}
}

// ReadExec reads ExecFlags. All its errors have exit code Usage, except that of a file that cannot be read.
func ReadExec(c *ucli.Context) (execkind.Set, error) {
	defaults, err := execDefaults(c)
	if err != nil {
		return nil, err
	}
	set, err := readExecFile(c.String("exec-file"), defaults)
	if err != nil {
		return nil, err
	}
	if err := checkExecSettings(c); err != nil {
		return nil, err
	}
	for _, text := range c.StringSlice("exec") {
		command, err := execkind.Parse(text, defaults)
		if err == nil {
			err = set.Add(command)
		}
		if err != nil {
			return nil, cli.Usagef("--exec: %w", err)
		}
	}
	return set, nil
}

// execDefaults returns what the flags say of all commands.
func execDefaults(c *ucli.Context) (s execkind.Settings, err error) {
	s = execkind.Settings{
		Mode: execkind.Mode(c.String("exec-mode")), Direct: c.Bool("exec-direct"), Timeout: defaultExecTimeout,
		Limits: execkind.Limits{CPU: c.Duration("exec-cpu-time"), Nice: c.Int("exec-nice"), Affinity: c.Bool("exec-affinity")},
	}
	if err := execkind.CheckMode(s.Mode); err != nil {
		return s, cli.Usagef("--exec-mode %w", err)
	}
	if s.Timeout, err = execkind.ParseTimeout(c.String("exec-timeout")); err != nil {
		return s, cli.Usagef("--exec-timeout %w", err)
	}
	if size := c.String("exec-memory"); size != "" {
		if s.Limits.Memory, err = cli.ParseSize(size); err != nil {
			return s, cli.Usagef("--exec-memory %w", err)
		}
	}
	return s, nil
}

// checkExecSettings refuses flags that say how commands run if no flag names a command.
func checkExecSettings(c *ucli.Context) error {
	if c.IsSet("exec") || c.IsSet("exec-file") {
		return nil
	}
	for _, f := range ExecFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return cli.Usagef("--%s without a command: name one by --exec NAME=CMD or --exec-file FILE", name)
		}
	}
	return nil
}

// readExecFile reads the commands of a file; none if name is empty.
func readExecFile(name string, defaults execkind.Settings) (execkind.Set, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, Fail(err)
	}
	defer f.Close()
	set, err := execkind.ParseFile(f, name, defaults, cli.ParseSize)
	if err != nil {
		return nil, cli.Usagef("--exec-file %w", err)
	}
	return set, nil
}

// addCommands makes a kind of each command, for a worker of that name, and adds them to its kinds.
func addCommands(kinds map[string]worker.Kind, set execkind.Set, worker string, cores execkind.Cores) (commands []*execkind.Kind) {
	for _, c := range set {
		k := execkind.New(c, worker, cores)
		kinds[task.ExecPrefix+c.Name], commands = k, append(commands, k)
	}
	return commands
}

// closeCommands ends the processes of all commands, after the worker has ended.
func closeCommands(commands []*execkind.Kind, log zerolog.Logger) {
	for _, k := range commands {
		if err := k.Close(); err != nil {
			log.Warn().Err(err).Msg("cannot end a command")
		}
	}
}
