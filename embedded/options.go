package main

import (
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/execkind"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
)

// nodeFlags returns the flags that both commands have.
func nodeFlags() []ucli.Flag {
	return append([]ucli.Flag{
		&ucli.IntFlag{Name: "n", Value: -1, DefaultText: "one for each CPU that the process may use", Usage: "`NUMBER` of tasks that run at a time, and of cores in use"},
		&ucli.StringFlag{Name: "store", Usage: "keep the streams in `DIR` (default: a temporary directory, removed at the end)"},
		&ucli.StringFlag{Name: "sync", Usage: "`WHEN` to sync writes to the disk: always, never, or an interval such as 1s (default: always with --store, else never)"},
		&ucli.StringFlag{Name: "max-store", DefaultText: "their size now plus three quarters of the free disk space", Usage: "largest `SIZE` of the streams, such as 10GiB"},
		command.LabelFlag(),
		&ucli.DurationFlag{Name: "ack-wait", Value: schema.DefaultAckWait, Usage: "`DURATION` without a heartbeat after which a task is redelivered"},
	}, append(command.MachineFlags(), command.ExecFlags()...)...)
}

// nodeOptions say how a node runs.
type nodeOptions struct {
	store    string          // directory of the streams; "" = a temporary one
	sync     natsserver.Sync // when writes are synced to the disk
	maxStore int64           // limit of the streams in bytes; 0 = the default of natsserver
	ackWait  time.Duration
	labels   []string        // of the worker
	exec     execkind.Set    // commands that the worker offers
	slots    int             // of the worker; 0 = one for each CPU, -1 = no worker
	machine  command.Machine // what the process, its server included, may use of the machine
	// availability says when the worker takes tasks.
	availability command.Availability
	metrics      *nodeMetrics  // nil if they are not served
	fullWait     time.Duration // with a full store in which nothing changes, until the session ends; 0 = for ever
}

// kept reports whether the streams outlive the process.
func (o *nodeOptions) kept() bool { return o.store != "" }

// readNodeOptions reads nodeFlags, and --full-wait if the command has it. All its errors have exit code
// Usage, except that of a file of commands that cannot be read.
func readNodeOptions(c *ucli.Context) (nodeOptions, error) {
	o := nodeOptions{store: c.String("store"), ackWait: c.Duration("ack-wait"), fullWait: c.Duration("full-wait")}
	when := c.String("sync")
	if !c.IsSet("sync") {
		when = "never"
		if o.kept() {
			when = "always"
		}
	}
	var err error
	if o.machine, err = command.ReadMachine(c); err != nil {
		return o, err
	}
	if o.availability, err = command.ReadAvailability(c); err != nil {
		return o, err
	}
	if o.sync, err = natsserver.ParseSync(when); err != nil {
		return o, cli.Exit(cli.Usage, err)
	}
	if o.labels, err = command.Labels(c, "label"); err != nil {
		return o, err
	}
	switch n := c.Int("n"); {
	case n > 0:
		o.slots = n
	case n == 0:
		o.slots = -1
	case c.IsSet("n"):
		return o, cli.Usagef("-n must not be negative")
	}
	if o.exec, err = command.ReadExec(c); err != nil {
		return o, err
	}
	if o.ackWait < 100*time.Millisecond {
		return o, cli.Usagef("--ack-wait must be at least 100ms")
	}
	if o.fullWait < 0 {
		return o, cli.Usagef("--full-wait must not be negative")
	}
	if c.String("web") != "" {
		o.metrics = newMetrics()
	}
	if c.IsSet("max-store") {
		o.maxStore, err = maxStore(c.String("max-store"))
	}
	return o, err
}

// maxStore reads the value of --max-store.
func maxStore(value string) (int64, error) {
	limit, err := cli.ParseSize(value)
	if err != nil {
		return 0, cli.Usagef("--max-store %w", err)
	}
	if limit < natsserver.LeastStore {
		return 0, cli.Usagef("--max-store %s is too small: it must be at least %s", value, cli.SizeArgument(natsserver.LeastStore))
	}
	return limit, nil
}
