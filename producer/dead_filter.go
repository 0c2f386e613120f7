package main

import (
	"context"
	"regexp"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
)

// letterFilterFlags returns the flags of the commands of dead that select letters.
func letterFilterFlags() []ucli.Flag {
	const category = "which dead letters"
	return []ucli.Flag{
		&ucli.StringFlag{Name: "failure", Category: category, Usage: "only those with an error that matches `REGEX`, the letter's own or one of its attempts' (syntax of RE2)"},
		&ucli.StringFlag{Name: "worker", Category: category, Usage: "only those that the worker `NAME` has tried"},
		command.SinceFlag("only those that were written", category),
	}
}

// A letterFilter selects dead letters. A zero field selects all.
type letterFilter struct {
	failure *regexp.Regexp
	worker  string
	since   job.Moment
}

// newLetterFilter returns the filter that the flags set; nil if none is set. Its errors have exit code Usage.
func newLetterFilter(c *ucli.Context) (*letterFilter, error) {
	f := &letterFilter{worker: c.String("worker")}
	err := command.CheckWorkerFilter(c)
	if err == nil {
		f.since, err = command.ParseSince(c, time.Now())
	}
	if err == nil && c.IsSet("failure") {
		if f.failure, err = regexp.Compile(c.String("failure")); err != nil {
			err = cli.Usagef("--failure: %w", err)
		}
	}
	if err == nil && f.failure == nil && f.worker == "" && f.since == (job.Moment{}) {
		return nil, nil
	}
	return f, err
}

// choose returns the letters of a job, or of all jobs for "", that f selects; all for nil. It reads the records of attempts
// at them if f looks for something in these.
func (f *letterFilter) choose(ctx context.Context, fl *fleet.Fleet, id string, letters []fleet.DeadLetter) ([]fleet.DeadLetter, error) {
	if f == nil {
		return letters, nil
	}
	wanted := make(map[jobRange]bool, len(letters))
	for i := range letters {
		wanted[jobRange{letters[i].Job, letters[i].Range}] = true
	}
	attempts := make(map[jobRange][]fleet.DeadLetter)
	if f.failure != nil || f.worker != "" {
		records, err := fl.Attempts(ctx, id, func(job string, r task.Range) bool { return wanted[jobRange{job, r}] })
		if err != nil {
			return nil, err
		}
		for _, a := range records {
			at := jobRange{a.Job, a.Range}
			attempts[at] = append(attempts[at], a)
		}
	}
	since := command.SinceAt(f.since, fl.Now(ctx))
	return slices.DeleteFunc(slices.Clone(letters), func(l fleet.DeadLetter) bool {
		return !f.selects(&l, attempts[jobRange{l.Job, l.Range}], since)
	}), nil
}

// selects reports whether f selects a letter, to whose range attempts belong.
func (f *letterFilter) selects(l *fleet.DeadLetter, attempts []fleet.DeadLetter, since time.Time) bool {
	if l.Time.Before(since) {
		return false
	}
	if f.failure != nil && !f.failure.MatchString(l.Err) &&
		!slices.ContainsFunc(attempts, func(a fleet.DeadLetter) bool { return !a.Begun && f.failure.MatchString(a.Err) }) {
		return false
	}
	return f.worker == "" || l.Writer == f.worker ||
		slices.ContainsFunc(attempts, func(a fleet.DeadLetter) bool { return a.Writer == f.worker }) ||
		slices.ContainsFunc(l.Seen, func(s task.Seen) bool { return s.Worker == f.worker })
}
