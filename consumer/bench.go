package main

import (
	"encoding/json"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

func benchCommand() *ucli.Command {
	return &ucli.Command{
		Name:      "bench",
		Usage:     "measure how many numbers of each class a worker factors per second on one core",
		ArgsUsage: "[CLASS...]",
		Description: "CLASS random40: random odd numbers of exactly 40 bits. CLASS semiprime64: products of two\n" +
			"primes of 32 bits. Other sizes are named in the same way. CLASS tutorial: the 1000 odd numbers\n" +
			"from 999999999999 on. The measured CPU time is all that a worker spends on a chunk: to decode\n" +
			"it, to factor its numbers and to encode the answers.",
		Flags: []ucli.Flag{
			&ucli.DurationFlag{Name: "time", Value: time.Second, Usage: "least `DURATION` of CPU time for each class"},
			&ucli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print JSON, one object per line"},
		},
		Action: bench,
	}
}

// bench measures each class that the arguments name, all of benchClasses without arguments, and prints
// each report when it is complete.
func bench(c *ucli.Context) error {
	if c.Duration("time") <= 0 {
		return cli.Usagef("--time must be positive")
	}
	names := c.Args().Slice()
	if len(names) == 0 {
		names = benchClasses
	}
	classes := make([]benchClass, len(names))
	for i, name := range names {
		var err error
		if classes[i], err = parseClass(name); err != nil {
			return err
		}
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	show := tablePrinter(c.App.Writer)
	if c.Bool("json") {
		show = func(r *benchReport) error { return json.NewEncoder(c.App.Writer).Encode(r) }
	}
	for i := range classes {
		r, err := classes[i].measure(s.Context, c.Duration("time"))
		if err == nil {
			err = show(r)
		}
		if err != nil {
			return command.Fail(err)
		}
	}
	return nil
}
