package schema

import (
	"bytes"
	"encoding/json"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// HeaderRecord is the header of the messages of FACTOR_DEAD with one line of JSON, a Record: `nats stream view
// FACTOR_DEAD` prints the headers of a message, and its payload is protobuf. It is only for people. No program of the
// fleet reads it: whoever writes the message writes the header, too.
const HeaderRecord = "Factor-Record"

// What a Record says.
const (
	RecordFailed = "attempt failed"     // another attempt follows
	RecordBegun  = "last attempt"       // it begins; a dead letter follows if it fails
	RecordClaim  = "given up by worker" // the worker's claim; the sweeper decides
	RecordDead   = "given up"           // by the sweeper: final
)

// Limits of the texts of a Record in bytes, so that a header has less than 1 KiB.
const (
	maxRecordError = 400
	maxRecordText  = 60
)

// A Record has the facts of a message of FACTOR_DEAD that a person looks for.
type Record struct {
	Record   string    `json:"record"` // one of the constants above
	Job      string    `json:"job"`
	Range    string    `json:"range"` // <first>-<count>, first from 0
	Worker   string    `json:"worker"`
	Attempt  uint32    `json:"attempt"`
	Reason   string    `json:"reason,omitempty"`
	Number   string    `json:"n,omitempty"`       // the first number or item, shortened
	Numbers  int       `json:"numbers,omitempty"` // how many there are, if several
	Kind     string    `json:"kind,omitempty"`
	Instance string    `json:"instance,omitempty"` // the process of the worker
	Time     time.Time `json:"time"`
}

// RecordHeader returns the header of a message of FACTOR_DEAD: Header, and HeaderRecord with what place, its parsed
// subject, and its content say.
func RecordHeader(place Place, f *task.Failure) map[string][]string {
	header := Header()
	header[HeaderRecord] = []string{recordOf(place, f).line()}
	return header
}

func recordOf(place Place, f *task.Failure) *Record {
	r := &Record{
		Record: RecordClaim, Job: place.Job, Range: place.Range.String(), Worker: place.Worker, Attempt: f.Attempt,
		Reason: text.Sanitize(f.Err, maxRecordError), Kind: text.Sanitize(f.Kind, maxRecordText), Instance: text.Sanitize(f.Instance, maxRecordText),
		Time: f.Time.UTC(),
	}
	switch {
	case place.Worker == Sweeper:
		r.Record = RecordDead
	case place.Attempt == MaxDeliver:
		r.Record = RecordBegun
	case place.Attempt > 0:
		r.Record = RecordFailed
	}
	if len(f.Numbers) > 0 {
		r.Number = text.Sanitize(task.Brief(f.Kind, f.Numbers[0]), 2*maxRecordText)
	}
	if len(f.Numbers) > 1 {
		r.Numbers = len(f.Numbers)
	}
	return r
}

// line returns r as one line of JSON, in which < and > are not escaped: people read it.
func (r *Record) line() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil { // a time outside the years 1 to 9999
		r.Time = time.Time{}
		return r.line()
	}
	return string(bytes.TrimRight(b.Bytes(), "\n"))
}
