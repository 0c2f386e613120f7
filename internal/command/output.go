package command

import (
	"fmt"
	"io"
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/job"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// OutputFlags returns the flags that say how answers are printed.
func OutputFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the answers to `FILE` instead of standard output", Category: "output"},
		&ucli.StringFlag{Name: "format", Value: "factor", Usage: "`FORMAT` of the answers: factor, json, csv, factordb or pari", Category: "output"},
		&ucli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "the same as --format json", Category: "output"},
		&ucli.BoolFlag{Name: "exponents", DisableDefaultText: true, Aliases: []string{"e"}, Usage: "write 2^3 instead of 2 2 2", Category: "output"},
		&ucli.BoolFlag{Name: "as-completed", DisableDefaultText: true, Usage: "print each answer as it arrives, not in the order of the input", Category: "output"},
	}
}

// A printer writes answers, and reports numbers that were given up. It is used by one goroutine at a
// time: the loop of the job, then that of the command.
type printer struct {
	session  *Session
	out      *output.Writer
	file     *os.File // nil for standard output
	ordered  bool
	unproved uint64 // printed numbers with a factor that is only a probable prime
}

// outputFormat returns the format of the answers. It also checks --progress: a usage error must come
// before the job starts.
func outputFormat(c *ucli.Context) (output.Format, error) {
	if err := cli.CheckProgress(c.String("progress")); err != nil {
		return "", err
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

// newPrinter opens the output that the flags name. An existing file is truncated. The caller must call
// close.
func (s *Session) newPrinter(c *ucli.Context, format output.Format) (*printer, error) {
	p := &printer{session: s, ordered: !c.Bool("as-completed")}
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

// emit prints one answer, and a note if the number was given up. Positions that a user sees count from
// 1; those of the format json from 0.
func (p *printer) emit(item *collect.Item) error {
	if item.Dead != "" {
		p.session.Notef("number %d of the input, %s, was given up: %s", item.Position+1, Shorten(item.N.String()), item.Dead)
	}
	for i := range item.Factors {
		if item.Factors[i].Status == task.PRP {
			p.unproved++
			break
		}
	}
	return p.out.Write((*output.Record)(item))
}

// close flushes the output and closes its file. An error wraps job.ErrOutput.
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

// Shorten replaces the middle of a number of more than 60 digits by dots.
func Shorten(n string) string {
	if len(n) <= 60 {
		return n
	}
	return fmt.Sprintf("%s...%s (%d digits)", n[:20], n[len(n)-10:], len(n))
}
