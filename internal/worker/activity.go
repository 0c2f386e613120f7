package worker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorfleet/internal/text"
)

// A NumberProgress says how far a computation is with a number that takes long.
type NumberProgress struct {
	Digits int    `json:"digits"` // of the composite that is being factored
	Method string `json:"method"`
	B1     uint64 `json:"b1,omitempty"` // of p-1 and elliptic curves; 0 = none
	Done   uint64 `json:"done"`         // of Total
	Total  uint64 `json:"total"`        // relations of "siqs", else curves; 0 = unknown
	Cores  int    `json:"cores"`
	// Composite is the number of so many digits, in decimal, if it is so large that other workers may help;
	// else "".
	Composite string `json:"composite,omitempty"`
	// Left is the predicted time until Done = Total, from the report on; 0 = unknown.
	Left time.Duration `json:"left_ns,omitempty"`
	// Spent is the CPU time that the number has taken so far; 0 = unknown, or a worker that does not state it.
	Spent time.Duration `json:"spent_ns,omitempty"`
	// Budget is the CPU time that is left of the number's budget; 0 = unknown, or there is no limit.
	Budget time.Duration `json:"budget_ns,omitempty"`
}

// An Activity is the progress with one number of a job.
type Activity struct {
	Job      string `json:"job"`
	Position uint64 `json:"position"` // of the number in the job's input, from 0
	NumberProgress
}

// String returns text such as "siqs 43% of 85,000 relations, 2 cores, about 50 s left". It does not state a time that
// the budget does not allow.
func (p NumberProgress) String() string {
	what := p.Method
	if p.B1 > 0 {
		what += " B1=" + strconv.FormatUint(p.B1, 10)
	}
	if p.Total > 0 {
		unit := "curves"
		if p.Method == "siqs" {
			unit = "relations"
		}
		what += fmt.Sprintf(" %d%% of %s %s", min(p.Done*100/p.Total, 99), text.Thousands(p.Total), unit)
	}
	parts := []string{what, "1 core"}
	if p.Cores != 1 {
		parts[1] = strconv.Itoa(p.Cores) + " cores"
	}
	if p.Left > 0 && (p.Budget == 0 || p.Left <= p.Budget/time.Duration(max(p.Cores, 1))) {
		parts = append(parts, "about "+text.Rough(p.Left)+" left")
	}
	return strings.Join(parts, ", ")
}

// A progressReport is the last report of the computation in a slot. It is not changed after it was stored, so
// that it can be read without a lock.
type progressReport struct {
	index int // of the number in the task
	NumberProgress
}

// MaxActivities is the most entries of Stats.Activities, so that a heartbeat in FACTOR_WORKERS stays small on a
// machine with many cores.
const MaxActivities = 8

// ahead returns the time that the number will take from now on, as far as it is known. A composite that others may help
// with and whose time is unknown takes its budget.
func (p *NumberProgress) ahead() time.Duration {
	switch {
	case p.Left > 0 || p.Composite == "":
		return p.Left
	case p.Budget > 0:
		return p.Budget
	}
	return math.MaxInt64
}

// activitiesLocked returns the last reports about the present numbers, the longest time ahead first. A report
// is written without the lock and may belong to an earlier number. So its index is compared with progress. A
// number that has made no report since its start is not listed.
func (w *Worker) activitiesLocked() []Activity {
	var list []Activity
	for _, s := range w.slots {
		r := s.report.Load()
		if r == nil || s.task == nil || s.current.state == hung || r.index != int(s.progress.Load()&indexMask) {
			continue
		}
		list = append(list, Activity{s.current.Job, s.current.Range.First + uint64(r.index), r.NumberProgress})
	}
	slices.SortStableFunc(list, func(a, b Activity) int { return cmp.Compare(b.ahead(), a.ahead()) })
	return list[:min(len(list), MaxActivities)]
}
