package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/campaign"
	"factorfleet/internal/cli"
	"factorfleet/internal/explain"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
)

// Submit runs the command submit: it feeds the input to a job and, unless --detach is set, prints the
// answers. It reads the flags before it opens the target, so that a usage error starts nothing.
func (s *Session) Submit(c *ucli.Context, open OpenTarget) error {
	sub, err := s.submission(c)
	if err == nil {
		err = checkDetached(c)
	}
	if err != nil {
		return err
	}
	if c.Bool("explain") && sub.Kind == task.KindFactor {
		x := &explainer{session: s, planner: planner{options: explain.Options{Budget: sub.Budget, Work: sub.WorkDigits, Mode: campaign.Mode(sub.Campaign)}}}
		sub.OnNumber = x.number
	}
	s.invite(c, task.Noun(sub.Kind))
	if c.Bool("detach") {
		if err := cli.CheckStdout(); err != nil && sub.ID == "" {
			return fmt.Errorf("%w: the id of the job would be lost; choose one by --id JOB", err)
		}
		return s.detach(&sub, open)
	}
	if format, err := outputFormat(c); err != nil {
		return err
	} else if err := checkOutput(format, sub.Kind); err != nil {
		return err
	}
	class := classOf(&sub)
	return s.foreground(c, open, func(ctx context.Context, t Target, w job.Watch, started func(string)) (*job.Summary, error) {
		w.Slots = t.slotsFor(class)
		return job.Submit(ctx, t.Fleet, sub, w, func(id string) {
			started(id)
			s.noteUnserved(t, class, sub.Replicas)
			go s.noteNoWorker(ctx, t)
		})
	})
}

// invite says what to do if the input is to be typed.
func (s *Session) invite(c *ucli.Context, noun string) {
	if (readsStdin(c) || slices.Contains(c.StringSlice("file"), "-")) && cli.IsTyped() {
		s.typed = true
		s.Notef("type %ss, Ctrl-D ends the input", noun)
	}
}

// Wait runs the command wait: it prints the answers of the job id until the job has finished.
func (s *Session) Wait(c *ucli.Context, id string, open OpenTarget) error {
	return s.foreground(c, open, func(ctx context.Context, t Target, w job.Watch, started func(string)) (*job.Summary, error) {
		started(id)
		if err := checkStored(ctx, c, t.Fleet, id); err != nil {
			return nil, err
		}
		if j, err := t.Fleet.JobSoon(ctx, id); err == nil && !j.Finished() { // else Wait has the error
			s.noteUnserved(t, j.Queue(), j.Replicas)
			go s.noteNoWorker(ctx, t)
		}
		if c.Bool("explain") {
			if err := s.explainStored(ctx, t.Fleet, id); err != nil {
				return nil, err
			}
		}
		return job.Wait(ctx, t.Fleet, id, w)
	})
}

// Results runs the command results: it prints the answers that the job id has now.
func (s *Session) Results(c *ucli.Context, id string, open OpenTarget) error {
	return s.foreground(c, open, func(ctx context.Context, t Target, w job.Watch, started func(string)) (*job.Summary, error) {
		started(id)
		if err := checkStored(ctx, c, t.Fleet, id); err != nil {
			return nil, err
		}
		return job.Results(ctx, t.Fleet, id, w)
	})
}

// detach queues all input of a job and prints the job's id, once no input can be lost any more. The
// exit code is Defects if the input has tokens that are not numbers, or could not be read to its end.
//
// sub is read once the target is open: see retryTarget.
func (s *Session) detach(sub *job.Submission, open OpenTarget) error {
	target, closeTarget, err := open()
	if err != nil {
		return Fail(err)
	}
	defer closeTarget()
	w := job.Watch{Log: s.Log, Leave: s.leave, Slots: target.slotsFor(classOf(sub)), Status: s.logStatus}
	var id string
	ctx, stopLooking := s.whileStreamsExist(s.Context, target)
	defer stopLooking()
	j, err := job.Feed(ctx, target.Fleet, *sub, w, func(started string) { id = started })
	if errors.As(err, new(cli.SignalError)) {
		return target.withHint(err, id, task.Noun(sub.Kind))
	}
	if err != nil {
		return Fail(err)
	}
	if _, err := fmt.Fprintln(s.Screen.Stdout(), j.ID); err != nil {
		return cli.WithHint(Fail(fmt.Errorf("write the id of the job: %w", err)), "the job is queued, its id is %s", j.ID)
	}
	s.noteUnserved(target, j.Queue(), j.Replicas)
	s.noteNone(target)
	if target.Detached {
		s.warnUnsupervised(target.Fleet, j)
	}
	if j.CutOff {
		return fmt.Errorf("the input of job %s ended early: %s", j.ID, j.Note)
	}
	if j.BadCount > 0 {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// logStatus logs what a job waits for; "" means that it waits for nothing.
func (s *Session) logStatus(what string) {
	if what != "" {
		s.Log.Info().Msg(what)
	}
}
