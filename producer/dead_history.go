package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// Who says what a line of the history says. A worker's record is its claim. A supervisor writes what it has seen in the
// heartbeats of the worker, and which ranges the worker has handed back.
const (
	byWorker     = "worker"
	bySupervisor = "supervisor"
)

// A historyReport is one attempt at the number of a letter in JSON, or one of a chunk with that number.
type historyReport struct {
	Worker  string     `json:"worker"`
	Range   string     `json:"range"`             // <first>-<count>, first from 0
	Attempt uint32     `json:"attempt,omitempty"` // as the worker claims; 0 = not known
	From    *time.Time `json:"from,omitempty"`    // absent = not known
	Until   *time.Time `json:"until,omitempty"`
	Outcome string     `json:"outcome"` // failed, began, silent, left, handed_back or running
	Error   string     `json:"error,omitempty"`
	Source  string     `json:"source"` // worker or supervisor

	positions string // of Range, for people
}

// outcomes has the outcome of what a supervisor has seen.
var outcomes = map[task.SeenEnd]string{
	task.SeenOpen: "running", task.SeenSilent: "silent", task.SeenLeft: "left", task.SeenReturned: "handed_back",
}

// outcomeTexts has the outcomes for people.
var outcomeTexts = map[string]string{
	"failed":      "failed",
	"began":       "began its last attempt and recorded no end",
	"silent":      "no heartbeat followed: killed, suspended or cut off",
	"left":        "the worker ended in order",
	"handed_back": "handed it back",
	"running":     "its heartbeats named it when it was given up",
}

// addHistory sets Attempts, History and Watched. records has the records of workers for all letters.
func (r *letterReport) addHistory(l *fleet.DeadLetter, records []fleet.DeadLetter) {
	ended := endedAttempts(records, l)
	for i := range records {
		a := &records[i]
		if a.Job != l.Job || a.Range != l.Range || ended[a.Seq] {
			continue
		}
		if !a.Begun {
			r.Attempts = append(r.Attempts, attemptReport{a.Attempt, a.Writer, a.Err, a.Elapsed, a.Time})
		}
		r.History = append(r.History, recordedAttempt(a))
	}
	for i := range l.Seen {
		r.History = append(r.History, seenAttempt(&l.Seen[i]))
	}
	r.Watched = known(l.Watched)
	slices.SortFunc(r.Attempts, func(a, b attemptReport) int { return a.Time.Compare(b.Time) })
	slices.SortStableFunc(r.History, func(a, b historyReport) int { return a.start().Compare(b.start()) })
}

// endedAttempts returns the last-attempt records, by sequence, of the attempts whose end is recorded: for each dead
// letter of a worker, the last one that the worker stored before.
func endedAttempts(records []fleet.DeadLetter, l *fleet.DeadLetter) map[uint64]bool {
	ended := make(map[uint64]bool)
	for i := range records {
		letter := &records[i]
		if letter.Job != l.Job || letter.Range != l.Range || letter.Begun || letter.Attempt < schema.MaxDeliver {
			continue
		}
		last := uint64(0)
		for j := range records {
			a := &records[j]
			if a.Job == l.Job && a.Range == l.Range && a.Begun && a.Writer == letter.Writer && a.Seq < letter.Seq {
				last = max(last, a.Seq)
			}
		}
		ended[last] = true
	}
	return ended
}

// recordedAttempt returns what the record of a worker says.
func recordedAttempt(a *fleet.DeadLetter) historyReport {
	h := historyReport{
		Worker: a.Writer, Range: a.Range.String(), positions: text.Positions(a.Range.First, a.Range.Count), Attempt: a.Attempt, Source: byWorker,
	}
	if a.Begun {
		h.Outcome, h.From = "began", known(a.Time)
		return h
	}
	h.Outcome, h.Error, h.From, h.Until = "failed", a.Err, known(a.Time.Add(-a.Elapsed)), known(a.Time)
	return h
}

// seenAttempt returns what a supervisor has seen.
func seenAttempt(s *task.Seen) historyReport {
	return historyReport{
		Worker: s.Worker, Range: s.Range.String(), positions: text.Positions(s.Range.First, s.Range.Count), From: known(s.From), Until: known(s.Until),
		Outcome: outcomes[s.End], Source: bySupervisor,
	}
}

// known returns nil for a time that is not known, and one that JSON can represent for others.
func known(t time.Time) *time.Time {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return &t
}

// start returns the first time that is known of the attempt.
func (h *historyReport) start() time.Time {
	switch {
	case h.From != nil:
		return *h.From
	case h.Until != nil:
		return *h.Until
	}
	return time.Time{}
}

// printHistory prints a table of the attempts, and what it may lack.
func (r *letterReport) printHistory(out io.Writer) error {
	if len(r.History) > 0 {
		w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "  FROM\tUNTIL\tWORKER\tPOSITION\tOUTCOME\tACCORDING TO")
		for i := range r.History {
			h := &r.History[i]
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", clock(h.From), clock(h.Until), h.Worker, h.positions, h.text(), h.sourceText())
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	note := "no supervisor has recorded what it saw: attempts of workers that were killed are not known"
	if r.Watched != nil {
		note = "not known: what supervisors did not see before " + clock(r.Watched) + ", and attempts that killed their worker before a heartbeat named the " + task.Noun(r.Kind)
	}
	_, err := fmt.Fprintln(out, "  "+note)
	return err
}

// text returns the outcome for people.
func (h *historyReport) text() string {
	s := outcomeTexts[h.Outcome]
	if h.Outcome == "failed" {
		s = fmt.Sprintf("attempt %d failed: %s", h.Attempt, text.Sanitize(h.Error, 200))
	}
	return s
}

func (h *historyReport) sourceText() string {
	if h.Source == byWorker {
		return "the worker's record"
	}
	return "a supervisor"
}

// clock writes a time for people, in the time zone of this machine.
func clock(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
