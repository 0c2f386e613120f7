package main

import (
	"context"
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

func jobStatus(ctx context.Context, c *ucli.Context, fl *fleet.Fleet, id string) error {
	j, err := knownJob(ctx, fl, id)
	if err != nil {
		return err
	}
	r, err := observe.JobOf(ctx, fl, j)
	if err == nil && c.Bool("explain") {
		r.Plans, err = command.JobPlans(ctx, fl, j)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	fmt.Fprintf(c.App.Writer, "job %s is %s (%s, priority %s%s, chunks %s): %s, created %s ago\n", id, observe.StateOf(j, fl.Now(ctx)), j.Kind, j.Class, requires(j), j.Chunk, supervision(r), ageAt(j.Created, fl.Now(ctx)))
	fmt.Fprintf(c.App.Writer, "  %ss %d  answered %s  queued %d in %s  dead letters %d  bad %s %d\n", task.Noun(j.Kind), r.Stored, answered(r), r.Queued, text.Count(uint64(r.Chunks), "chunk"), r.Letters, badNoun(j), j.BadCount)
	if r.Share > 0 {
		fmt.Fprintf(c.App.Writer, "  %s\n", progress(r))
	}
	if rules := rulesOf(j, fl.Now(ctx)); rules != "" && !j.Finished() {
		fmt.Fprintf(c.App.Writer, "  rules: %s\n", rules)
	}
	for _, why := range r.Waits {
		fmt.Fprintf(c.App.Writer, "  %s\n", why)
	}
	printHard(c, r)
	if j.Note != "" {
		fmt.Fprintf(c.App.Writer, "  note: %s\n", j.Note)
	}
	return nil
}

// progress says how much of the predicted work of a job is done, and how long the rest takes if that is known.
func progress(r *observe.Job) string {
	done := fmt.Sprintf("%.1f%% of the work is done", min(r.Share, 0.999)*100)
	if r.Known {
		done += ", about " + text.Rough(r.ETA) + " left"
	}
	return done
}

// badNoun returns what the report calls input that is no number, or no item.
func badNoun(j *task.Job) string {
	if task.IsExec(j.Kind) {
		return "items"
	}
	return "tokens"
}

// requires says which labels the workers of a job must have.
func requires(j *task.Job) string {
	if j.Route == "" {
		return ""
	}
	return ", requires " + strings.ReplaceAll(j.Route, "+", " and ")
}

// maxFacts is how many numbers that take long the report lists.
const maxFacts = 5

// printHard prints the plans of the hard numbers, how far the work on them is, and why campaigns have ended.
func printHard(c *ucli.Context, r *observe.Job) {
	for i := range r.Plans {
		for _, line := range r.Plans[i].Lines() {
			fmt.Fprintf(c.App.Writer, "  %s\n", line)
		}
	}
	for i := range min(len(r.Facts), maxFacts) {
		fmt.Fprintf(c.App.Writer, "  %s\n", r.Facts[i].String())
	}
	if more := len(r.Facts) - maxFacts; more > 0 {
		fmt.Fprintf(c.App.Writer, "  and %s more that take long\n", text.Count(uint64(more), "number"))
	}
	for i := range r.Campaigns {
		if x := &r.Campaigns[i]; x.State == task.PartDone && x.Note != "" {
			fmt.Fprintf(c.App.Writer, "  number %d: the workers that helped have stopped: %s\n", x.Position+1, x.Note)
		}
	}
}

// knownJob returns the manifest of a job. If there is no such job, or it was removed, the error wraps
// fleet.ErrNoJob.
func knownJob(ctx context.Context, fl *fleet.Fleet, id string) (*task.Job, error) {
	j, err := fl.JobSoon(ctx, id)
	if err != nil {
		return nil, err
	}
	if j.State == task.Removed {
		return nil, fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id)
	}
	return j, nil
}

// answered returns the count of answers as text.
func answered(r *observe.Job) string {
	if r.AtMost {
		return fmt.Sprintf("at most %d", r.Answered)
	}
	if r.Unfinished > 0 { // known when the job is done
		return fmt.Sprintf("%d (%d unfinished)", r.Answered, r.Unfinished)
	}
	return fmt.Sprint(r.Answered)
}

// supervision says whether the job has finished, or else which process supervises it.
func supervision(r *observe.Job) string {
	switch {
	case r.Finished() && r.FinishedEarly != nil:
		return "finished early"
	case r.Finished():
		return "finished"
	case r.Holder != "" && r.FinishedEarly != nil:
		return "ends early, supervised by process " + text.Sanitize(r.Holder, 80)
	case r.Holder != "":
		return "supervised by process " + text.Sanitize(r.Holder, 80)
	}
	return "no process supervises it (run `producer serve`, or `producer wait " + r.ID + "`)"
}
