package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/campaign"
	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// notOfRetry has the flags of submit that say what the input is. That of a retry is the unfinished numbers of a job.
var notOfRetry = []string{"file", "range", "strict", "kind", "sleep", "replicas", "null", "ndjson", "one", "explain"}

// RetryFlags returns the flags of `producer retry --unfinished`: those of submit but for its input.
func RetryFlags() []ucli.Flag {
	return slices.DeleteFunc(SubmitFlags(), func(f ucli.Flag) bool { return slices.Contains(notOfRetry, f.Names()[0]) })
}

// Retry runs the command retry for the numbers that the job id has left unfinished: they become the input of a new job,
// with their known factors, and are computed with a new budget. The answers of the job id stay as they are.
func (s *Session) Retry(c *ucli.Context, id string, open OpenTarget) error {
	if !c.IsSet("budget") || c.Duration("budget") <= 0 {
		return cli.Usagef("retry --unfinished needs --budget DURATION, the CPU time for each number, such as --budget 2h")
	}
	sub, err := s.settings(c, task.KindFactor)
	if err != nil {
		return err
	}
	sub.Retries = id
	if !c.Bool("detach") {
		err = s.foreground(c, open, func(ctx context.Context, t Target, w job.Watch, started func(string)) (*job.Summary, error) {
			if err := s.readUnfinished(ctx, c, t.Fleet, &sub); err != nil {
				return nil, err
			}
			class := classOf(&sub)
			w.Slots = t.slotsFor(class)
			return job.Submit(ctx, t.Fleet, sub, w, func(created string) {
				started(created)
				s.noteUnserved(t, class, 1)
			})
		})
	} else if err = cli.CheckStdout(); err == nil {
		err = s.detach(&sub, s.retryTarget(c, &sub, open))
	}
	if errors.Is(err, errNothingLeft) {
		s.Notef("job %s has no unfinished numbers", id)
		return nil
	}
	return err
}

// retryTarget returns open with a look at the job that sub retries: the numbers are the sources of sub then.
func (s *Session) retryTarget(c *ucli.Context, sub *job.Submission, open OpenTarget) OpenTarget {
	return func() (Target, func(), error) {
		t, closeTarget, err := open()
		if err != nil {
			return t, closeTarget, err
		}
		if err := s.readUnfinished(s.Context, c, t.Fleet, sub); err != nil {
			closeTarget()
			return Target{}, nil, err
		}
		return t, closeTarget, nil
	}
}

// errNothingLeft says that a job has no unfinished numbers.
var errNothingLeft = errors.New("no unfinished numbers")

// readUnfinished reads the unfinished numbers of the job that sub retries, and makes them the source of sub. What the
// command line does not say is as that job has it. An error wraps errNothingLeft if there are none.
func (s *Session) readUnfinished(ctx context.Context, c *ucli.Context, f *fleet.Fleet, sub *job.Submission) error {
	j, err := f.JobSoon(ctx, sub.Retries)
	switch {
	case err != nil:
		return err
	case j.State == task.Removed:
		return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, j.ID)
	case j.Kind != task.KindFactor:
		return fmt.Errorf("%w: job %s is of kind %s: only numbers to factor can be unfinished", fleet.ErrDiffers, j.ID, j.Kind)
	case !j.Finished():
		return cli.WithHint(fmt.Errorf("%w: job %s has not finished", fleet.ErrDiffers, j.ID), "`producer wait %s` waits for it", j.ID)
	}
	var left []input.Number
	effort := explain.EarlierEffort{Job: j}
	sum, err := job.Results(ctx, f, j.ID, job.Watch{
		Ordered: true, Leave: s.leave, Log: s.Log, Emit: func(item *collect.Item) error {
			if item.Dead == "" && item.Unfinished() {
				left = append(left, unfinishedNumber(item))
				effort.Add(item.N.BitLen(), &item.Factorization)
			}
			return nil
		},
	})
	switch {
	case err != nil:
		return err
	case len(left) == 0:
		return errNothingLeft
	}
	if sum.Missing > 0 {
		s.Notef("%s of job %s without an answer: they are not retried", text.Count(sum.Missing, "number"), j.ID)
	}
	if sub.Budget <= j.Budget && j.FinishedEarly == nil {
		s.Notef("job %s had a budget of %v already: %v will hardly find more", j.ID, j.Budget, sub.Budget)
	}
	sub.Sources = []input.Source{input.Numbers(left)}
	inherit(c, sub, j)
	if !c.IsSet("work") {
		sub.WorkDigits = effort.Digits()
	}
	s.Notef("computing %s of job %s again, as a new job", text.Count(uint64(len(left)), "unfinished number"), j.ID)
	return nil
}

// unfinishedNumber returns the number of an answer with the factors that are known of it.
func unfinishedNumber(item *collect.Item) input.Number {
	var factors []nat.Nat
	for i := range item.Factors {
		factors = append(factors, item.Factors[i].P)
	}
	return input.NumberOf(item.N, factors)
}

// inherit sets what the command line does not say to what the job j has.
func inherit(c *ucli.Context, sub *job.Submission, j *task.Job) {
	if !c.IsSet("priority") {
		sub.Class = j.Class
	}
	if !c.IsSet("require") {
		sub.Route = j.Route
	}
	if !c.IsSet("certify") {
		sub.Certify = j.Certify
	}
	if !c.IsSet("campaign") && j.Campaign != "" {
		sub.Campaign = j.Campaign
	}
	if sub.Route != "" && sub.Campaign == string(campaign.Always) {
		sub.Campaign = string(campaign.Auto)
	}
}
