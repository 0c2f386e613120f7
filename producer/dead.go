package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

func deadCommand() *ucli.Command {
	sub := func(name, usage string, flags []ucli.Flag, do func(deadSession) error) *ucli.Command {
		return &ucli.Command{
			Name: name, Usage: usage, ArgsUsage: "[JOB]", Flags: flags,
			Action: func(c *ucli.Context) error {
				id, err := cli.OptionalArg(c, "JOB")
				if err != nil {
					return err
				}
				switch all := c.Bool("all"); { // rm alone has that flag: the others harm nothing
				case name == "rm" && id == "" && !all:
					return cli.WithHint(cli.Usagef("dead rm needs a JOB"), "`producer dead rm --all` removes the letters of all jobs")
				case id != "" && all:
					return cli.Usagef("dead rm takes a JOB or --all, not both")
				}
				return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
					if id != "" {
						j, err := fl.Job(ctx, id)
						if err != nil {
							return err
						}
						if j.State == task.Removed {
							return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id)
						}
					}
					letters, err := fl.DeadLetters(ctx, id)
					if err != nil {
						return err
					}
					return do(deadSession{ctx, c, s, fl, id, letters})
				})
			},
		}
	}
	return &ucli.Command{
		Name: "dead", Usage: "look at numbers that were given up, of JOB or of all jobs, and try them again",
		Subcommands: []*ucli.Command{
			sub("ls", "list the dead letters", []ucli.Flag{jsonFlag()}, deadSession.list),
			sub("show", "list them with the history of their attempts", []ucli.Flag{jsonFlag()}, deadSession.show),
			sub("retry", "queue their numbers again", nil, deadSession.retry),
			sub("rm", "remove them, of JOB or with --all", []ucli.Flag{&ucli.BoolFlag{Name: "all", Usage: "those of all jobs"}}, deadSession.remove),
			sub("export", "print their numbers, one a line", nil, deadSession.export),
		},
	}
}

// A deadSession is one run of a command on the dead letters of one job, or of all.
type deadSession struct {
	ctx     context.Context
	c       *ucli.Context
	s       *command.Session
	fl      *fleet.Fleet
	job     string
	letters []fleet.DeadLetter
}

// A letterReport is a dead letter in JSON.
type letterReport struct {
	Job       string        `json:"job"`
	Range     string        `json:"range"`
	Writer    string        `json:"writer"`
	Numbers   []string      `json:"numbers"`
	Kind      string        `json:"kind"`
	Attempt   uint32        `json:"attempt"`
	Error     string        `json:"error"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	Time      time.Time     `json:"time"`
	Attempts  []attempt     `json:"attempts,omitempty"`
	Reproduce string        `json:"reproduce,omitempty"`
}

type attempt struct {
	Attempt uint32        `json:"attempt"`
	Worker  string        `json:"worker"`
	Error   string        `json:"error"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Time    time.Time     `json:"time"`
}

func report(d *fleet.DeadLetter) letterReport {
	r := letterReport{
		Job: d.Job, Range: d.Range.String(), Writer: d.Writer, Numbers: []string{}, Kind: d.Kind,
		Attempt: d.Attempt, Error: d.Err, Elapsed: d.Elapsed, Time: d.Time,
	}
	for _, n := range d.Numbers {
		r.Numbers = append(r.Numbers, n.String())
	}
	return r
}

func (d deadSession) list() error {
	if d.c.Bool("json") {
		list := make([]letterReport, len(d.letters))
		for i := range d.letters {
			list[i] = report(&d.letters[i])
		}
		return printJSON(d.c, list)
	}
	w := tabwriter.NewWriter(d.c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tPOSITION\tNUMBER\tATTEMPT\tWRITER\tAGE\tERROR")
	for i := range d.letters {
		l := &d.letters[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", l.Job, l.Range, numbersOf(l), l.Attempt, l.Writer, age(l.Time), l.Err)
	}
	return w.Flush()
}

// numbersOf returns the first number of a letter, shortened, and how many follow.
func numbersOf(l *fleet.DeadLetter) string {
	if len(l.Numbers) == 0 {
		return "?"
	}
	n := l.Numbers[0].String()
	if len(n) > 40 {
		n = fmt.Sprintf("%s...%s(%d digits)", n[:12], n[len(n)-6:], len(n))
	}
	if more := len(l.Numbers) - 1; more > 0 {
		n += fmt.Sprintf(" and %d more", more)
	}
	return n
}

func (d deadSession) show() error {
	attempts, err := d.fl.Attempts(d.ctx, d.job)
	if err != nil {
		return err
	}
	list := make([]letterReport, len(d.letters))
	for i := range d.letters {
		list[i] = report(&d.letters[i])
		list[i].Reproduce = reproduce(&d.letters[i])
		for _, a := range attempts {
			if a.Job == d.letters[i].Job && a.Range == d.letters[i].Range {
				list[i].Attempts = append(list[i].Attempts, attempt{a.Attempt, a.Writer, a.Err, a.Elapsed, a.Time})
			}
		}
		slices.SortFunc(list[i].Attempts, func(a, b attempt) int { return a.Time.Compare(b.Time) })
	}
	if d.c.Bool("json") {
		return printJSON(d.c, list)
	}
	for i := range list {
		printLetter(d.c, &list[i])
	}
	return nil
}

func printLetter(c *ucli.Context, l *letterReport) {
	fmt.Fprintf(c.App.Writer, "job %s, position %s: %s\n", l.Job, l.Range, strings.Join(l.Numbers, " "))
	fmt.Fprintf(c.App.Writer, "  given up by %s after attempt %d, %s ago: %s\n", l.Writer, l.Attempt, age(l.Time), l.Error)
	for _, a := range l.Attempts {
		fmt.Fprintf(c.App.Writer, "  attempt %d on %s, %s: %s\n", a.Attempt, a.Worker, a.Elapsed.Round(time.Millisecond), a.Error)
	}
	if l.Reproduce != "" {
		fmt.Fprintf(c.App.Writer, "  reproduce: %s\n", l.Reproduce)
	}
}

// reproduce returns the command that does the same work on this machine.
func reproduce(l *fleet.DeadLetter) string {
	if len(l.Numbers) != 1 {
		return ""
	}
	cmd := "embedded submit -n 1"
	if l.Kind != task.KindFactor {
		cmd += " --kind " + l.Kind
	}
	if l.Budget > 0 {
		cmd += " --budget " + l.Budget.String()
	}
	if l.Certify {
		cmd += " --certify"
	}
	return cmd + " " + l.Numbers[0].String()
}

func (d deadSession) retry() error {
	for i := range d.letters {
		if err := d.fl.RetryDeadLetter(d.ctx, &d.letters[i]); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.s.Screen, "producer: dead letters queued again: %d; `producer wait JOB` collects the answers\n", len(d.letters))
	return nil
}

func (d deadSession) remove() error {
	for i := range d.letters {
		if err := d.fl.RemoveDeadLetter(d.ctx, &d.letters[i]); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.s.Screen, "producer: dead letters removed: %d\n", len(d.letters))
	return nil
}

func (d deadSession) export() error {
	for i := range d.letters {
		for _, n := range d.letters[i].Numbers {
			if _, err := fmt.Fprintln(d.c.App.Writer, n); err != nil {
				return err
			}
		}
	}
	return nil
}
