package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"factorfleet/internal/plan"
	"factorfleet/internal/text"
)

// A Status is the content of the status line: one job at one moment.
type Status struct {
	Job     string // "" = not yet known
	Workers int    // active workers; -1 = unknown
	Lacks   string // what no active worker offers: it is shown instead of their number; "" = nothing
	Paused  int    // of these, how many take no tasks for a while
	// Working is the progress with one number that takes long, "" = unknown. It is shown only when
	// few numbers are left. The longest variant is first.
	Working []string
	plan.Snapshot
}

// fewLeft is the largest number of numbers left at which the progress with one of them is shown.
const fewLeft = 4

// working returns Working if it says more than the counts do.
func (s Status) working() []string {
	if !s.Sealed || s.Done >= s.Total || s.Total-s.Done > fewLeft {
		return nil
	}
	return s.Working
}

// lines returns the status line with the whole id of the job, and shorter variants: with a shorter id, without it, and
// with less about a number that takes long.
func (s Status) lines() (list []string) {
	short := s.Job
	if len(short) > 5 {
		short = short[:4] + "…"
	}
	working := s.working()
	if len(working) == 0 {
		working = []string{""}
	}
	for _, w := range working {
		line := strings.Join(s.parts(w), " · ")
		list = append(list, "j "+s.Job+" "+line, "j "+short+" "+line, line)
	}
	return list
}

// parts returns the pieces of the status line. working is about a number that takes long, "" = nothing is known.
func (s Status) parts(working string) (parts []string) {
	counts := fmt.Sprintf("%s/%s %ss", text.Thousands(s.Done), text.Thousands(s.Total), cmp.Or(s.Noun, "number"))
	switch {
	case working != "" && s.Total == 1:
		parts = append(parts, working)
	case working != "":
		parts = append(parts, counts, working)
	case s.Sealed:
		parts = append(parts, counts, fmt.Sprintf("%.1f%% of the work", s.percent()))
	default:
		parts = append(parts, DoneOf(s.Snapshot))
	}
	if s.Waits != "" {
		return append(parts, s.Waits)
	}
	if s.Rate > 0 && working == "" {
		parts = append(parts, PerSecond(s.Rate))
	}
	if workers := s.workers(working != ""); workers != "" {
		parts = append(parts, workers)
	}
	if s.Known && s.Done < s.Total && working == "" {
		parts = append(parts, "ETA "+text.Duration(s.ETA))
	}
	return parts
}

// workers says what no worker offers, or how many workers there are and how many of them are paused. busy: a part of the line has the number of cores
// already, so that workers that work need no mention.
func (s Status) workers(busy bool) string {
	switch {
	case s.Lacks != "":
		return s.Lacks
	case s.Workers == 0:
		return "no workers"
	case s.Workers < 0 || busy && s.Paused < s.Workers:
		return ""
	case s.Paused <= 0:
		return text.Count(uint64(s.Workers), "worker")
	case s.Paused >= s.Workers:
		return text.Count(uint64(s.Workers), "worker") + ", all paused"
	}
	return fmt.Sprintf("%s, %s paused", text.Count(uint64(s.Workers), "worker"), text.Thousands(uint64(s.Paused)))
}

// DoneOf says how many numbers of a job are done: "60 of 2,000,000 numbers done", or "60 numbers
// done, still reading input" while the total is unknown.
func DoneOf(s plan.Snapshot) string {
	noun := cmp.Or(s.Noun, "number")
	switch {
	case s.Sealed && s.Total == 0:
		return fmt.Sprintf("the job has no %ss", noun)
	case s.Sealed && s.Total == 1 && s.Done == 0:
		return fmt.Sprintf("its %s is not done", noun)
	case s.Sealed && s.Total == 1:
		return fmt.Sprintf("its %s is done", noun)
	case s.Sealed:
		return fmt.Sprintf("%s of %s done", text.Thousands(s.Done), text.Count(s.Total, noun))
	}
	return text.Count(s.Done, noun) + " done, still reading input"
}

// percent returns the share of the predicted work that is done, 100 only if all of it is.
func (s Status) percent() float64 {
	if s.Share < 1 {
		return min(99.9, 100*s.Share)
	}
	return 100
}

// log writes the status as a log line.
func (s Status) log(log zerolog.Logger) {
	e := log.Info().Str("job", s.Job).Uint64("done", s.Done)
	if s.Sealed {
		e = e.Uint64("total", s.Total).Str("work", fmt.Sprintf("%.1f%%", s.percent()))
	}
	if s.Rate > 0 {
		e = e.Str("rate", PerSecond(s.Rate))
	}
	if s.Workers >= 0 {
		e = e.Int("workers", s.Workers)
	}
	if s.Paused > 0 {
		e = e.Int("paused", s.Paused)
	}
	if working := s.working(); len(working) > 0 {
		e = e.Str("working", working[0])
	}
	if s.Waits != "" {
		e = e.Str("waits", s.Waits)
	} else if s.Known {
		e = e.Str("eta", text.Duration(s.ETA))
	}
	e.Msg("progress")
}

// PerSecond writes a rate in numbers per second with about three digits, a slow one per minute or
// hour.
func PerSecond(rate float64) string {
	switch {
	case rate >= 100:
		return text.Thousands(uint64(rate+0.5)) + "/s"
	case rate >= 0.5:
		return fmt.Sprintf("%.3g/s", rate)
	case rate >= 0.5/60:
		return fmt.Sprintf("%.3g/min", rate*60)
	}
	return fmt.Sprintf("%.3g/h", rate*3600)
}
