package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// A jobReport is the report of `status JOB`.
type jobReport struct {
	*task.Job
	Holder   string `json:"holder"`       // the process that supervises the job; "" = none
	Stored   uint64 `json:"stored"`       // numbers in FACTOR_INPUTS
	Answered uint64 `json:"answered"`     // numbers with an answer, which this process has not verified
	AtMost   bool   `json:"at_most"`      // Answered is an upper bound
	Queued   uint64 `json:"queued"`       // numbers that are queued, running, or handed back by a worker
	Chunks   int    `json:"chunks"`       // tasks with these numbers
	Letters  int    `json:"dead_letters"` // dead letters

	Campaigns []fleet.Campaign `json:"campaigns,omitempty"` // numbers that several workers work on together
	Facts     []explain.Facts  `json:"facts,omitempty"`     // how far the work on the numbers is that take long
	Plans     []explain.Plan   `json:"plans,omitempty"`     // of the first hard numbers; only with --explain

	Supervisors int `json:"supervisors"` // of the fleet; 0 = it is unsupervised

	Waits []string `json:"waits,omitempty"` // why tasks wait: no active worker takes them, or workers have handed them back
}

func jobStatus(ctx context.Context, c *ucli.Context, fl *fleet.Fleet, id string) error {
	j, err := knownJob(ctx, fl, id)
	if err != nil {
		return err
	}
	r, err := reportJob(ctx, fl, j)
	if err == nil && c.Bool("explain") {
		r.Plans, err = command.JobPlans(ctx, fl, j)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	fmt.Fprintf(c.App.Writer, "job %s is %s (%s, priority %s%s, chunks %s): %s, created %s ago\n", id, stateOf(j, fl.Now(ctx)), j.Kind, j.Class, requires(j), j.Chunk, r.supervision(), ageAt(j.Created, fl.Now(ctx)))
	fmt.Fprintf(c.App.Writer, "  %ss %d  answered %s  queued %d in %s  dead letters %d  bad %s %d\n", task.Noun(j.Kind), r.Stored, r.answered(), r.Queued, text.Count(uint64(r.Chunks), "chunk"), r.Letters, badNoun(j), j.BadCount)
	if rules := rulesOf(j, fl.Now(ctx)); rules != "" && !j.Finished() {
		fmt.Fprintf(c.App.Writer, "  rules: %s\n", rules)
	}
	for _, why := range r.Waits {
		fmt.Fprintf(c.App.Writer, "  %s\n", why)
	}
	r.printHard(c)
	if j.Note != "" {
		fmt.Fprintf(c.App.Writer, "  note: %s\n", j.Note)
	}
	return nil
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
func (r *jobReport) printHard(c *ucli.Context) {
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

// reportJob counts what the streams contain of a job.
func reportJob(ctx context.Context, fl *fleet.Fleet, j *task.Job) (*jobReport, error) {
	r := &jobReport{Job: j}
	var err error
	if r.Holder, err = fl.Holder(ctx, j.ID); err != nil {
		return nil, err
	}
	supervisors, err := fl.Supervisors(ctx)
	if err != nil {
		return nil, err
	}
	if r.Supervisors = len(supervisors); r.Holder == "" && r.Supervisors > 0 && !j.Finished() {
		r.Holder = supervisors[0]
	}
	in, err := fl.Inputs(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	r.Stored = in.Count()
	queued, err := fl.Backlog(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	r.Queued, r.Chunks = queued.Ranges.Len(), queued.Chunks
	if r.Letters, err = fl.CountDead(ctx, j.ID); err != nil {
		return nil, err
	}
	if !j.Finished() {
		if r.Campaigns, err = fl.Campaigns(ctx, j.ID); err != nil {
			return nil, err
		}
		workers, err := fl.Workers(ctx)
		if err != nil {
			return nil, err
		}
		now := fl.Now(ctx)
		for i := range workers {
			workers[i].Activities = activitiesAt(&workers[i], now)
		}
		r.Waits = append(waitsOf(j, queued.Classes, workers), handedBack(j, queued)...)
		r.Facts = explain.FactsOf(j.ID, workers, r.Campaigns)
	}
	answered, err := fl.CountAnswered(ctx, j, queued, r.Stored, uint64(r.Letters))
	r.Answered, r.AtMost = answered.Numbers, answered.AtMost
	return r, err
}

// waitsOf says why tasks of a job wait: of which of its classes, among them classes, too few workers take the tasks.
func waitsOf(j *task.Job, classes []task.Class, workers []worker.Status) (list []string) {
	if why := command.Alone(j.Queue(), j.Replicas, workers); why != "" {
		list = append(list, why)
	}
	for _, class := range append([]task.Class{j.Queue()}, classes...) {
		if why := command.Unserved(class, workers); class.Route() != "" && why != "" && !slices.Contains(list, why) {
			list = append(list, why)
		}
	}
	return list
}

// handedBack says how many numbers or items workers have handed back that are not queued again yet.
func handedBack(j *task.Job, queued *fleet.Backlog) []string {
	n := queued.Returned.Len()
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s handed back by workers, to be queued again after a pause of up to 2 minutes", text.Count(n, task.Noun(j.Kind)))}
}

// answered returns the count of answers as text.
func (r *jobReport) answered() string {
	if r.AtMost {
		return fmt.Sprintf("at most %d", r.Answered)
	}
	if r.Unfinished > 0 { // known when the job is done
		return fmt.Sprintf("%d (%d unfinished)", r.Answered, r.Unfinished)
	}
	return fmt.Sprint(r.Answered)
}

// supervision says whether the job has finished, or else which process supervises it.
func (r *jobReport) supervision() string {
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
