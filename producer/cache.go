package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

func cacheCommand() *ucli.Command {
	return &ucli.Command{
		Name: "cache", Usage: "show, export, import or remove factorizations that the server keeps for later jobs",
		Description: "The server keeps the factorizations of numbers of 50 to 1,900 digits whose two largest prime factors\n" +
			"have 50 digits or more together, and are each 2^64 or more. submit answers these numbers without work.\n" +
			"Whoever reads an entry verifies it, so that a false entry is never printed. The oldest of 65,536\n" +
			"entries makes room for another one. An example, which copies the entries of another fleet:\n\n" +
			"   producer -s nats://lab:4222 cache export | producer cache import -",
		Subcommands: []*ucli.Command{
			{
				Name: "stats", Usage: "print how many entries there are",
				Flags:  []ucli.Flag{command.JSONFlag()},
				Action: func(c *ucli.Context) error { return withCache(c, cacheStats) },
			},
			{
				Name: "export", Usage: "print all entries, one in a line: n=p^e*q, as factordb.com does", ArgsUsage: "[FILE]",
				Description: "Each entry is verified before. `producer verify FILE` checks the lines again.",
				Action:      exportAction,
			},
			{
				Name: "import", Usage: "verify factorizations from a file and keep those of hard numbers", ArgsUsage: "FILE",
				Description: "The lines of FILE have any output format of submit; FILE - is standard input. Each line that is wrong is\n" +
					"named on standard error, and the exit code is then 6. Unfinished lines are wrong here.",
				Flags:  []ucli.Flag{command.JSONFlag()},
				Action: importAction,
			},
			{
				Name: "rm", Usage: "remove the entries of numbers, or all with --all", ArgsUsage: "[NUMBER...]",
				Flags:  []ucli.Flag{&ucli.BoolFlag{Name: "all", DisableDefaultText: true, Usage: "remove all entries"}},
				Action: cacheRemoveAction,
			},
		},
	}
}

// A cacheAct works on the cache of the fleet that the flags name.
type cacheAct func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error

// withCache runs act, without a limit of time.
func withCache(c *ucli.Context, act cacheAct) error {
	return inSession(c, func(s *command.Session) error {
		fl, closeFleet, err := s.Open(c, "producer")
		if err != nil {
			return failed(s, err)
		}
		defer closeFleet()
		err = act(s.Context, c, s, fl)
		if errors.Is(err, fleet.ErrNoCache) {
			err = cli.Exit(cli.NoConnect, err)
		}
		return failed(s, err)
	})
}

// A cacheReport says how full the cache is.
type cacheReport struct {
	Entries uint64     `json:"entries"`
	Most    uint64     `json:"most_entries"`
	Bytes   uint64     `json:"bytes"`
	First   *time.Time `json:"oldest,omitempty"`
	Last    *time.Time `json:"newest,omitempty"`
}

func cacheStats(ctx context.Context, c *ucli.Context, _ *command.Session, fl *fleet.Fleet) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	u, err := fl.CacheUse(ctx)
	if err != nil {
		return err
	}
	r := cacheReport{Entries: u.Entries, Most: u.Most, Bytes: u.Bytes}
	if u.Entries > 0 {
		r.First, r.Last = &u.First, &u.Last
	}
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "entries\t%s of at most %s\n", text.Thousands(r.Entries), text.Thousands(r.Most))
	fmt.Fprintf(w, "size\t%s\n", text.Bytes(int64(r.Bytes)))
	if r.First != nil {
		fmt.Fprintf(w, "oldest\t%s\n", r.First.Local().Format(time.DateTime))
		fmt.Fprintf(w, "newest\t%s\n", r.Last.Local().Format(time.DateTime))
	}
	return w.Flush()
}

func cacheRemoveAction(c *ucli.Context) error {
	switch all := c.Bool("all"); {
	case c.NArg() == 0 && !all:
		return cli.WithHint(cli.Usagef("cache rm needs a NUMBER"), "`producer cache rm --all` removes all entries")
	case c.NArg() > 0 && all:
		return cli.Usagef("cache rm takes numbers or --all, not both")
	}
	numbers, err := argNumbers(c)
	if err != nil {
		return err
	}
	return withCache(c, func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
		return removeCached(ctx, s, fl, numbers)
	})
}

// removeCached removes the entries of numbers, all entries if there are no numbers.
func removeCached(ctx context.Context, s *command.Session, fl *fleet.Fleet, numbers []nat.Nat) error {
	if len(numbers) == 0 {
		removed, err := fl.RemoveCached(ctx, "")
		if err == nil {
			s.Notef("entries removed: %d", removed)
		}
		return err
	}
	missing := 0
	for _, n := range numbers {
		removed, err := fl.RemoveCached(ctx, factored.Key(n))
		if err != nil {
			return err
		}
		if removed == 0 {
			missing++
			s.Notef("%s is not in the cache", task.Brief(task.KindFactor, n))
		}
	}
	s.Notef("entries removed: %d", len(numbers)-missing)
	if missing > 0 {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}
