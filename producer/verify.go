package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/expr"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

func verifyCommand() *ucli.Command {
	return &ucli.Command{
		Name: "verify", Usage: "check a file of answers in any output format, without a server", ArgsUsage: "FILE",
		Description: "For each line the command checks the product, and that each factor is prime. Primes below 2^64 are " +
			"proved. Larger primes are proved by the certificate of the line; without a certificate they are tested by " +
			"Baillie-PSW. An expression in JSON must have the number as its value. FILE - is standard input. Of the answers of a command (--kind exec:NAME, in JSON) only the form is checked.",
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "kind", Value: task.KindFactor, Usage: "`KIND` of work that gave the answers: factor, square or exec:NAME"},
			command.JSONFlag(),
		},
		Action: func(c *ucli.Context) error {
			path, err := cli.Arg(c, "FILE")
			if err != nil {
				return err
			}
			if err := command.CheckKind(c.String("kind")); err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return verifyFile(c, s, path) })
		},
	}
}

// A verifyReport counts the lines of a file.
type verifyReport struct {
	Lines      uint64 `json:"lines"`      // records read
	Verified   uint64 `json:"verified"`   // complete and true
	Unfinished uint64 `json:"unfinished"` // true, but with a composite factor
	Dead       uint64 `json:"dead"`       // of numbers that were given up
	Wrong      uint64 `json:"wrong"`      // false, or not a record
	Unverified uint64 `json:"unverified"` // answers of a command, which have the right form

	// Primes counts the prime factors of the lines that are not wrong, with repetition.
	Primes struct {
		Below       uint64 `json:"below_2_64"`     // proved here
		Certificate uint64 `json:"by_certificate"` // proved by the certificate of the line
		Probable    uint64 `json:"prp"`            // pass Baillie-PSW
	} `json:"primes"`
}

// verifyFile checks the answers in a file, prints each wrong line and then the counts.
func verifyFile(c *ucli.Context, s *command.Session, path string) error {
	in := io.Reader(os.Stdin)
	if path == "-" {
		path = "standard input"
	} else {
		file, err := os.Open(path)
		if err != nil {
			return err // it names the file
		}
		defer file.Close()
		in = file
	}
	r, err := verifyLines(s, c.String("kind"), path, in)
	if err != nil {
		return err
	}
	err = r.print(c)
	switch {
	case r.Wrong > 0: // a lost report does not hide wrong answers
		return cli.Exit(cli.Unverified, err)
	case r.Unfinished+r.Dead > 0:
		return cli.Exit(cli.Defects, err)
	}
	return err
}

// verifyLines checks each line of in. name is the name of in for messages.
func verifyLines(s *command.Session, kind, name string, in io.Reader) (*verifyReport, error) {
	r := new(verifyReport)
	for line, err := range output.Parse(in) {
		if s.Context.Err() != nil {
			return nil, cli.Interrupted(s.Context)
		}
		var syntax *output.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			return nil, fmt.Errorf("read the answers: %w", err)
		}
		r.Lines++
		if err == nil {
			err = r.count(s.Context, kind, &line)
		}
		if err != nil {
			r.Wrong++
			s.Notef("%s: %v", name, err)
		}
	}
	return r, nil
}

func (r *verifyReport) print(c *ucli.Context) error {
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	lines := "lines"
	if r.Lines == 1 {
		lines = "line"
	}
	if task.IsExec(c.String("kind")) {
		_, err := fmt.Fprintf(c.App.Writer, "%d %s: %d of the right form and not verified, %d given up, %d wrong\n", r.Lines, lines, r.Unverified, r.Dead, r.Wrong)
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "%d %s: %d verified, %d unfinished, %d given up, %d wrong; primes: %d below 2^64, %d by certificate, %d PRP\n",
		r.Lines, lines, r.Verified, r.Unfinished, r.Dead, r.Wrong, r.Primes.Below, r.Primes.Certificate, r.Primes.Probable)
	return err
}

// count checks one record and counts it. A wrong record is an error and is not counted.
func (r *verifyReport) count(ctx context.Context, kind string, line *output.Line) error {
	if err := checkExpr(line); err != nil {
		return err
	}
	if line.Dead != "" {
		r.Dead++
		return nil
	}
	if line.Kind != "" && line.Kind != kind { // the square 12: 144 is not a factorization
		return fmt.Errorf("line %d: an answer of kind %s, not %s; see --kind", line.Number, line.Kind, kind)
	}
	if task.IsExec(kind) { // Parse has checked the form
		r.Unverified++
		return nil
	}
	if err := verify.Answer(ctx, kind, line.N, &line.Factorization); err != nil {
		return fmt.Errorf("line %d: %w", line.Number, err)
	}
	r.countPrimes(line)
	return nil
}

// checkExpr returns an error unless the number of a line is the value of its expression, if it has one.
func checkExpr(line *output.Line) error {
	if line.Expr == "" {
		return nil
	}
	n, err := expr.Eval(line.Expr)
	switch {
	case err != nil:
		return fmt.Errorf("line %d: the expression %.60q: %w", line.Number, line.Expr, err)
	case n.Cmp(line.N) != 0:
		return fmt.Errorf("line %d: the expression %.60q is %s, not %s", line.Number, line.Expr, task.Brief(task.KindFactor, n), task.Brief(task.KindFactor, line.N))
	}
	return nil
}

// countPrimes counts a correct record and its prime factors.
func (r *verifyReport) countPrimes(line *output.Line) {
	finished := true
	for i, f := range line.Factors {
		switch {
		case f.Status == task.Composite:
			finished = false
		case f.Status == task.PRP:
			r.Primes.Probable++
		case line.Certificate(i) != "":
			r.Primes.Certificate++
		case f.Status == task.Prime:
			r.Primes.Below++
		}
	}
	if finished {
		r.Verified++
	} else {
		r.Unfinished++
	}
}
