package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

func verifyCommand() *ucli.Command {
	return &ucli.Command{
		Name: "verify", Usage: "check a file of answers in any output format, without a server", ArgsUsage: "FILE",
		Description: "Checks each line: the product, and that every factor is prime (proved below 2^64, above by its certificate if the line has one, else Baillie-PSW). FILE - is standard input.",
		Flags: []ucli.Flag{
			&ucli.StringFlag{Name: "kind", Value: task.KindFactor, Usage: "`KIND` of work whose answers these are: factor or square"},
			jsonFlag(),
		},
		Action: func(c *ucli.Context) error {
			path, err := cli.Arg(c, "FILE")
			if err != nil {
				return err
			}
			if kind := c.String("kind"); kind != task.KindFactor && kind != task.KindSquare {
				return cli.Usagef("%q is not a kind of work: use factor or square", kind)
			}
			return inSession(c, func(s *command.Session) error { return verifyFile(c, s, path) })
		},
	}
}

// A verifyReport counts the lines of a file.
type verifyReport struct {
	Lines      uint64 `json:"lines"`      // records read
	Verified   uint64 `json:"verified"`   // complete, and true
	Unfinished uint64 `json:"unfinished"` // true as far as they go
	Dead       uint64 `json:"dead"`       // say that the number was given up
	Wrong      uint64 `json:"wrong"`      // not true, or no record

	// The prime factors of the lines that are not wrong, each as often as lines have it.
	Primes struct {
		Below       uint64 `json:"below_2_64"`     // proved here
		Certificate uint64 `json:"by_certificate"` // proved by what the line carries
		Probable    uint64 `json:"prp"`            // pass Baillie-PSW
	} `json:"primes"`
}

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
	var r verifyReport
	for line, err := range output.Parse(in) {
		if s.Context.Err() != nil {
			return cli.Interrupted(s.Context)
		}
		var syntax *output.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			return fmt.Errorf("read the answers: %w", err)
		}
		r.Lines++
		if err == nil {
			err = r.count(c.String("kind"), &line)
		}
		if err != nil {
			r.Wrong++
			fmt.Fprintf(s.Screen, "producer: %s: %v\n", path, err)
		}
	}
	if c.Bool("json") {
		if err := printJSON(c, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.App.Writer, "%d lines: %d verified, %d unfinished, %d given up, %d wrong; primes: %d below 2^64, %d by certificate, %d PRP\n",
			r.Lines, r.Verified, r.Unfinished, r.Dead, r.Wrong, r.Primes.Below, r.Primes.Certificate, r.Primes.Probable)
	}
	switch {
	case r.Wrong > 0:
		return cli.Exit(cli.Unverified, nil)
	case r.Unfinished+r.Dead > 0:
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// count checks one record and counts it unless it is wrong.
func (r *verifyReport) count(kind string, line *output.Line) error {
	if line.Dead != "" {
		r.Dead++
		return nil
	}
	if line.Kind != "" && line.Kind != kind { // 12: 144 is no factorization
		return fmt.Errorf("line %d: an answer of kind %s; see --kind", line.Number, line.Kind)
	}
	if err := verify.Answer(kind, line.N, &line.Factorization); err != nil {
		return fmt.Errorf("line %d: %w", line.Number, err)
	}
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
	return nil
}
