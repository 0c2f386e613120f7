package command

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/campaign"
	"factorfleet/internal/cli"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// SubmitDescription says where submit reads its numbers, and what items are.
const SubmitDescription = `Numbers are read from the arguments, then from --range, then from -f. Without any of these they
are read from standard input. White space separates numbers, and a # before a word begins a comment.
Files may be compressed by gzip or zstd. A number may be an expression:

  submit '2^127-1' '(10^40-1)/9' '30!+1' 20# 'fib(100)' 'luc(50)' 0xff 1_000_000

From the tightest to the loosest: ! (factorial) and # (primorial), ^ or ** (from right to left),
signs, * / % (/ only without a remainder), + and -. Values are below 2^16384. In a file an expression
may have spaces, as in 2^127 - 1; but 12 -5 are two numbers, and the second one is invalid.
--strict reads digits only, as factor of coreutils does.

A number may come with factors that are known of it, as n=p*q^2*...: a line of --format factordb.
They need not be prime, nor all. The workers begin with them. n may be an expression, the factors
are digits: 2^128+1=59649589127497217

With --kind exec:NAME the workers that offer NAME (consumer run --exec) run a command for each item.
An item is a line of the input: all its bytes but the newline, at most 65,536. Empty lines are
skipped, unless -0 is given. Each argument is an item, too. The answer is the line that the command
writes for the item. Answers are printed in the order of the items, one line each; an item that was
given up has an empty line (null with --ndjson). Answers of commands are not verified. An example:

  submit --kind exec:resize -f pictures.txt -o results.txt
  paste pictures.txt results.txt                               each picture beside its answer`

// SubmitFlags returns the flags of submit, with those of OutputFlags.
func SubmitFlags() []ucli.Flag {
	return append([]ucli.Flag{
		&ucli.StringSliceFlag{Name: "file", Aliases: []string{"f"}, Usage: "read numbers, or items, from `FILE`, - is standard input; may be repeated"},
		&ucli.BoolFlag{Name: "strict", DisableDefaultText: true, Usage: "read digits only, as factor of coreutils does: no expressions, no comments"},
		&ucli.StringSliceFlag{Name: "range", Usage: "read the numbers A, A+STEP, ... up to B from `A:B[:STEP]`; STEP is 1 if omitted; each may be an expression, as in 10^12:10^12+100; may be repeated"},
		&ucli.StringFlag{Name: "chunk", Value: "auto", Usage: "`SIZE` of a task: auto, a count of numbers such as 43, or a predicted computing time such as 5s; auto is at most 50 items of kind exec:NAME"},
		&ucli.StringFlag{Name: "id", Usage: "`JOB` id; submitting the same input with the same id again resumes that job"},
		&ucli.StringFlag{Name: "priority", Value: string(task.ClassNorm), Usage: "priority `CLASS` of the job: hi, norm or low"},
		RequireFlag(),
		&ucli.DurationFlag{Name: "budget", DefaultText: "enough for up to 100 digits; above, at most 10m", Usage: "longest CPU time that a worker spends on one number, on all its cores together, as a `DURATION`; of kind exec:NAME the longest time that a command takes for one item"},
		&ucli.BoolFlag{Name: "certify", DisableDefaultText: true, Usage: "prove prime factors of 2^64 and more, as far as the budget allows; JSON output contains the certificates"},
		oneFlag(),
		&ucli.StringFlag{Name: "campaign", Value: string(campaign.Auto), Usage: "`WHEN` to have free workers sieve a number of 75 to 108 digits together: auto is if that saves time, or always, or never"},
		workFlag(),
		DeadlineFlag(),
		&ucli.StringFlag{Name: "kind", Value: task.KindFactor, Usage: "`KIND` of work: factor, square to measure the queue, or exec:NAME to have the command NAME of the workers compute items"},
		&ucli.DurationFlag{Name: "sleep", Usage: "with --kind square: `DURATION` that each number takes, up to 1h, to see how tasks are distributed"},
		&ucli.BoolFlag{Name: "detach", DisableDefaultText: true, Usage: "queue all input, print the job id and exit without waiting"},
		&ucli.DurationFlag{Name: "keep", DefaultText: "720h with --id or --detach, else 0s", Usage: "`DURATION` to keep the job after it has finished"},
		&ucli.BoolFlag{Name: "reuse", Value: true, Usage: "answer numbers of 50 digits and more that the server's cache knows without work, and verify them as any answer; --reuse=false computes all"},
		ExplainFlag(),
		cli.ProgressFlag(),
	}, slices.Concat(itemFlags(), ruleFlags(), NotifyFlags(), OutputFlags())...)
}

// DeadlineFlag returns the flag --deadline: how long a command waits for its job; 0 = without a limit.
func DeadlineFlag() ucli.Flag {
	return &ucli.DurationFlag{Name: "deadline", DefaultText: "none", Usage: "stop waiting after `DURATION`, with exit code 4"}
}

// CheckKind returns an error with exit code Usage unless kind is a kind of work.
func CheckKind(kind string) error {
	name, exec := strings.CutPrefix(kind, task.ExecPrefix)
	switch {
	case kind == task.KindFactor || kind == task.KindSquare || task.IsExec(kind):
		return nil
	case exec:
		return cli.Usagef("%.40q is not the name of a command: use 1 to 24 of a-z 0-9 _ -", name)
	}
	return cli.Usagef("%.40q is not a kind of work: use factor, square or exec:NAME", kind)
}

// submission returns what the flags of submit request. All its errors have exit code Usage. A job is
// kept if its user may come back to it: if the user chose its id, or does not wait for it.
func (s *Session) submission(c *ucli.Context) (job.Submission, error) {
	sub, err := s.settings(c, c.String("kind"))
	if err != nil {
		return sub, err
	}
	sub.Sources, err = sources(c, readingOf(sub.Format, syntaxOf(c)))
	return sub, err
}

// settings is submission for a job of that kind without the sources of its numbers.
func (s *Session) settings(c *ucli.Context, kind string) (job.Submission, error) {
	sub := job.Submission{
		ID: c.String("id"), Kind: kind, Class: task.Class(c.String("priority")),
		Sleep: c.Duration("sleep"), Replicas: c.Int("replicas"), Budget: c.Duration("budget"), Certify: c.Bool("certify"), One: c.Bool("one"), Campaign: c.String("campaign"), Keep: c.Duration("keep"), Reuse: c.Bool("reuse"),
		OnBad: func(b task.BadToken) { s.Notef("%s", input.Describe(b)) },
	}
	if c.Value("replicas") == nil { // a command without that flag
		sub.Replicas = 1
	}
	if err := checkSubmission(c, &sub); err != nil {
		return sub, err
	}
	var err error
	if sub.Route, err = routeOf(c, sub.Kind); err != nil {
		return sub, err
	}
	if _, err := campaign.ParseMode(sub.Campaign); err != nil {
		return sub, cli.Usagef("--campaign %w", err)
	}
	if sub.Format, err = itemFormat(c, sub.Kind); err != nil {
		return sub, err
	}
	if sub.Route != "" && sub.Campaign == string(campaign.Always) {
		return sub, cli.Usagef("--campaign always: every worker takes part in a campaign, also those without the labels of --require")
	}
	if sub.WorkDigits, err = parseWork(c.String("work")); err != nil {
		return sub, err
	}
	if sub.WorkDigits > 0 && sub.Kind != task.KindFactor {
		return sub, cli.Usagef("--work requires --kind factor")
	}
	if sub.Rules, err = rules(c, time.Now()); err != nil {
		return sub, err
	}
	if sub.Keep == 0 && (sub.ID != "" || c.Bool("detach")) {
		sub.Keep = job.DefaultKeep
	}
	if sub.Chunking, err = plan.ParseChunking(c.String("chunk")); err != nil {
		return sub, cli.Exit(cli.Usage, err)
	}
	return sub, checkItems(&sub)
}

// checkSubmission checks the flags that need no parsing.
func checkSubmission(c *ucli.Context, sub *job.Submission) error {
	if err := task.CheckClass(sub.Class); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	if err := CheckKind(sub.Kind); err != nil {
		return err
	}
	if sub.One && sub.Kind != task.KindFactor {
		return cli.Usagef("--one requires --kind factor")
	}
	if sub.Certify && sub.Kind != task.KindFactor {
		return cli.Usagef("--certify requires --kind factor")
	}
	switch {
	case c.IsSet("sleep") && sub.Kind != task.KindSquare:
		return cli.Usagef("--sleep requires --kind square")
	case sub.Sleep < 0 || sub.Sleep > task.MaxSleep:
		return cli.Usagef("--sleep must be from 0s to %.0fh", task.MaxSleep.Hours())
	}
	if sub.ID != "" {
		if err := task.CheckJob(sub.ID); err != nil {
			return cli.Exit(cli.Usage, err)
		}
	}
	for _, name := range []string{"budget", "keep", "deadline"} {
		if c.Duration(name) < 0 {
			return cli.Usagef("--%s must not be negative", name)
		}
	}
	return nil
}

// syntaxOf returns which texts are numbers.
func syntaxOf(c *ucli.Context) input.Syntax { return input.Syntax{Strict: c.Bool("strict")} }

// sources returns the sources of numbers or items in the order of the output: arguments, ranges, files. It
// returns standard input if the command line names none.
func sources(c *ucli.Context, of reading) ([]input.Source, error) {
	var list []input.Source
	if c.NArg() > 0 {
		list = append(list, of.args(c.Args().Slice()))
	}
	for _, text := range c.StringSlice("range") {
		steps, err := syntaxOf(c).ParseRange(text)
		if err != nil {
			return nil, cli.Exit(cli.Usage, err)
		}
		list = append(list, steps)
	}
	for _, path := range c.StringSlice("file") {
		if err := checkFile(path); err != nil {
			return nil, cli.Exit(cli.Usage, fmt.Errorf("open the input: %w", err))
		}
		list = append(list, of.file(path))
	}
	if len(list) == 0 {
		list = append(list, of.file("-"))
	}
	return list, nil
}

// checkFile checks one value of -f. It opens no file: the job does when it comes to it, so that any number of files can be
// named. A file that does not exist is a usage error now.
func checkFile(path string) error {
	if path == "-" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	return nil
}
