package command

import (
	"strings"
	"time"

	"factorfleet/internal/cli"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// leastSummarized is how long a job must have taken for its summary: a user sees the answers of a shorter one at a glance.
const leastSummarized = time.Second

// summarize prints one line on standard error about a job that took so long, if there was a status line. A program that
// reads standard error, and a user who wants no progress, get none. Nor do jobs whose input was typed: their time is
// that of the user.
func (f *foregroundJob) summarize(sum *job.Summary, took time.Duration) {
	if took < leastSummarized || f.session.typed || f.c.Command.Name == "results" || !cli.ShowsProgress(f.c.String("progress"), f.session.Screen) {
		return
	}
	f.session.Notef("%s", summaryLine(sum, took))
}

// summaryLine returns the line, such as
//
//	20,200 numbers in 12.3 s: 1,642/s, 23.1 s of CPU time, 1 unfinished, 2 given up
//
// The CPU time is what the workers claim. The time is that of this process: an earlier one may have printed a part.
func summaryLine(sum *job.Summary, took time.Duration) string {
	done := sum.Verified + sum.Counts.Dead
	line := text.Count(done, task.Noun(sum.Job.Kind)) + " in " + text.Elapsed(took)
	parts := []string{cli.PerSecond(float64(done) / took.Seconds())}
	if sum.CPU > 0 {
		parts = append(parts, text.Elapsed(sum.CPU)+" of CPU time")
	}
	if sum.Unfinished > 0 {
		parts = append(parts, text.Thousands(sum.Unfinished)+" unfinished")
	}
	if sum.Counts.Dead > 0 {
		parts = append(parts, text.Thousands(sum.Counts.Dead)+" given up")
	}
	return line + ": " + strings.Join(parts, ", ")
}
