package cli

import (
	"cmp"
	"fmt"
	"slices"
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
	Typed   bool // the user types the input: until it ends, a status line would be drawn into what is typed
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

// lines returns the status line, and shorter variants. What goes first is the bar, then a part of the job's id and the id,
// then what is known of a number that takes long, the rate, the workers if they compute, and the counts. The ETA goes last.
func (s Status) lines() (list []string) {
	if s.Typed && !s.Sealed {
		return nil
	}
	short := s.Job
	if len(short) > 5 {
		short = short[:4] + "…"
	}
	working := s.working()
	if len(working) == 0 {
		working = []string{""}
	}
	for i, w := range working {
		line := join(s.counts(w), s.eta(w), w, s.rate(w), s.workers(w != ""))
		if w == "" { // the ETA is where the eye ends
			line = join(s.counts(w), s.rate(w), s.workers(false), s.eta(w))
		}
		if bar := s.bar(); bar != "" && i == 0 {
			list = append(list, "j "+s.Job+" "+bar+" "+line)
		}
		list = append(list, "j "+s.Job+" "+line, "j "+short+" "+line, line)
	}
	alarm := s.workers(true) // none are at work
	last := s.eta("")
	list = append(list, join(s.counts(""), s.rate(""), alarm, last), join(s.counts(""), alarm, last), join(s.briefly(), alarm, last), join(s.percentText(), alarm, last), join(alarm, last))
	if last == "" {
		list = append(list, s.briefly())
	}
	return slices.Compact(slices.DeleteFunc(list, func(line string) bool { return line == "" }))
}

// join joins the parts of a line that are not empty.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

// counts says how many numbers are done, and which share of the work. working is about a number that takes long, "" = nothing
// is known.
func (s Status) counts(working string) string {
	counts := fmt.Sprintf("%s/%s %ss", text.Thousands(s.Done), text.Thousands(s.Total), cmp.Or(s.Noun, "number"))
	switch {
	case working != "" && s.Total == 1:
		return ""
	case working != "":
		return counts
	case s.Sealed:
		return join(counts, s.percentText()+" of the work")
	}
	return DoneOf(s.Snapshot)
}

// briefly returns the shortest text with the counts.
func (s Status) briefly() string {
	if !s.Sealed {
		return text.Thousands(s.Done) + " done"
	}
	return join(text.Thousands(s.Done)+"/"+text.Thousands(s.Total), s.percentText())
}

// percentText returns the share of the work that is done, "" while that is unknown.
func (s Status) percentText() string {
	if !s.Sealed {
		return ""
	}
	return fmt.Sprintf("%.1f%%", s.percent())
}

// rate returns the numbers a second, unless there is more to say of a number that takes long.
func (s Status) rate(working string) string {
	if s.Rate <= 0 || working != "" || s.Waits != "" {
		return ""
	}
	return PerSecond(s.Rate)
}

// eta says when the job will be done, or why no number is computed. A line about the last number has its time already.
func (s Status) eta(working string) string {
	switch {
	case s.Waits != "":
		return s.Waits
	case !s.Known || s.Done >= s.Total || working != "" && s.Total-s.Done == 1:
		return ""
	}
	return "ETA " + text.Duration(s.ETA)
}

// The bar, in characters.
const (
	barWidth = 20
	// barDone and barLeft fill it.
	barDone, barLeft = "#", "."
)

// bar draws the share of the work that is done; "" while that is unknown.
func (s Status) bar() string {
	if !s.Sealed || s.Total <= 1 {
		return ""
	}
	done := min(int(s.Share*barWidth), barWidth)
	return "[" + strings.Repeat(barDone, done) + strings.Repeat(barLeft, barWidth-done) + "]"
}

// workers says what no worker offers, or how many workers there are and how many of them are paused. busy: a part of the line has the number of cores
// already, so that workers that work need no mention.
func (s Status) workers(busy bool) string {
	switch {
	case s.Waits != "":
		return ""
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
