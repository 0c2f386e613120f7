package command

import (
	"math"
	"os"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/hours"
	"factorfleet/internal/machine"
)

// An Availability says when a worker takes tasks, and when it ends by itself. The zero value means always, and never.
type Availability struct {
	Hours    hours.Hours
	MaxLoad  float64       // most load of other programs with which new tasks are taken; 0 = no limit
	ExitIdle time.Duration // the worker ends after so long without a task; 0 = it does not
	MaxTime  time.Duration // the worker ends after so long; 0 = it does not
	Once     bool          // the worker ends after one task
}

// AvailabilityFlags returns the flags that say when a worker takes tasks.
func AvailabilityFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.Float64Flag{Name: "max-load", DefaultText: "none", Category: machineCategory, Usage: "take no new tasks while the load of other programs is above `LOAD`, the mean number of threads of a minute (Linux only)"},
		&ucli.StringSliceFlag{Name: "active", DefaultText: "always", Category: machineCategory, Usage: "local `TIMES` at which tasks are taken, such as 22:00-07:00; repeat the flag for several; running tasks are returned at the end as after SIGTERM"},
	}
}

// EndFlags returns the flags that say when a worker ends by itself.
func EndFlags() []ucli.Flag {
	const category = "end"
	return []ucli.Flag{
		&ucli.DurationFlag{Name: "exit-when-idle", DefaultText: "never", Category: category, Usage: "end with exit code 0 after a `DURATION` in which the worker took tasks and none came"},
		&ucli.BoolFlag{Name: "once", DisableDefaultText: true, Category: category, Usage: "end with exit code 0 after one task; it may use -n cores"},
		&ucli.DurationFlag{Name: "max-time", DefaultText: "none", Category: category, Usage: "drain after a `DURATION` as after SIGTERM, and end with exit code 0"},
	}
}

// ReadAvailability reads AvailabilityFlags and EndFlags, as far as the command has them. All its errors have exit code
// Usage.
func ReadAvailability(c *ucli.Context) (a Availability, err error) {
	a = Availability{MaxLoad: c.Float64("max-load"), ExitIdle: c.Duration("exit-when-idle"), MaxTime: c.Duration("max-time"), Once: c.Bool("once")}
	for _, text := range c.StringSlice("active") {
		p, err := hours.Parse(text)
		if err != nil {
			return a, cli.Usagef("--active: %w", err)
		}
		a.Hours = append(a.Hours, p)
	}
	switch {
	case c.IsSet("max-load") && !(a.MaxLoad > 0 && a.MaxLoad <= math.MaxInt32):
		return a, cli.Usagef("--max-load must be a positive number")
	case c.IsSet("exit-when-idle") && a.ExitIdle <= 0:
		return a, cli.Usagef("--exit-when-idle must be positive")
	case c.IsSet("max-time") && a.MaxTime <= 0:
		return a, cli.Usagef("--max-time must be positive")
	}
	if a.MaxLoad > 0 {
		if _, err := newLoad().Others(time.Now()); err != nil {
			return a, cli.Usagef("--max-load: %w", err)
		}
	}
	return a, nil
}

// newLoad returns the load of this machine without that of this process.
func newLoad() *machine.Load { return machine.NewLoad(machine.Root(), os.Getpid()) }
