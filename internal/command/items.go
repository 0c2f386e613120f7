package command

import (
	"context"
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// itemFlags returns the flags of submit that say what the items of a kind exec:NAME are.
func itemFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.BoolFlag{Name: "null", Aliases: []string{"0"}, DisableDefaultText: true, Usage: "items of kind exec:NAME end with NUL instead of a newline, and so do the answers; items may be empty and may contain newlines", Category: "items"},
		&ucli.BoolFlag{Name: "ndjson", DisableDefaultText: true, Usage: "items of kind exec:NAME and their answers are JSON values, one a line; a line that is none is reported and left out", Category: "items"},
		&ucli.IntFlag{Name: "replicas", Value: 1, Usage: "`NUMBER` of workers that compute each item: with 2, two workers compute each item of kind exec:NAME, and an answer counts once both have given the same one; a third one decides if they differ", Category: "items"},
	}
}

// numberFlags are the flags of submit that mean nothing for items.
var numberFlags = []string{"range", "strict", "full", "certify", "campaign", "work", "explain", "exponents"}

// itemFormat returns the format of the items of a job of that kind, "" for numbers. It refuses flags that do not fit the
// kind, with exit code Usage.
func itemFormat(c *ucli.Context, kind string) (task.Format, error) {
	null, ndjson := c.Bool("null"), c.Bool("ndjson")
	switch {
	case !task.IsExec(kind) && null:
		return "", cli.Usagef("-0 is for items: use it with --kind exec:NAME")
	case !task.IsExec(kind) && ndjson:
		return "", cli.Usagef("--ndjson is for items: use it with --kind exec:NAME")
	case !task.IsExec(kind):
		return "", nil
	case null && ndjson:
		return "", cli.Usagef("use -0 or --ndjson, not both: the lines of --ndjson end with a newline")
	}
	for _, name := range numberFlags {
		if c.IsSet(name) {
			return "", cli.Usagef("--%s is for numbers: leave it out with --kind %s", name, kind)
		}
	}
	switch {
	case null:
		return task.FormatNUL, nil
	case ndjson:
		return task.FormatJSON, nil
	}
	return task.FormatLines, nil
}

// checkItems checks the flags of a submission of items that are parsed.
func checkItems(sub *job.Submission) error {
	switch {
	case sub.Replicas < 1 || sub.Replicas > 2:
		return cli.Usagef("--replicas %d: use 1 or 2", sub.Replicas)
	case sub.Replicas > 1 && !task.IsExec(sub.Kind):
		return cli.Usagef("--replicas 2 is for items: all answers of --kind %s are verified", sub.Kind)
	}
	if task.IsExec(sub.Kind) && sub.Chunking.Timed() {
		return cli.Usagef("--chunk %s needs a prediction, and there is none for the items of --kind %s: use auto or a count of items", sub.Chunking, sub.Kind)
	}
	return nil
}

// checkOutput returns an error with exit code Usage if answers for a job of that kind cannot be written in a format.
func checkOutput(f output.Format, kind string) error {
	if err := output.CheckFormat(f, kind); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	return nil
}

// checkStored is checkOutput for a job that exists. It needs the manifest only for formats that not every kind has.
func checkStored(ctx context.Context, c *ucli.Context, f *fleet.Fleet, id string) error {
	format, err := outputFormat(c)
	if err != nil || format == output.Factor || format == output.JSON {
		return err
	}
	j, err := f.JobSoon(ctx, id)
	if err != nil {
		return err
	}
	return checkOutput(format, j.Kind)
}

// A reading makes the sources of the input: of numbers, or of items of a format.
type reading struct {
	args func([]string) input.Source
	file func(path string) input.Source
}

// readingOf returns the reading of items of format f, or of numbers in a syntax if f is "".
func readingOf(f task.Format, syntax input.Syntax) reading {
	if f == "" {
		return reading{syntax.Args, func(path string) input.Source {
			if path == "-" {
				return syntax.From("-", os.Stdin)
			}
			return syntax.File(path)
		}}
	}
	return reading{
		func(list []string) input.Source { return input.ItemArgs(f, list) },
		func(path string) input.Source {
			if path == "-" {
				return input.ItemsFrom(f, "-", os.Stdin)
			}
			return input.ItemsFile(f, path)
		},
	}
}
