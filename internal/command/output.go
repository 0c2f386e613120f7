package command

import (
	"fmt"
	"io"
	"os"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/job"
	"factorfleet/internal/output"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// OutputFlags returns the flags that say how answers are printed.
func OutputFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the answers to `FILE`", Category: "output"},
		&ucli.StringFlag{Name: "format", Value: "factor", Usage: "`FORMAT` of the answers: factor, json, csv, factordb or pari", Category: "output"},
		&ucli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "short for --format json", Category: "output"},
		&ucli.BoolFlag{Name: "exponents", DisableDefaultText: true, Aliases: []string{"e"}, Usage: "write p^e instead of p p p", Category: "output"},
		&ucli.BoolFlag{Name: "as-completed", DisableDefaultText: true, Usage: "print answers as they come, not in the order of the input", Category: "output"},
	}
}

// A printer writes answers, and tells of numbers that have none.
type printer struct {
	session *Session
	name    string // of the program
	out     *output.Writer
	file    *os.File // nil for standard output
	ordered bool
	// unproved counts the numbers with a factor that is only a probable prime.
	unproved uint64
}

// outputFormat checks what the flags say of the output, before anything is begun.
func outputFormat(c *ucli.Context) (output.Format, error) {
	switch mode := c.String("progress"); mode {
	case "auto", "always", "never":
	default:
		return "", cli.Usagef("--progress %q: use auto, always or never", mode)
	}
	name := c.String("format")
	if c.Bool("json") {
		name = "json"
	}
	format, err := output.ParseFormat(name)
	if err != nil {
		return "", cli.Exit(cli.Usage, err)
	}
	return format, nil
}

func (s *Session) newPrinter(c *ucli.Context, format output.Format) (*printer, error) {
	p := &printer{session: s, name: c.App.Name, ordered: !c.Bool("as-completed")}
	var w io.Writer = s.Screen.Stdout()
	if path := c.String("output"); path != "" && path != "-" {
		file, err := os.Create(path)
		if err != nil {
			return nil, err // it names the file
		}
		p.file, w = file, file
	}
	p.out = output.New(w, format, c.Bool("exponents"))
	return p, nil
}

func (p *printer) emit(item *collect.Item) error {
	if item.Dead != "" {
		fmt.Fprintf(p.session.Screen, "%s: number %d of the input, %s, was given up: %s\n", p.name, item.Position+1, shorten(item.N.String()), item.Dead)
	}
	for i := range item.Factors {
		if item.Factors[i].Status == task.PRP {
			p.unproved++
			break
		}
	}
	return p.out.Write((*output.Record)(item))
}

// close flushes the output and closes its file.
func (p *printer) close() error {
	err := p.out.Flush()
	if p.file != nil {
		if e := p.file.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", job.ErrOutput, err)
	}
	return nil
}

// shorten cuts the middle out of a long number.
func shorten(n string) string {
	if len(n) <= 60 {
		return n
	}
	return fmt.Sprintf("%s...%s (%d digits)", n[:20], n[len(n)-10:], len(n))
}

// show starts the progress display of a job.
func (s *Session) show(c *ucli.Context, id func() string, progress *plan.JobProgress, host Host) (stop func(), err error) {
	return cli.StartProgress(c.String("progress"), s.Screen, s.Log, func() cli.Status {
		job := id()
		return cli.Status{Job: job, Workers: host.Workers(), Working: working(job, host.Activities()), Snapshot: progress.Snapshot(time.Now())}
	})
}

// working returns the activity for the job that takes longest, "" if none is known.
func working(job string, list []worker.Activity) string {
	longest := -1
	for i := range list {
		if list[i].Job == job && (longest < 0 || list[i].Left > list[longest].Left) {
			longest = i
		}
	}
	if longest < 0 {
		return ""
	}
	return list[longest].Progress.String()
}
