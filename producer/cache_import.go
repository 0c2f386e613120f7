package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	ucli "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

func importAction(c *ucli.Context) error {
	path, err := cli.Arg(c, "FILE")
	if err != nil {
		return err
	}
	in, name := io.Reader(os.Stdin), "standard input"
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err // it names the file
		}
		defer file.Close()
		in, name = file, path
	}
	return withCache(c, func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
		if err := fl.CacheError(ctx); err != nil {
			return err
		}
		i := &importer{s: s, name: name, store: func(list []fleet.CacheEntry) error { return fl.StoreCached(ctx, list) }}
		if err := i.run(ctx, in); err != nil {
			return err
		}
		return i.print(c)
	})
}

// An importReport counts the lines of a file.
type importReport struct {
	Stored uint64 `json:"stored"` // verified, and stored
	Easy   uint64 `json:"easy"`   // true, but not worth an entry
	Wrong  uint64 `json:"wrong"`  // false, unfinished, or no factorization
}

// An importer verifies lines on all cores, and stores those that are true.
type importer struct {
	importReport
	s     *command.Session
	name  string // of the file, for messages
	store func([]fleet.CacheEntry) error
}

// importedTogether is how many lines are verified before they are stored.
const importedTogether = 256

// run imports all lines. An error means that the file could not be read, or the entries not be stored.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	var lines []output.Line
	for line, err := range output.Parse(in) {
		var syntax *output.SyntaxError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &syntax):
			i.refuse(syntax.Line, errors.New(syntax.Why))
			continue
		case err != nil:
			return fmt.Errorf("read the factorizations: %w", err)
		}
		if lines = append(lines, line); len(lines) == importedTogether {
			if err := i.take(ctx, lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	return i.take(ctx, lines)
}

// take verifies and stores some lines.
func (i *importer) take(ctx context.Context, lines []output.Line) error {
	errs := make([]error, len(lines))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k := range lines {
		group.Go(func() error { errs[k] = checkLine(ctx, &lines[k]); return nil })
	}
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var entries []fleet.CacheEntry
	for k := range lines {
		l := &lines[k]
		switch {
		case errs[k] == nil:
			entries = append(entries, fleet.CacheEntry{Key: factored.Key(l.N), Line: factored.Line(l.N, &l.Factorization)})
		case errors.Is(errs[k], factored.ErrEasy):
			i.Easy++
		default:
			i.refuse(l.Number, errs[k])
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := i.store(entries); err != nil {
		return err
	}
	i.Stored += uint64(len(entries))
	return nil
}

// checkLine returns why a line is not to be stored.
func checkLine(ctx context.Context, l *output.Line) error {
	switch {
	case l.Dead != "":
		return errors.New("the number was given up")
	case l.Kind != task.KindFactor:
		return errors.New("not a factorization")
	case l.Unfinished():
		return errors.New("a factor is unfinished")
	}
	// A certificate has no place in an entry: the factor is a probable prime there.
	l.Certificates = nil
	for k := range l.Factors {
		if _, small := l.Factors[k].P.Word(); !small {
			l.Factors[k].Status = task.PRP
		}
	}
	return factored.Verify(ctx, l.N, &l.Factorization)
}

// refuse reports a line that is wrong.
func (i *importer) refuse(line uint64, why error) {
	i.Wrong++
	i.s.Notef("%s: line %d: %v", i.name, line, why)
}

// print prints the counts. If lines are wrong, the exit code is Unverified.
func (i *importer) print(c *ucli.Context) (err error) {
	if c.Bool("json") {
		err = command.PrintJSON(c, i.importReport)
	} else {
		_, err = fmt.Fprintf(c.App.Writer, "%d stored, %d easy and left out, %d wrong\n", i.Stored, i.Easy, i.Wrong)
	}
	if i.Wrong > 0 {
		return cli.Exit(cli.Unverified, err)
	}
	return err
}
