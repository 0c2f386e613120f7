package events

import (
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// A Name says what has happened.
type Name string

// The events. The groups are those of Groups.
const (
	JobCreated   Name = "job-created"
	JobSealed    Name = "job-sealed" // all its input is stored
	JobDone      Name = "job-done"
	JobCancelled Name = "job-cancelled"
	JobRemoved   Name = "job-removed"
	JobPaused    Name = "job-paused"
	JobResumed   Name = "job-resumed"
	JobChanged   Name = "job-changed"  // its rate, start or number of running tasks
	JobFinish    Name = "job-finish"   // a user ends it early
	JobReopened  Name = "job-reopened" // it had ended, and has more to do

	ChunkAnswered Name = "chunk-answered" // a worker has stored a result for a range

	AttemptFailed Name = "attempt-failed"
	LastAttempt   Name = "last-attempt" // it begins
	DeadClaim     Name = "dead-claim"   // a worker says that a number must be given up
	DeadLetter    Name = "dead-letter"  // a number was given up

	WorkerJoined      Name = "worker-joined"
	WorkerLeft        Name = "worker-left"
	WorkerPaused      Name = "worker-paused"
	WorkerResumed     Name = "worker-resumed"
	WorkerQuarantined Name = "worker-quarantined"
	WorkerReleased    Name = "worker-released"
	WorkerStrike      Name = "worker-strike"
	NumberRunning     Name = "number-running" // a worker is at work on a number for seconds or longer

	Gap Name = "gap" // events may be missing or repeated
)

// Groups are the names that --only takes, with the prefixes of their events. A gap is in each group.
var Groups = map[string][]string{
	"job": {"job-"}, "chunk": {"chunk-"}, "attempt": {"attempt-", "last-attempt"}, "dead": {"dead-"}, "worker": {"worker-"}, "number": {"number-"},
}

// GroupNames has the keys of Groups in the order for people.
var GroupNames = []string{"job", "chunk", "attempt", "dead", "worker", "number"}

// An Event is one thing that has happened. Fields that do not apply are empty.
type Event struct {
	V     int       `json:"v"` // 1
	Event Name      `json:"event"`
	Time  time.Time `json:"time"` // of the server

	Job    string `json:"job,omitempty"`
	Range  string `json:"range,omitempty"` // <first>-<count>, first from 0
	Worker string `json:"worker,omitempty"`

	State      string  `json:"state,omitempty"` // of the job
	Kind       string  `json:"kind,omitempty"`
	Numbers    uint64  `json:"numbers,omitempty"`
	Verified   uint64  `json:"verified,omitempty"`
	Unfinished uint64  `json:"unfinished,omitempty"`
	Dead       uint64  `json:"dead,omitempty"`
	Bad        uint64  `json:"bad,omitempty"`
	Attempt    uint32  `json:"attempt,omitempty"`
	Took       float64 `json:"took_s,omitempty"` // as the worker claims
	CPU        float64 `json:"cpu_s,omitempty"`  // as the worker claims
	Method     string  `json:"method,omitempty"`
	Number     string  `json:"n,omitempty"` // shortened
	Host       string  `json:"host,omitempty"`
	Instance   string  `json:"instance,omitempty"`
	Slots      int     `json:"slots,omitempty"`
	Version    string  `json:"version,omitempty"`
	Error      string  `json:"error,omitempty"`
	Reason     string  `json:"reason,omitempty"`
	Stream     string  `json:"stream,omitempty"` // of a gap
	Missed     uint64  `json:"missed,omitempty"` // messages that were removed before they could be read
}

// Line returns the event for people, without its time.
func (e *Event) Line() string {
	var b strings.Builder
	if e.Job != "" {
		fmt.Fprintf(&b, "job %s ", e.Job)
	}
	if e.Worker != "" && e.Job == "" {
		fmt.Fprintf(&b, "worker %s ", e.Worker)
	}
	if r, err := task.ParseRange(e.Range); err == nil && r.Count > 0 {
		fmt.Fprintf(&b, "position %s ", text.Positions(r.First, r.Count))
	}
	b.WriteString(strings.TrimPrefix(strings.TrimPrefix(string(e.Event), "job-"), "worker-"))
	if e.Job != "" && e.Worker != "" {
		fmt.Fprintf(&b, " by %s", e.Worker)
	}
	for _, fact := range e.facts() {
		b.WriteString(", " + fact)
	}
	if why := e.Error + e.Reason; why != "" {
		b.WriteString(": " + why)
	}
	return b.String()
}

// facts returns what else is known, for people.
func (e *Event) facts() (list []string) {
	count := func(n uint64, what string) {
		if n > 0 {
			list = append(list, text.Thousands(n)+" "+what)
		}
	}
	if e.Numbers > 0 {
		list = append(list, text.Count(e.Numbers, noun(e.Kind)))
	}
	count(e.Verified, "verified")
	count(e.Unfinished, "unfinished")
	count(e.Dead, "given up")
	count(e.Bad, "bad")
	if e.Number != "" {
		list = append(list, "number "+e.Number)
	}
	if e.Attempt > 0 {
		list = append(list, fmt.Sprintf("attempt %d", e.Attempt))
	}
	if e.Took > 0 {
		list = append(list, took(e.Took))
	}
	if e.Method != "" {
		list = append(list, e.Method)
	}
	if e.Host != "" {
		list = append(list, "on "+e.Host)
	}
	if e.Slots > 0 {
		list = append(list, text.Count(uint64(e.Slots), "slot"))
	}
	count(e.Missed, "messages missed")
	return list
}

func noun(kind string) string {
	if kind == "" {
		return "number"
	}
	return task.Noun(kind)
}

// took writes seconds.
func took(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.3g ms", s*1000)
	}
	return fmt.Sprintf("%.3g s", s)
}
