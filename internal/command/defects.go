package command

import (
	"fmt"

	"factorfleet/internal/cli"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// reportDefects prints one line for each kind of defect of a job that has ended, and for each token
// that is not a number. If there are any, it returns exit code Defects without a message. A prime that
// was not proved is reported and is no defect.
func (f *foregroundJob) reportDefects(sum *job.Summary) error {
	note, id := f.session.Notef, sum.Job.ID
	if f.c.Command.Name != "submit" { // submit has reported them while it read the input
		for _, b := range sum.Job.Bad {
			note("%s", input.Describe(b))
		}
		if more := sum.Job.BadCount - uint64(len(sum.Job.Bad)); more > 0 {
			note("and %s more", text.Count(more, "bad "+badNoun(&sum.Job)))
		}
	}
	if p := f.printer; p.filter != nil {
		note("%s", p.filter.describe(task.Noun(sum.Job.Kind)))
	}
	if sum.Job.CutOff {
		note("the input of job %s was cut off after %s: %s", id, text.Count(sum.Job.Count, task.Noun(sum.Job.Kind)), sum.Job.Note)
	}
	if !sum.Complete() { // results does not wait, and a job can get more input
		note("%s", incomplete(sum))
	}
	if sum.Unfinished > 0 && sum.Job.FinishedEarly != nil {
		note("%s left unfinished: the job was ended early", text.Count(sum.Unfinished, "number"))
	} else if sum.Unfinished > 0 {
		note("%s", f.printer.unfinished.describe(sum.Unfinished, sum.Job.Budget))
		if f.target.Detached && sum.Job.Keep > 0 && sum.Job.State == task.Done {
			note("`producer retry %s --unfinished --budget %s` goes on with what is known of them", id, f.printer.unfinished.next(sum.Job.Budget))
		}
	}
	if n := f.printer.unproved; sum.Job.Certify && n > 0 {
		note("a prime factor of %s was not proved within the budget; its status in JSON is PRP", text.Count(n, "number"))
	}
	if n := sum.Counts.Dead; n > 0 && f.target.Private {
		note("the job gave up %s", text.Count(n, task.Noun(sum.Job.Kind)))
	} else if n > 0 {
		note("job %s gave up %s; %s", id, text.Count(n, task.Noun(sum.Job.Kind)), f.target.Dead(id))
	}
	if !sum.Clean() {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// incomplete says how many numbers of a job have no answer yet, and how to get the answers. The total
// of an open job is the count of numbers that are stored now.
func incomplete(sum *job.Summary) string {
	id := sum.Job.ID
	if sum.Missing+sum.Verified+sum.Counts.Dead == 0 {
		return noNumbers(&sum.Job)
	}
	missing := fmt.Sprintf("no answer yet for %s of %s", text.Thousands(sum.Missing), text.Count(sum.Missing+sum.Verified+sum.Counts.Dead, task.Noun(sum.Job.Kind)))
	switch sum.Job.State {
	case task.Open:
		return fmt.Sprintf("%s, and the input of job %s is still being read; `producer wait %s` waits for the rest", missing, id, id)
	case task.Cancelled:
		return fmt.Sprintf("%s: job %s was cancelled", missing, id)
	}
	return fmt.Sprintf("%s; `producer wait %s` waits for the rest", missing, id)
}

// noNumbers says why a job without numbers is incomplete: it is open or cancelled.
func noNumbers(j *task.Job) string {
	if j.State == task.Open {
		return fmt.Sprintf("job %s has no %ss yet: its input is still being read; `producer wait %s` waits for it", j.ID, task.Noun(j.Kind), j.ID)
	}
	return fmt.Sprintf("job %s was cancelled before it had any %ss", j.ID, task.Noun(j.Kind))
}

// badNoun returns what a job calls a piece of its input that it cannot use.
func badNoun(j *task.Job) string {
	if task.IsExec(j.Kind) {
		return "item"
	}
	return "token"
}
