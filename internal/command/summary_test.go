package command

import (
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
)

func TestSummaryLine(t *testing.T) {
	for want, sum := range map[string]job.Summary{
		"20,200 numbers in 12.3 s: 1,642/s, 23.1 s of CPU time": {Counts: collect.Counts{Verified: 20_200, CPU: 23_100 * time.Millisecond}},
		"8 numbers in 12.3 s: 0.65/s, 23.1 s of CPU time, 1 unfinished, 2 given up": {
			Counts: collect.Counts{Verified: 6, Unfinished: 1, Dead: 2, CPU: 23_100 * time.Millisecond}},
		"1 item in 12.3 s: 4.88/min": {Job: task.Job{Kind: "exec:x"}, Counts: collect.Counts{Verified: 1}},
	} {
		if got := summaryLine(&sum, 12300*time.Millisecond); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
