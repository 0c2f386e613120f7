package main

import (
	"context"
	"errors"
	"io"
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func findCommand() *ucli.Command {
	return &ucli.Command{
		Name: "find", Usage: "print factorizations that the server's cache knows, without any work", ArgsUsage: "[NUMBER...]",
		Description: "Without a NUMBER, numbers are read from standard input. Each factorization is verified before it is\n" +
			"printed. A number that is not in the cache is named on standard error, and the exit code is then 1.\n" +
			"`producer cache -h` says which numbers the cache has.",
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "format", Value: "factor", Usage: "`FORMAT` of the answers: factor, json, csv, factordb or pari"},
			command.JSONFlag(),
			&ucli.BoolFlag{Name: "exponents", DisableDefaultText: true, Aliases: []string{"e"}, Usage: "write 2^3 instead of 2 2 2"},
		},
		Action: func(c *ucli.Context) error {
			name := c.String("format")
			if c.Bool("json") {
				name = "json"
			}
			format, err := output.ParseFormat(name)
			if err != nil {
				return cli.Exit(cli.Usage, err)
			}
			if _, err := argNumbers(c); err != nil {
				return err
			}
			if err := cli.CheckStdout(); err != nil {
				return err
			}
			return withCache(c, func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
				if err := fl.CacheError(ctx); err != nil {
					return err
				}
				f := &finder{s: s, fl: fl, out: output.New(s.Screen.Stdout(), format, c.Bool("exponents"))}
				return f.run(ctx, c)
			})
		},
	}
}

// argNumbers returns the numbers of the command line. The error has exit code Usage.
func argNumbers(c *ucli.Context) (numbers []nat.Nat, err error) {
	in := input.New(func(b task.BadToken) {
		if err == nil {
			err = cli.Usagef("%s", input.Describe(b))
		}
	}, input.Args(c.Args().Slice()))
	numbers = make([]nat.Nat, c.NArg())
	for n := 0; ; {
		k, end := in.Read(numbers[n:])
		if n += k; end != nil || n == len(numbers) {
			return numbers[:n], err
		}
	}
}

// A finder looks numbers up and prints what is known of them.
type finder struct {
	s       *command.Session
	fl      *fleet.Fleet
	out     *output.Writer
	count   uint64 // numbers looked up
	missing uint64 // of these, or words that are no numbers
}

// run looks up all numbers of the command line, or else of standard input.
func (f *finder) run(ctx context.Context, c *ucli.Context) error {
	source := input.Args(c.Args().Slice())
	if c.NArg() == 0 {
		source = input.From("-", os.Stdin)
	}
	in := input.New(func(b task.BadToken) {
		f.missing++
		f.s.Notef("%s", input.Describe(b))
	}, source)
	numbers := make([]nat.Nat, task.MaxCount)
	for {
		n, end := in.Read(numbers)
		if err := f.find(ctx, numbers[:n]); err != nil {
			return err
		}
		if err := f.out.Flush(); err != nil {
			return err
		}
		if errors.Is(end, io.EOF) {
			break
		} else if end != nil {
			return end
		}
	}
	if f.missing > 0 {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// find prints what is known of some numbers, in their order.
func (f *finder) find(ctx context.Context, numbers []nat.Nat) error {
	keys := make([]string, len(numbers))
	for i, n := range numbers {
		keys[i] = factored.Key(n)
	}
	lines, err := f.fl.Cached(ctx, keys)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		answer, err := factored.Read(ctx, n, lines[keys[i]])
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r := output.Record{Position: f.count, N: n, Kind: task.KindFactor, Factorization: answer, Worker: schema.CacheWriter, Attempt: 1}
		f.count++
		if err == nil {
			if err := f.out.Write(&r); err != nil {
				return err
			}
			continue
		}
		f.missing++
		why := ""
		if !factored.MayHave(n) {
			why = ", which has numbers of 50 to 1,900 digits only"
		}
		f.s.Notef("%s is not in the cache%s", task.Brief(task.KindFactor, n), why)
	}
	return nil
}
