package main

import (
	"context"
	"fmt"
	"time"

	"factorfleet/internal/command"
	"factorfleet/internal/monitor"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// checkQueue counts the tasks. Tasks that wait while no worker is alive are a warning, whatever the thresholds are.
func checkQueue(ctx context.Context, k *checking) (*monitor.Result, error) {
	classes, err := k.fl.Queue(ctx)
	if err != nil {
		return nil, err
	}
	workers, err := k.fl.Workers(ctx)
	if err != nil {
		return nil, err
	}
	var queued uint64
	var running, again, waiting int
	for _, q := range classes {
		queued, running, again, waiting = queued+q.Queued, running+q.Running, again+q.Redelivered, waiting+q.Waiting
	}
	state, message := monitor.OK, fmt.Sprintf("%s queued, %s running", text.Count(queued, "task"), text.Thousands(uint64(running)))
	if queued > 0 && len(workers) == 0 {
		state, message = monitor.Warning, message+", no worker is active"
	}
	return monitor.New(k.name, state, message, k.limited("queued", float64(queued)), count("running", running), count("redelivered", again), count("waiting", waiting)), nil
}

// checkWorkers counts the processes that send heartbeats. A quarantined worker is a warning.
func checkWorkers(ctx context.Context, k *checking) (*monitor.Result, error) {
	list, err := observe.Workers(ctx, k.fl)
	if err != nil {
		return nil, err
	}
	var processes, slots, busy, paused, quarantined int
	for i := range list {
		w := &list[i]
		if w.Quarantined != nil {
			quarantined++
		}
		if !w.Alive {
			continue
		}
		processes, slots, busy = processes+w.Processes, slots+w.Slots, busy+w.Busy
		if w.Pause != "" {
			paused++
		}
	}
	state, message := monitor.OK, fmt.Sprintf("%s, %d of %s busy", text.Count(uint64(processes), "active worker"), busy, text.Count(uint64(slots), "slot"))
	if paused > 0 {
		message += fmt.Sprintf(", %d paused", paused)
	}
	if quarantined > 0 {
		state, message = monitor.Warning, message+fmt.Sprintf(", %d quarantined: `producer workers ls`", quarantined)
	}
	return monitor.New(k.name, state, message, k.limited("workers", float64(processes)), count("slots", slots), count("busy", busy), count("paused", paused), count("quarantined", quarantined)), nil
}

// allJobs stands for all jobs in CountDead.
const allJobs = "*"

func checkDead(ctx context.Context, k *checking) (*monitor.Result, error) {
	n, err := k.fl.CountDead(ctx, allJobs)
	if err != nil {
		return nil, err
	}
	message := text.Count(uint64(n), "dead letter")
	if n > 0 {
		message += ": `producer dead ls`"
	}
	return monitor.New(k.name, monitor.OK, message, k.limited("dead", float64(n))), nil
}

func checkSupervisor(ctx context.Context, k *checking) (*monitor.Result, error) {
	names, err := k.fl.Supervisors(ctx)
	if err != nil {
		return nil, err
	}
	message := text.Count(uint64(len(names)), "supervisor")
	if len(names) == 0 {
		message += ": " + command.Unsupervised
	}
	return monitor.New(k.name, monitor.OK, message, k.limited("supervisors", float64(len(names)))), nil
}

// checkJob looks at one job:
//
//	it was cancelled, or is older than --max-age                 CRITICAL
//	its input was cut off or has bad tokens, or its tasks wait   WARNING
//	numbers were given up or left unfinished                     as --warn and --critical say
func checkJob(ctx context.Context, k *checking) (*monitor.Result, error) {
	maxAge := k.c.Duration("max-age")
	j, err := knownJob(ctx, k.fl, k.job)
	if err != nil {
		return nil, err
	}
	r, err := observe.JobOf(ctx, k.fl, j)
	if err != nil {
		return nil, err
	}
	now := k.fl.Now(ctx)
	state, message := jobState(r, now)
	age := now.Sub(j.Created)
	if j.Ended != nil {
		age = j.Ended.Sub(j.Created)
	}
	lasted := monitor.Metric{Name: "age", Value: max(0, age).Round(time.Second).Seconds(), Unit: "s"}
	if maxAge > 0 && !j.Finished() {
		lasted.Critical = monitor.MustRange(fmt.Sprintf("%d", int64(maxAge.Seconds())))
	}
	defects := uint64(r.Letters) + j.Unfinished
	return monitor.New(k.name, state, message, k.limited("defects", float64(defects)), lasted,
		count("numbers", int(r.Stored)), count("answered", int(r.Answered)), count("queued", int(r.Queued)), count("dead", r.Letters)), nil
}

// jobState returns what is said of a job without thresholds.
func jobState(r *observe.Job, now time.Time) (monitor.State, string) {
	j := r.Job
	state := monitor.OK
	message := fmt.Sprintf("job %s is %s, %s of %s", j.ID, observe.StateOf(j, now), answered(r), text.Count(r.Stored, task.Noun(j.Kind)))
	warn := func(why string) { state, message = monitor.Warning, message+", "+why }
	if j.CutOff {
		warn("its input was cut off")
	}
	if j.BadCount > 0 {
		warn(text.Count(j.BadCount, "bad "+badNoun(j)[:len(badNoun(j))-1]) + " in its input")
	}
	if len(r.Waits) > 0 {
		warn(r.Waits[0])
	}
	if r.Letters > 0 {
		message += ", " + text.Count(uint64(r.Letters), "dead letter")
	}
	if j.Unfinished > 0 {
		message += fmt.Sprintf(", %d unfinished", j.Unfinished)
	}
	if j.State == task.Cancelled {
		return monitor.Critical, message
	}
	return state, message
}
