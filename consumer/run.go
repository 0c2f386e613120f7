package main

import (
	"context"
	"slices"
	"strconv"
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
		Name:        "run",
		Usage:       "run a worker until a signal: the first one drains, the second one returns running tasks to the queue at once",
		Description: command.ExecDescription,
		Flags: slices.Concat([]ucli.Flag{
			&ucli.StringFlag{Name: "n", Value: "auto", Usage: "`NUMBER` of tasks that run at a time, and of cores in use; auto is one for each CPU that the process may use", EnvVars: []string{"FACTOR_CONCURRENCY"}},
			&ucli.StringFlag{Name: "name", Usage: "`NAME` of this worker (default: the host's name)"},
			&ucli.StringFlag{Name: "max-mem", DefaultText: "three quarters of the memory", Usage: "largest `SIZE` of the heap, such as 2GiB: above it the current number fails; none is no limit"},
			command.LabelFlag(),
			&ucli.IntFlag{Name: "max-digits", DefaultText: "any", Usage: "leave numbers of more than `N` digits to other workers; tasks of campaigns, of some seconds each, are of any size"},
			&ucli.DurationFlag{Name: "drain-timeout", Value: 25 * time.Second, Usage: "longest `DURATION` of a drain; running tasks may finish in the first half"},
		}, command.MachineFlags(), command.AvailabilityFlags(), command.EndFlags(), command.ExecFlags(), listenFlags()),
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
	if err := command.CheckListen(c); err != nil {
		return err
	}
	m, err := command.ReadMachine(c)
	if err == nil {
		err = m.Apply()
	}
	if err != nil {
		return err
	}
	health := newMonitor()
	stopTasks := func() {
		if w := health.worker.Load(); w != nil {
			w.StopComputing()
		}
	}
	s, stop, err := command.Start(c, stopTasks)
	if err != nil {
		return err
	}
	defer stop()
	stopListening, err := health.listen(c, s, &options)
	if err != nil {
		return command.Fail(err)
	}
	defer stopListening()
	nc, js, err := s.Connect(c, "consumer "+options.Name)
	if err != nil {
		return command.Fail(err)
	}
	defer nc.Close()
	health.conn.Store(nc)
	if options.Name, err = workerName(options.Name, s.Identity); err != nil {
		return err
	}
	context.AfterFunc(s.Context, func() {
		if s.Refused() != nil { // a drain is useless: the server accepts nothing from this worker
			stopTasks()
		}
	})
	options.Log = s.Log
	options.Ready = func(w *worker.Worker, name string) {
		health.worker.Store(w)
		s.Log.Info().Str("worker", name).Str("url", natsconn.URL(nc)).Str("version", command.Version).Msg("connected")
		go s.LogUnsupervised(c)
	}
	err = command.Fail(command.RunWorker(s.Context, nc, js, options))
	if refused := refusal(s, nc); refused != nil {
		return refused
	}
	return err
}

// refusal returns the reason if the server has refused or disconnected this worker, else nil.
func refusal(s *command.Session, nc *natsconn.Conn) error {
	if nc.IsClosed() { // the session ends a moment later, with the reason
		select {
		case <-s.Context.Done():
		case <-time.After(time.Second):
		}
	}
	return s.Refused()
}

// workerName returns the name of the worker. If the credentials are those of a worker, that is their
// name: they do not permit to publish under another one.
func workerName(name string, id natsconn.Identity) (string, error) {
	switch {
	case id.Role != schema.RoleWorker:
		return name, nil
	case name != "" && name != id.Name:
		return "", cli.Usagef("--name %s: the credentials are those of worker %s and do not permit another name", name, id.Name)
	}
	return id.Name, nil
}

// leastMemory is the least value of --max-mem in bytes: with less, numbers fail that are not at fault.
const leastMemory = 64 << 20

// leastDigits is the least value of --max-digits.
const leastDigits = 20

// workerOptions returns the options that the flags of run describe. All its errors have exit code Usage, except that of a
// file that cannot be read.
func workerOptions(c *ucli.Context) (command.WorkerOptions, error) {
	o := command.WorkerOptions{Name: c.String("name"), DrainTimeout: c.Duration("drain-timeout"), Timeout: c.Duration("timeout")}
	if o.Name != "" {
		if err := task.CheckWorker(o.Name); err != nil {
			return o, cli.Exit(cli.Usage, err)
		}
	}
	var err error
	if o.Slots, err = slots(c.String("n")); err != nil {
		return o, err
	}
	if o.MaxMemory, err = maxMemory(c.String("max-mem")); err != nil {
		return o, err
	}
	if o.Offers, err = command.Labels(c, "label"); err != nil {
		return o, err
	}
	if o.Exec, err = command.ReadExec(c); err != nil {
		return o, err
	}
	o.BySize = true
	if o.MaxDigits = c.Int("max-digits"); c.IsSet("max-digits") && o.MaxDigits < leastDigits {
		return o, cli.Usagef("--max-digits must be at least %d, not %d: all workers compute smaller numbers in an instant", leastDigits, o.MaxDigits)
	}
	if o.MaxDigits > 0 && slices.Contains(o.Offers, task.OfferLarge) {
		return o, cli.Usagef("--label %s is for workers that accept numbers of any size: leave out --max-digits", task.OfferLarge)
	}
	if o.DrainTimeout <= 0 {
		return o, cli.Usagef("--drain-timeout must be positive")
	}
	o.Cores = o.Slots
	if o.Availability, err = command.ReadAvailability(c); o.Once {
		o.Slots = 1
	}
	return o, err
}

// slots reads the value of -n; auto is 0.
func slots(value string) (int, error) {
	if value == "auto" {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 4096 {
		return 0, cli.Usagef("-n must be \"auto\" or a number from 1 to 4096, not %q", value)
	}
	return n, nil
}

// maxMemory reads the value of --max-mem; none is 0.
func maxMemory(value string) (uint64, error) {
	switch value {
	case "":
		return command.DefaultMaxMemory(), nil
	case "none":
		return 0, nil
	}
	size, err := cli.ParseSize(value)
	if err != nil || size < leastMemory {
		return 0, cli.Usagef("--max-mem must be \"none\" or at least %s, not %q", cli.SizeArgument(leastMemory), value)
	}
	return uint64(size), nil
}
