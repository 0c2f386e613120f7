package events

import (
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// ResultEvent returns the event of a result; false for what is none. What it says of times is the claim of its worker.
func ResultEvent(m *stream.Message) (Event, bool) {
	p, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return Event{}, false
	}
	e := Event{V: 1, Event: ChunkAnswered, Time: m.Stored.UTC(), Job: p.Job, Range: p.Range.String(), Worker: p.Worker, Numbers: p.Range.Count}
	r, err := task.DecodeResult(m.Data)
	if err != nil {
		e.Error = "unreadable result"
		return e, true
	}
	defer r.Release()
	e.Kind, e.Attempt, e.Took = text.Sanitize(r.Kind, maxText), r.Attempt, r.Elapsed.Seconds()
	for i := range r.Items {
		e.CPU += r.Items[i].CPU.Seconds()
		if r.Items[i].Unfinished() {
			e.Unfinished++
		}
	}
	return e, true
}

// RecordEvent returns the event of a message of FACTOR_DEAD; false for what is none. It reads the payload: the header is for
// people only.
func RecordEvent(m *stream.Message) (Event, bool) {
	p, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return Event{}, false
	}
	e := Event{V: 1, Event: DeadClaim, Time: m.Stored.UTC(), Job: p.Job, Range: p.Range.String(), Worker: p.Worker}
	switch {
	case p.Attempt == schema.MaxDeliver:
		e.Event = LastAttempt
	case p.Attempt > 0:
		e.Event = AttemptFailed
	case p.Worker == schema.Sweeper:
		e.Event, e.Worker = DeadLetter, ""
	}
	f, err := task.DecodeFailure(m.Data)
	if err != nil {
		e.Error = "unreadable record"
		return e, true
	}
	e.Kind, e.Attempt, e.Took, e.Error, e.Instance = f.Kind, f.Attempt, f.Elapsed.Seconds(), text.Sanitize(f.Err, maxText), text.Sanitize(f.Instance, maxText)
	if len(f.Numbers) > 0 {
		e.Number = task.Brief(f.Kind, f.Numbers[0])
	}
	return e, true
}
