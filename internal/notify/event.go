package notify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"factorfleet/internal/text"
)

// What an Event tells.
const (
	JobEnded    = "job-ended"
	DeadLetters = "dead-letters" // the first ones of a job
)

// States of a job in an Event.
const (
	Done      = "done"      // each number is answered or given up
	Cancelled = "cancelled" // a user has cancelled or removed it, or its start deadline has passed
	Failed    = "failed"    // it cannot be finished, or the program that waited for it could not go on
	Deadline  = "deadline"  // --deadline of the program that waited has passed; the job continues
	Active    = "active"    // it has dead letters and goes on
)

// maxReason bounds a reason in bytes.
const maxReason = 500

// An Event is told once for each job and kind of event, or more often after a failure: ID is then the same.
type Event struct {
	V     int       `json:"v"` // 1
	ID    string    `json:"id"`
	Event string    `json:"event"` // JobEnded or DeadLetters
	Text  string    `json:"text"`  // one line for people: chat programs show this property of a POST
	Job   string    `json:"job"`
	State string    `json:"state"`
	Time  time.Time `json:"time"`

	Kind       string     `json:"kind"`
	Numbers    uint64     `json:"numbers"`    // of the input, as far as it is stored
	Verified   uint64     `json:"verified"`   // that have a verified answer
	Unfinished uint64     `json:"unfinished"` // of these, left unfinished
	Dead       uint64     `json:"dead"`       // given up
	Bad        uint64     `json:"bad"`        // pieces of the input that are no numbers
	Created    *time.Time `json:"created,omitempty"`
	Ended      *time.Time `json:"ended,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Program    string     `json:"program"` // that sends this, such as "producer serve"
}

// Complete fills in what follows from the other fields, and makes texts one line.
func (e *Event) Complete() {
	e.V = 1
	e.Reason = text.Sanitize(e.Reason, maxReason)
	e.Text = e.sentence()
}

// sentence returns the event for people.
func (e *Event) sentence() string {
	s := fmt.Sprintf("job %s has dead letters: %s given up", e.Job, text.Thousands(e.Dead))
	if e.Event == JobEnded {
		s = fmt.Sprintf("job %s is %s: %s of %s answered", e.Job, e.State, text.Thousands(e.Verified), text.Thousands(e.Numbers))
		if e.State == Deadline {
			s = fmt.Sprintf("job %s was not done at the deadline: %s of %s answered", e.Job, text.Thousands(e.Verified), text.Thousands(e.Numbers))
		}
		for _, part := range []struct {
			count uint64
			what  string
		}{{e.Unfinished, "unfinished"}, {e.Dead, "given up"}, {e.Bad, "not numbers"}} {
			if part.count > 0 {
				s += fmt.Sprintf(", %s %s", text.Thousands(part.count), part.what)
			}
		}
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// body returns the JSON document, with its last newline.
func (e *Event) body() []byte {
	b, err := json.Marshal(e)
	if err != nil { // a time outside the years 1 to 9999
		e.Time, e.Created, e.Ended = time.Time{}, nil, nil
		b, _ = json.Marshal(e)
	}
	return append(b, '\n')
}

// variables returns the environment of a command, besides that of this process.
func (e *Event) variables() []string {
	count := func(n uint64) string { return strconv.FormatUint(n, 10) }
	return []string{
		"FACTORFLEET_EVENT=" + e.Event, "FACTORFLEET_ID=" + e.ID, "FACTORFLEET_JOB=" + e.Job, "FACTORFLEET_STATE=" + e.State, "FACTORFLEET_TEXT=" + e.Text,
		"FACTORFLEET_REASON=" + e.Reason, "FACTORFLEET_NUMBERS=" + count(e.Numbers), "FACTORFLEET_VERIFIED=" + count(e.Verified),
		"FACTORFLEET_UNFINISHED=" + count(e.Unfinished), "FACTORFLEET_DEAD=" + count(e.Dead), "FACTORFLEET_BAD=" + count(e.Bad),
	}
}
