package schema

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestRecordHeader: the header of a record is one line of JSON that says what the record is.
func TestRecordHeader(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	address := task.Address{Job: "j1", Range: task.Span(7, 8), Round: "0"}
	failure := task.Failure{Kind: "factor", Err: "out of memory", Attempt: 2, Time: at, Numbers: []nat.Nat{nat.New(15)}, Instance: "p1"}
	for want, place := range map[string]Place{
		`{"record":"attempt failed","job":"j1","range":"7-1","worker":"w1","attempt":2,"reason":"out of memory","n":"15","kind":"factor","instance":"p1","time":"2026-01-02T03:04:05Z"}`:     {Address: address, Worker: "w1", Attempt: 2},
		`{"record":"last attempt","job":"j1","range":"7-1","worker":"w1","attempt":2,"reason":"out of memory","n":"15","kind":"factor","instance":"p1","time":"2026-01-02T03:04:05Z"}`:       {Address: address, Worker: "w1", Attempt: MaxDeliver},
		`{"record":"given up by worker","job":"j1","range":"7-1","worker":"w1","attempt":2,"reason":"out of memory","n":"15","kind":"factor","instance":"p1","time":"2026-01-02T03:04:05Z"}`: {Address: address, Worker: "w1"},
		`{"record":"given up","job":"j1","range":"7-1","worker":"sweeper","attempt":2,"reason":"out of memory","n":"15","kind":"factor","instance":"p1","time":"2026-01-02T03:04:05Z"}`:      {Address: address, Worker: Sweeper},
	} {
		header := RecordHeader(place, &failure)
		if got := header[HeaderRecord]; len(got) != 1 || got[0] != want {
			t.Errorf("%s, want %s", got, want)
		}
		if header[task.SchemaHeader][0] != task.Schema {
			t.Errorf("header %v has no schema", header)
		}
	}
}

// TestRecordHeaderIsBounded: whatever a failure says, its header is one line of valid JSON of bounded size.
func TestRecordHeaderIsBounded(t *testing.T) {
	hostile := strings.Repeat("\x00\r\nNats-Rollup: all\r\n\x1b[2J\u202e<&>\"\\\xff", 10_000)
	huge := nat.FromBytes([]byte(strings.Repeat("\xff", 60_000)))
	item := task.ItemNumber([]byte(hostile))
	for name, f := range map[string]task.Failure{
		"texts":   {Kind: hostile, Err: hostile, Instance: hostile, Time: time.Now()},
		"numbers": {Kind: "factor", Numbers: []nat.Nat{huge, huge}, Time: time.Now()},
		"items":   {Kind: "exec:x", Numbers: []nat.Nat{item}, Time: time.Now()},
		"time":    {Time: time.Date(20_000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		line := RecordHeader(Place{Address: task.Address{Job: "j", Range: task.Span(0, 1)}, Worker: "w"}, &f)[HeaderRecord][0]
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(line) > 2048 || strings.ContainsAny(line, "\r\n\x00\x1b\u202e") {
			t.Errorf("%s: %d bytes: %.200q", name, len(line), line)
		}
	}
}
