package events

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// maxRunning bounds the numbers that a Present remembers: what heartbeats name is the claim of workers.
const maxRunning = 10_000

// Present is who is there: the processes of workers, and the numbers that they are at work on. One goroutine uses it.
type Present struct {
	processes map[string]worker.Status // by name and instance
	running   map[string]bool          // by worker, job and position
}

// See takes a list of all processes at the server's time now and returns what has changed since the last one. The first
// list returns nothing: who is there already has not joined.
func (p *Present) See(list []worker.Status, now time.Time) (events []Event) {
	first := p.processes == nil
	seen, running := make(map[string]worker.Status, len(list)), make(map[string]bool)
	for i := range list {
		w := &list[i]
		seen[w.Name+"."+w.Instance] = *w
		events = append(events, p.numbers(w, running, now)...)
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		w := seen[key]
		before, known := p.processes[key]
		switch {
		case !known:
			events = append(events, workerEvent(WorkerJoined, &w, now))
		case w.Pause != "" && before.Pause == "":
			events = append(events, workerEvent(WorkerPaused, &w, now))
		case w.Pause == "" && before.Pause != "":
			events = append(events, workerEvent(WorkerResumed, &w, now))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.processes)) {
		if w := p.processes[key]; seen[key].Name == "" {
			events = append(events, workerEvent(WorkerLeft, &w, now))
		}
	}
	p.processes, p.running = seen, running
	if first {
		return nil
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(rank(a.Event), rank(b.Event)) })
	return events
}

// rank orders the events of one look: workers first.
func rank(n Name) int {
	if n == NumberRunning {
		return 1
	}
	return 0
}

// numbers returns the numbers that a worker was not at work on before.
func (p *Present) numbers(w *worker.Status, running map[string]bool, now time.Time) (events []Event) {
	for i := range w.Activities {
		a := &w.Activities[i]
		key := fmt.Sprintf("%s %s %d", w.Name, a.Job, a.Position)
		if len(running) >= maxRunning || running[key] {
			continue
		}
		if running[key] = true; !p.running[key] {
			events = append(events, Event{
				V: 1, Event: NumberRunning, Time: now, Job: a.Job, Range: task.Range{First: a.Position, Count: 1}.String(), Worker: w.Name,
				Method: text.Sanitize(a.NumberProgress.String(), maxText),
			})
		}
	}
	return events
}

func workerEvent(name Name, w *worker.Status, now time.Time) Event {
	return Event{
		V: 1, Event: name, Time: now, Worker: w.Name, Instance: text.Sanitize(w.Instance, maxText), Host: text.Sanitize(w.Host, maxText),
		Slots: w.Slots, Version: text.Sanitize(w.Version, maxText), Reason: text.Sanitize(w.Pause, maxText),
	}
}

// StandingChange returns the events between two standings of a worker.
func StandingChange(before, after *fleet.Standing, now time.Time) (list []Event) {
	event := Event{V: 1, Time: now, Worker: after.Worker}
	for i, x := range after.Strikes {
		if i < len(before.Strikes) && x == before.Strikes[i] {
			continue
		}
		e := event
		e.Event, e.Job, e.Range, e.Reason = WorkerStrike, x.Job, x.Range, x.Reason
		list = append(list, e)
	}
	switch {
	case after.Quarantined != nil && before.Quarantined == nil:
		event.Event, event.Reason = WorkerQuarantined, after.Reason
		list = append(list, event)
	case after.Quarantined == nil && before.Quarantined != nil:
		event.Event = WorkerReleased
		list = append(list, event)
	}
	return list
}
