package main

import (
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// TestHistory: the table has the records of workers and what supervisors saw, the oldest first. A last attempt whose end
// is recorded is one line.
func TestHistory(t *testing.T) {
	began := time.Date(2026, 5, 1, 10, 0, 0, 0, time.Local)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	number := task.Range{First: 70, Count: 1}
	record := func(seq uint64, worker string, begun bool, f task.Failure) fleet.DeadLetter {
		return fleet.DeadLetter{Job: "j", Range: number, Writer: worker, Seq: seq, Begun: begun, Failure: f}
	}
	letter := record(9, "sweeper", false, task.Failure{Watched: at(-100), Seen: []task.Seen{
		{Worker: "w1", Range: task.Range{First: 64, Count: 64}, Round: "0", From: at(0), Until: at(20), End: task.SeenSilent},
		{Worker: "w2", Range: number, Round: "5", Until: at(70), End: task.SeenReturned},
	}})
	records := []fleet.DeadLetter{
		record(1, "w2", false, task.Failure{Attempt: 1, Err: "too\x1b[31m much", Elapsed: 2 * time.Second, Time: at(62)}),
		record(2, "w3", true, task.Failure{Attempt: 3, Time: at(80)}),
		record(3, "w2", true, task.Failure{Attempt: 3, Time: at(90)}),
		record(4, "w2", false, task.Failure{Attempt: 3, Err: "too much", Elapsed: time.Second, Time: at(91)}),
		{Job: "j", Range: task.Range{First: 71, Count: 1}, Writer: "w2", Seq: 5},
	}
	var r letterReport
	r.addHistory(&letter, records)
	var out strings.Builder
	if err := r.printHistory(&out); err != nil {
		t.Fatal(err)
	}
	want := `
  FROM                 UNTIL                WORKER  POSITION   OUTCOME                                              ACCORDING TO
  2026-05-01 10:00:00  2026-05-01 10:00:20  w1      65 to 128  no heartbeat followed: killed, suspended or cut off  a supervisor
  2026-05-01 10:01:00  2026-05-01 10:01:02  w2      71         attempt 1 failed: too [31m much                      the worker's record
  -                    2026-05-01 10:01:10  w2      71         handed it back                                       a supervisor
  2026-05-01 10:01:20  -                    w3      71         began its last attempt and recorded no end           the worker's record
  2026-05-01 10:01:30  2026-05-01 10:01:31  w2      71         attempt 3 failed: too much                           the worker's record
  not known: what supervisors did not see before 2026-05-01 09:58:20, and attempts that killed their worker before a heartbeat named the number
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if len(r.Attempts) != 2 {
		t.Errorf("failed attempts: %+v", r.Attempts)
	}
}

// TestHistoryOfOldLetter: a letter of an earlier version is shown, and does not claim to be complete.
func TestHistoryOfOldLetter(t *testing.T) {
	var r letterReport
	r.addHistory(&fleet.DeadLetter{Job: "j"}, nil)
	var out strings.Builder
	if err := r.printHistory(&out); err != nil {
		t.Fatal(err)
	}
	if want := "  no supervisor has recorded what it saw: attempts of workers that were killed are not known\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}
