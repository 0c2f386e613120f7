package task

import (
	"strings"
	"time"

	"factorfleet/internal/task/taskpb"
)

// A SeenEnd says how an attempt ended, as far as a supervisor has seen it.
type SeenEnd uint8

// The values are part of the wire format.
const (
	SeenOpen     SeenEnd = 0 // the worker named the task in its last heartbeat
	SeenSilent   SeenEnd = 1 // no heartbeat of the process followed: it was killed, suspended or cut off
	SeenLeft     SeenEnd = 2 // the process said that it ends
	SeenReturned SeenEnd = 3 // the worker handed the range back; From is not known
)

// A Seen is what a supervisor has seen of an attempt: a worker that named a task in its heartbeats, or handed it
// back. The times are the server's, to the millisecond; zero = not known.
type Seen struct {
	Worker string    `json:"Worker"`
	Range  Range     `json:"Range"`
	Round  string    `json:"Round"`
	From   time.Time `json:"From"`  // the first and the last heartbeat that named the task
	Until  time.Time `json:"Until"` // the first and the last heartbeat that named the task
	End    SeenEnd   `json:"End"`
}

// MaxSeen is the most entries of Failure.Seen.
const MaxSeen = 16

// encodeSeen sets the columns of m. It leaves out all but the last MaxSeen entries.
func encodeSeen(m *taskpb.Failure, list []Seen) {
	for _, s := range list[max(0, len(list)-MaxSeen):] {
		m.SeenWorker = append(m.SeenWorker, s.Worker)
		m.SeenTask = append(m.SeenTask, s.Range.String()+"."+s.Round)
		m.SeenFromMs = append(m.SeenFromMs, milli(s.From))
		m.SeenUntilMs = append(m.SeenUntilMs, milli(s.Until))
		m.SeenEnd = append(m.SeenEnd, uint32(s.End))
	}
}

// decodeSeen is the inverse of encodeSeen. Entries that no supervisor writes are left out.
func decodeSeen(m *taskpb.Failure) (list []Seen) {
	n := min(len(m.SeenWorker), len(m.SeenTask), len(m.SeenFromMs), len(m.SeenUntilMs), len(m.SeenEnd), MaxSeen)
	for i := range n {
		chunk, round, _ := strings.Cut(m.SeenTask[i], ".")
		r, err := ParseRange(chunk)
		if err != nil || CheckRound(round) != nil || CheckWorker(m.SeenWorker[i]) != nil || m.SeenEnd[i] > uint32(SeenReturned) {
			continue
		}
		list = append(list, Seen{
			Worker: m.SeenWorker[i], Range: r, Round: round,
			From: fromMilli(m.SeenFromMs[i]), Until: fromMilli(m.SeenUntilMs[i]), End: SeenEnd(m.SeenEnd[i]),
		})
	}
	return list
}

// milli returns t in Unix milliseconds, 0 for the zero time.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMilli is the inverse of milli. A time outside the years 1 to 9999 becomes zero.
func fromMilli(ms int64) time.Time {
	if ms == 0 || ms < firstMilli || ms > lastMilli {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
