package main

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func runCommand() *ucli.Command {
	return &ucli.Command{
		Name:  "run",
		Usage: "work until a signal; the first one drains, a second one hands back at once what runs",
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "n", Value: "auto", Usage: "`NUMBER` of tasks worked on at a time, and of cores in use; auto is one for each CPU", EnvVars: []string{"FACTOR_CONCURRENCY"}},
			&ucli.StringFlag{Name: "name", Usage: "`NAME` of this worker (default: the host's name)"},
			&ucli.StringFlag{Name: "max-mem", DefaultText: "three quarters of what there is", Usage: "heap of `SIZE`, such as 2GiB, beyond which the number at hand fails; none is no limit"},
			&ucli.DurationFlag{Name: "drain-timeout", Value: 25 * time.Second, Usage: "`DURATION` that a drain may take; running tasks may finish for half of it"},
		},
		Action: run,
	}
}

func run(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	options, err := workerOptions(c)
	if err != nil {
		return err
	}
	var running atomic.Pointer[worker.Worker]
	s, stop, err := command.Start(c, func() {
		if w := running.Load(); w != nil {
			w.Hurry()
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	nc, js, err := s.Connect(c, "consumer "+options.Name)
	if err != nil {
		return command.Fail(err)
	}
	defer nc.Close()
	if options.Name, err = workerName(options.Name, s.Identity); err != nil {
		return err
	}
	context.AfterFunc(s.Context, func() {
		if w := running.Load(); w != nil && s.Refused() != nil { // nothing can be handed back
			w.Hurry()
		}
	})
	options.Log = s.Log
	options.Ready = func(w *worker.Worker, name string) {
		running.Store(w)
		s.Log.Info().Str("worker", name).Str("url", natsconn.URL(nc)).Str("version", command.Version).Msg("connected")
	}
	err = command.Fail(command.RunWorker(s.Context, nc, js, options))
	if nc.IsClosed() { // for good: why is told a moment later
		select {
		case <-s.Context.Done():
		case <-time.After(time.Second):
		}
	}
	if refused := s.Refused(); refused != nil {
		return refused
	}
	return err
}

// workerName returns the name under which the server lets the identity publish, if it is a
// worker's.
func workerName(name string, id natsconn.Identity) (string, error) {
	switch {
	case id.Role != schema.RoleWorker:
		return name, nil
	case name != "" && name != id.Name:
		return "", cli.Usagef("--name %s: the credentials are those of worker %s, and let nobody publish under another name", name, id.Name)
	}
	return id.Name, nil
}

// leastMemory is what a worker needs for sound numbers.
const leastMemory = 64 << 20

func workerOptions(c *ucli.Context) (command.WorkerOptions, error) {
	o := command.WorkerOptions{Name: c.String("name"), DrainTimeout: c.Duration("drain-timeout"), Timeout: c.Duration("timeout")}
	if o.Name != "" {
		if err := task.CheckWorker(o.Name); err != nil {
			return o, cli.Exit(cli.Usage, err)
		}
	}
	if n := c.String("n"); n != "auto" {
		slots, err := strconv.Atoi(n)
		if err != nil || slots < 1 || slots > 4096 {
			return o, cli.Usagef("-n %q is neither auto nor a number from 1 to 4096", n)
		}
		o.Slots = slots
	}
	switch text := c.String("max-mem"); text {
	case "":
		o.MaxMemory = command.DefaultMaxMemory()
	case "none":
	default:
		size, err := cli.ParseSize(text)
		if err != nil || size < leastMemory {
			return o, cli.Usagef("--max-mem %q is neither none nor a size from %s on", text, cli.FormatSize(leastMemory))
		}
		o.MaxMemory = uint64(size)
	}
	if o.DrainTimeout <= 0 {
		return o, cli.Usagef("--drain-timeout must be positive")
	}
	return o, nil
}
