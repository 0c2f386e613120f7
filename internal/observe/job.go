package observe

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// A Job is the report of `status JOB`.
type Job struct {
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

	// What is predicted from this one look: answers a second are not known, so that there is no time left without numbers
	// that take long. Of a job that has ended all are zero.
	Share float64       `json:"share"`            // of the predicted work that is done, 0 to 1; 0 while the input is read
	ETA   time.Duration `json:"eta_ns,omitempty"` // valid if Known
	Known bool          `json:"eta_known"`

	Supervisors int `json:"supervisors"` // of the fleet; 0 = it is unsupervised

	Waits []string `json:"waits,omitempty"` // why tasks wait: no active worker takes them, or workers have handed them back
}

// surroundings are what a report of a job needs of the rest of the fleet. jobOf changes the activities of workers.
type surroundings struct {
	now         time.Time // of the server
	supervisors []string
	workers     []worker.Status  // of a job that has not ended
	campaigns   []fleet.Campaign // of the job, if it has not ended
}

// JobOf counts what the streams contain of a job.
func JobOf(ctx context.Context, fl *fleet.Fleet, j *task.Job) (*Job, error) {
	var around surroundings
	var err error
	if around.supervisors, err = fl.Supervisors(ctx); err != nil {
		return nil, err
	}
	if !j.Finished() {
		if around.campaigns, err = fl.Campaigns(ctx, j.ID); err != nil {
			return nil, err
		}
		if around.workers, err = fl.Workers(ctx); err != nil {
			return nil, err
		}
		around.now = fl.Now(ctx)
	}
	return jobOf(ctx, fl, j, around)
}

// jobOf is JobOf with the surroundings known.
func jobOf(ctx context.Context, fl *fleet.Fleet, j *task.Job, around surroundings) (*Job, error) {
	r := &Job{Job: j, Supervisors: len(around.supervisors)}
	var err error
	if r.Holder, err = fl.Holder(ctx, j.ID); err != nil {
		return nil, err
	}
	if r.Holder == "" && r.Supervisors > 0 && !j.Finished() {
		r.Holder = around.supervisors[0]
	}
	if r.Stored, err = fl.StoredCount(ctx, j.ID); err != nil {
		return nil, err
	}
	queued, err := fl.Backlog(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	r.Queued, r.Chunks = queued.Ranges.Len(), queued.Chunks
	if r.Letters, err = fl.CountDead(ctx, j.ID); err != nil {
		return nil, err
	}
	if !j.Finished() {
		r.addWork(queued, around)
	}
	answered, err := fl.CountAnswered(ctx, j, queued, r.Stored, uint64(r.Letters))
	r.Answered, r.AtMost = answered.Numbers, answered.AtMost
	if !j.Finished() {
		r.predict(around)
	}
	return r, err
}

// predict sets what is predicted of a job that has not ended.
func (r *Job) predict(around surroundings) {
	seen := plan.Seen{
		Job: r.Job, Stored: r.Stored, Answered: r.Answered, Capacity: explain.CapacityOf(r.Queue(), around.workers),
		Running: explain.RunningOf(r.ID, around.workers, around.campaigns), Waits: waitsNow(r.Job, around.now),
	}
	s := new(plan.JobProgress).Look(time.Now(), seen)
	if r.Share = s.Share; s.Known && seen.Waits == "" {
		r.ETA, r.Known = s.ETA, true
	}
}

// waitsNow says why no number of a job is computed at the server's time now: "paused" or "scheduled"; "" = they may be.
func waitsNow(j *task.Job, now time.Time) string {
	if state := StateOf(j, now); state == "paused" || state == "scheduled" {
		return state
	}
	return ""
}

// addWork adds how far the work is, and why tasks wait.
func (r *Job) addWork(queued *fleet.Backlog, around surroundings) {
	r.Campaigns = around.campaigns
	for i := range around.workers {
		around.workers[i].Activities = ActivitiesAt(&around.workers[i], around.now)
	}
	r.Waits = append(WaitsOf(r.Job, queued.Classes, around.workers), HandedBack(r.Job, queued)...)
	r.Facts = explain.FactsOf(r.ID, around.workers, around.campaigns)
}

// WaitsOf says why tasks of a job wait: of which of its classes, among them classes, too few workers take the tasks.
func WaitsOf(j *task.Job, classes []task.Class, workers []worker.Status) (list []string) {
	if why := explain.Alone(j.Queue(), j.Replicas, workers); why != "" {
		list = append(list, why)
	}
	for _, class := range append([]task.Class{j.Queue()}, classes...) {
		if why := explain.Unserved(class, workers); class.Route() != "" && why != "" && !slices.Contains(list, why) {
			list = append(list, why)
		}
	}
	return list
}

// HandedBack says how many numbers or items workers have handed back that are not queued again yet.
func HandedBack(j *task.Job, queued *fleet.Backlog) []string {
	n := queued.Returned.Len()
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s handed back by workers, to be queued again after a pause of up to 2 minutes", text.Count(n, task.Noun(j.Kind)))}
}
