package events

import (
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// maxText bounds a text of an event in bytes.
const maxText = 300

// JobChange returns the events between two manifests of a job, of which the first may be nil: the job is new. Changes in
// quick succession are seen as one.
func JobChange(before, after *task.Job) (list []Event) {
	add := func(name Name) { list = append(list, jobEvent(name, after)) }
	if before == nil {
		if before = new(task.Job); after.State == task.Removed {
			before.State = task.Done // a tombstone of a job that nobody has seen
		} else {
			add(JobCreated)
			before.State = task.Open
		}
	}
	ended := before.Finished()
	switch {
	case ended && !after.Finished():
		add(JobReopened)
	case after.FinishedEarly != nil && before.FinishedEarly == nil:
		add(JobFinish)
	}
	switch {
	case after.State == before.State:
	case after.State == task.Sealed && before.State == task.Open:
		add(JobSealed)
	case after.State == task.Done:
		add(JobDone)
	case after.State == task.Cancelled:
		add(JobCancelled)
	case after.State == task.Removed:
		if !ended && after.Stopped {
			add(JobCancelled)
		} else if !ended && after.Ended != nil { // its submitter has removed it in the same step
			add(JobDone)
		}
		add(JobRemoved)
	}
	if !after.Finished() {
		list = append(list, throttleChange(before, after)...)
	}
	return list
}

// throttleChange returns the events of the rules when tasks are queued.
func throttleChange(before, after *task.Job) (list []Event) {
	switch {
	case after.Paused && !before.Paused:
		list = append(list, jobEvent(JobPaused, after))
	case !after.Paused && before.Paused:
		list = append(list, jobEvent(JobResumed, after))
	}
	moved := after.After != nil && before.After != nil && !after.After.Equal(*before.After)
	if before.ID != "" && (moved || after.Rate != before.Rate || after.MaxRunning != before.MaxRunning) {
		list = append(list, jobEvent(JobChanged, after))
	}
	return list
}

func jobEvent(name Name, j *task.Job) Event {
	return Event{
		V: 1, Event: name, Time: j.Written.UTC(), Job: j.ID, State: string(j.State), Kind: j.Kind, Numbers: j.Count,
		Verified: j.Verified, Unfinished: j.Unfinished, Dead: j.Dead, Bad: j.BadCount, Reason: text.Sanitize(j.Note, maxText),
	}
}
