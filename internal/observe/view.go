package observe

import (
	"time"

	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Limits of a View, so that one with very many jobs and workers stays small. The counts beside the lists are of all.
const (
	MaxJobs    = 10_000 // the active ones first, then the newest
	MaxRunning = 1_000  // the longest time left first
	MaxSamples = 720    // of the history
)

// A View is what is seen of a fleet at one moment. Its JSON is sent to the page, with SI units in the names. Whoever has a
// View may read it; nobody changes it.
type View struct {
	V    int       `json:"v"`    // 1
	Time time.Time `json:"time"` // of the server
	// Connected is false while the server cannot be reached; the rest is then as it was at the time Time, and Reason says
	// why in one line.
	Connected bool   `json:"connected"`
	Reason    string `json:"reason,omitempty"`

	Fleet
	Dead     uint64    `json:"dead_letters"`       // of all jobs
	Rate     float64   `json:"numbers_per_s"`      // answered, over the last 10 s
	Total    int       `json:"jobs_total"`         // jobs that are not removed
	Lines    []JobLine `json:"job_list"`           // at most MaxJobs
	Names    []Worker  `json:"worker_list"`        // by name
	Running  []Running `json:"running"`            // numbers that take long, at most MaxRunning
	Classes  []SizeRow `json:"size_classes"`       // numbers by size class, the smallest first
	History  []Sample  `json:"history"`            // the oldest first, at most MaxSamples
	Outdated bool      `json:"outdated,omitempty"` // something of this View could not be read, and is of the View before
	Missing  []string  `json:"missing,omitempty"`  // what could not be read, and why: "dead letters: ..."
}

// A JobLine is a job in a list.
type JobLine struct {
	ID         string        `json:"id"`
	State      string        `json:"state"` // as `ls` shows it: open, sealed, paused, scheduled, done or cancelled
	Kind       string        `json:"kind"`
	Class      task.Class    `json:"priority"`
	Route      string        `json:"route,omitempty"`
	Count      uint64        `json:"numbers"` // stored so far; all if Sealed
	Sealed     bool          `json:"sealed"`
	Answered   uint64        `json:"answered"` // not verified by this process
	AtMost     bool          `json:"at_most,omitempty"`
	Unfinished uint64        `json:"unfinished"`
	Dead       uint64        `json:"dead"`
	Bad        uint64        `json:"bad"`
	Share      float64       `json:"share"` // of the predicted work that is done, 0 to 1
	Rate       float64       `json:"numbers_per_s"`
	ETA        time.Duration `json:"eta_ns,omitempty"` // valid if Known
	Known      bool          `json:"eta_known"`
	Created    time.Time     `json:"created"`
	Ended      *time.Time    `json:"ended,omitempty"`
	Holder     string        `json:"holder,omitempty"`
	Waits      []string      `json:"waits,omitempty"` // why its tasks wait
	Active     bool          `json:"active"`          // it has not ended
}

// A Running is a number on which a worker is at work for long, as the worker says.
type Running struct {
	Job      string        `json:"job"`
	Position uint64        `json:"position"` // of the number in the input of the job, from 0
	Worker   string        `json:"worker"`
	Host     string        `json:"host"`
	Digits   int           `json:"digits,omitempty"`  // of the composite, 0 = unknown
	Method   string        `json:"method"`            // such as "ecm B1=50000"
	Share    float64       `json:"share"`             // of the method, 0 to 1; 0 = unknown
	Left     time.Duration `json:"left_ns,omitempty"` // 0 = unknown
	Cores    int           `json:"cores"`
	Text     string        `json:"text"` // all of it, as the progress line says it
}

// A SizeRow counts the numbers of one size class, of the jobs that have not ended.
type SizeRow struct {
	Class    string        `json:"class"` // such as "60-69 digits"
	Count    uint64        `json:"count"`
	Answered uint64        `json:"answered"`
	Mean     time.Duration `json:"mean_cpu_ns,omitempty"` // of an answer, 0 = none yet
	// Estimated: not all numbers of these jobs were looked at, or it is not known which of them are answered.
	Estimated bool `json:"estimated,omitempty"`
}

// A Sample is one point of the history, of an interval that ends at Time.
type Sample struct {
	Time    time.Time `json:"time"`
	Rate    float64   `json:"numbers_per_s"`
	Queued  uint64    `json:"queued"`  // tasks that wait
	Running int       `json:"running"` // tasks that are delivered and not settled
	Busy    int       `json:"busy"`    // slots
	Slots   int       `json:"slots"`
	Workers int       `json:"workers"`
}

// A JobView is what the page of one job shows.
type JobView struct {
	*Job
	Line    JobLine        `json:"line"`
	Numbers []Running      `json:"running"`           // its numbers that take long, the longest time left first
	Slowest []SlowNumber   `json:"slowest"`           // its answers that took the most CPU time, at most 20
	Read    uint64         `json:"slowest_of"`        // answers of which Slowest is chosen: those that were read so far
	Dead    []Letter       `json:"letters,omitempty"` // with their attempts, at most MaxLetters, the newest first
	Shared  []CampaignView `json:"shared,omitempty"`  // numbers that several workers work on
	Missing []string       `json:"missing,omitempty"` // what could not be read, and why
}

// A Letter is a dead letter of the sweeper, with the attempts that workers have recorded.
type Letter struct {
	fleet.DeadLetter
	Text     string             `json:"Text"`               // the number or the item for people, shortened; "" = unknown
	Attempts []fleet.DeadLetter `json:"Attempts,omitempty"` // failed ones, the oldest first; as the workers claim
}

// A SlowNumber is an answered number that took long, as its worker says.
type SlowNumber struct {
	Position uint64        `json:"position"`
	Number   string        `json:"n"` // decimal, at most 60 characters
	Digits   int           `json:"digits"`
	Method   string        `json:"method"`
	CPU      time.Duration `json:"cpu_ns"`
	Wall     time.Duration `json:"wall_ns,omitempty"`
	Worker   string        `json:"worker"`
}

// A CampaignView is what the page of a campaign shows.
type CampaignView struct {
	fleet.Campaign
	Facts   *explain.Facts `json:"facts,omitempty"`
	Workers []string       `json:"contributors"` // by name
	History []CampaignMark `json:"history"`      // the oldest first
}

// A CampaignMark is one point of the history of a campaign.
type CampaignMark struct {
	Time      time.Time `json:"time"`
	Relations int       `json:"relations,omitempty"`
	Curves    uint64    `json:"curves,omitempty"`
	Reached   float64   `json:"reached,omitempty"` // digits
	Solved    float64   `json:"solved,omitempty"`
}
