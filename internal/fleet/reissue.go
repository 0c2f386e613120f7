package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// HeldRanges returns the ranges of a job of which heartbeats name tasks, each with the holder that has named one for
// the longest time.
func (r *Registry) HeldRanges(job string) map[task.Range]Holder {
	held := make(map[task.Range]Holder)
	for name, holders := range r.HeldOf(job) {
		at, ok := worker.ParseTaskName(name)
		if !ok || len(holders) == 0 {
			continue
		}
		if h, known := held[at.Range]; !known || holders[0].Since.Before(h.Since) {
			held[at.Range] = holders[0]
		}
	}
	return held
}

// holdersOf returns the holders of all tasks of exactly that range of a job.
func (r *Registry) holdersOf(job string, number task.Range) (list []Holder) {
	prefix := job + "." + number.String() + "."
	r.look(func(o *roster) {
		for name := range o.tasks[job] { // one worker can name 10^5 tasks, so nothing is allocated for the others
			if strings.HasPrefix(name, prefix) {
				list = append(list, o.holders(name)...)
			}
		}
	})
	return list
}

// AnotherRuns reports whether a worker of another name is alive and takes tasks.
func (r *Registry) AnotherRuns(name string) bool { return r.anotherRuns(name, "") }

func (r *Registry) anotherRuns(name, route string) bool {
	return slices.ContainsFunc(r.Workers(), func(s worker.Status) bool {
		return s.Name != name && s.State == worker.StateRunning && s.Serves(route)
	})
}

// Names returns the names of the workers that run and take tasks of a route, each once, except those that bad rejects.
func (r *Registry) Names(route string, bad func(name string) bool) (names []string) {
	for _, s := range r.runningWorkers(bad) {
		if s.Serves(route) && !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// TasksOf returns how many tasks of exactly that range of a job are in the queue, one for each round, and the
// deliveries that count as spent in the first of them.
func (f *Fleet) TasksOf(ctx context.Context, j *task.Job, r task.Range) (tasks, spent int, err error) {
	subjects := tasksOf(j, r)
	list, err := f.list(ctx, f.tasks, subjects)
	if err != nil || len(list) == 0 {
		return 0, 0, err
	}
	m, err := f.tasks.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subjects))
	if stream.IsNotFound(err) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read task %v of job %s: %w", r, j.ID, stream.Explain(err))
	}
	return len(list), schema.ParseSpent(m.Header.Get(schema.HeaderSpent)), nil
}

// IssueAgain queues a range of a job in a new round, beside the tasks of the range that run. spent
// deliveries of the new task count as spent, as of the first task by TasksOf. Its errors are those of Requeue.
func (f *Fleet) IssueAgain(ctx context.Context, j *task.Job, in *Inputs, r task.Range, spent int) error {
	return f.queueRanges(ctx, j, in, []task.Range{r}, task.NewRound(time.Now()), spent)
}

// DropTasks removes the tasks of exactly that range of a job. Deliveries that run are not stopped; their acks
// find no task.
//
// It deletes one after the other. At a purge nats-server 2.15.2 forgets which other tasks of the class it was
// about to redeliver: they would be redelivered an ack wait later. It also logs a warning each time.
func (f *Fleet) DropTasks(ctx context.Context, j *task.Job, r task.Range) error {
	for seq := uint64(1); ; seq++ {
		m, err := f.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(tasksOf(j, r)))
		if stream.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read task %v of job %s: %w", r, j.ID, stream.Explain(err))
		}
		seq = m.Sequence
		if err := f.link.DeleteMessage(ctx, schema.StreamTasks, seq); err != nil {
			return fmt.Errorf("remove task %v of job %s: %w", r, j.ID, stream.Explain(err))
		}
	}
}

// tasksOf returns the subjects of the tasks of a range in all rounds, of all classes: a range that is too large for some
// workers is in another class than the rest of its job.
func tasksOf(j *task.Job, r task.Range) string {
	return schema.TaskSubject(task.Address{Class: "*", Job: j.ID, Range: r, Round: "*"})
}
