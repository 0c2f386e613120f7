package command

import (
	"fmt"
	"io"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/job"
	"factorfleet/internal/outfile"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// OutputFlags returns the flags that say how answers are printed.
func OutputFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the answers to `FILE`; until all are there, and if the program ends early, they are in FILE.partial; a FILE that is a symbolic link or an input is refused; a pipe or a device is written directly (default: standard output)", Category: "output"},
		&ucli.StringFlag{Name: "format", Value: "factor", Usage: "`FORMAT` of the answers: factor, json, csv, factordb or pari", Category: "output"},
		&ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "the same as --format json", Category: "output"},
		&ucli.BoolFlag{Name: "exponents", DisableDefaultText: true, Aliases: []string{"e"}, Usage: "write 2^3 instead of 2 2 2", Category: "output"},
		&ucli.BoolFlag{Name: "full", DisableDefaultText: true, Usage: "print unfinished factors in full on a terminal, too: c1234567 instead of c123…(7); elsewhere they always are", Category: "output"},
		&ucli.BoolFlag{Name: "as-completed", DisableDefaultText: true, Usage: "print each answer as it arrives, not in the order of the input", Category: "output"},
	}
}

// A printer writes answers, and reports numbers that were given up. It is used by one goroutine at a
// time: the loop of the job, then that of the command.
type printer struct {
	session  *Session
	out      *output.Writer
	file     *outfile.File // nil for standard output
	ordered  bool
	printed  uint64 // answers, and numbers that were given up, that the filter selects
	unproved uint64 // answered numbers with a factor that is only a probable prime

	unfinished unfinishedSum // of all answered numbers
	filter     *filter       // which answers are printed; nil = all
	sorter     *sorter       // nil = in the order in which they come
	w          io.Writer     // that of out
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

// newPrinter opens the output that the flags name. The caller must call close once.
func (s *Session) newPrinter(c *ucli.Context, format output.Format) (*printer, error) {
	selected, err := newFilter(c, time.Now())
	if err != nil {
		return nil, err
	}
	order, err := newSorter(c, format)
	if err != nil {
		return nil, err
	}
	w, file, err := s.destination(c)
	if err != nil {
		return nil, err
	}
	out := output.New(w, format, c.Bool("exponents"))
	if file == nil && s.Screen.ShowsStdout() && !c.Bool("full") {
		out.Abbreviate()
		if order != nil {
			order.lines.Abbreviate()
		}
	}
	return &printer{session: s, out: out, file: file, ordered: !c.Bool("as-completed"), filter: selected, sorter: order, w: w}, nil
}

// emit prints one answer, and a note if the number was given up, if the filter selects it. Positions that a user sees count
// from 1; those of the format json from 0. What is said of the job at its end counts all answers.
func (p *printer) emit(item *collect.Item) error {
	p.count(item)
	if p.filter != nil && !p.filter.selects(item) {
		return nil
	}
	p.printed++
	if item.Dead != "" {
		noun, brief := task.Noun(item.Kind), task.Brief(item.Kind, item.N)
		p.session.Notef("%s %d of the input, %s, was given up: %s", noun, item.Position+1, brief, task.Unnamed(item.Kind, item.N, item.Dead))
	}
	if p.sorter != nil {
		return p.sorter.add(item)
	}
	return p.out.Write((*output.Record)(item))
}

// count counts an answer for what is said at the end of the job.
func (p *printer) count(item *collect.Item) {
	p.unfinished.add(item)
	for i := range item.Factors {
		if item.Factors[i].Status == task.PRP {
			p.unproved++
			break
		}
	}
}

// flush writes what is buffered. Before the first answer it writes nothing, not even the first line of a
// table: a command that prints no answer must not change an older file.
func (p *printer) flush() error {
	if p.printed == 0 {
		return nil
	}
	return p.out.Flush()
}

// close ends the output of a job that ended with err, and returns err or the error of the output. With a
// nil err it replaces the file that --output names. Else it keeps the answers so far, and says where.
func (p *printer) close(err error) error {
	if err == nil {
		if err = p.complete(); err == nil {
			return nil
		}
		err = fmt.Errorf("%w: %w", job.ErrOutput, err)
	} else {
		p.flush() // the error of the job says more than that of the output
	}
	if p.file != nil {
		if kept := p.file.Abandon(); kept != "" {
			p.session.Notef("the answers so far are in %s", kept)
		}
	}
	return err
}

// complete writes what is buffered, and replaces the file that --output names.
func (p *printer) complete() error {
	err := p.out.Flush()
	if err == nil && p.sorter != nil {
		err = p.sorter.writeTo(p.w)
	}
	if err != nil || p.file == nil {
		return err
	}
	return p.file.Commit()
}
