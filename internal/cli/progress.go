package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"factorfleet/internal/plan"
	"factorfleet/internal/text"
)

const (
	redrawEvery = 200 * time.Millisecond
	logEvery    = time.Minute
)

// ProgressFlag returns the flag of StartProgress.
func ProgressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Value: "auto", Usage: "`WHEN` to show progress: auto (a line on a terminal, else one log line a minute), always (the line in any case) or never"}
}

// A Status is what the progress line says.
type Status struct {
	Job     string
	Workers int // -1 = unknown
	// Working is what is done with a number that takes long; it is shown when few are left. ""
	// = unknown.
	Working string
	plan.Snapshot
}

// fewLeft is how many numbers are so few that one of them is what there is to say.
const fewLeft = 4

// working returns Working if it says more than the counts do.
func (s Status) working() string {
	if !s.Sealed || s.Done >= s.Total || s.Total-s.Done > fewLeft {
		return ""
	}
	return s.Working
}

// StartProgress shows what status returns until stop is called, as --progress says. It
// calls status from a goroutine of its own, and not any more once stop has returned; the
// line is gone then.
func StartProgress(mode string, screen *Screen, log zerolog.Logger, status func() Status) (stop func(), err error) {
	switch {
	case mode == "never":
		return func() {}, nil
	case mode == "always", mode == "auto" && screen.terminal:
		return every(redrawEvery, func() { screen.Draw(status().lines()...) }, screen.Clear), nil
	case mode == "auto":
		return every(logEvery, func() { status().log(log) }, func() {}), nil
	}
	return nil, Usagef("--progress %q: use auto, always or never", mode)
}

// every calls f again and again until stop is called, and then last.
func every(interval time.Duration, f, last func()) (stop func()) {
	done := make(chan struct{}) // closed by stop
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f()
			case <-done:
				last()
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		wg.Wait()
	})
}

// lines returns the line with the job's whole id, and a shorter one.
func (s Status) lines() []string {
	var parts []string
	working := s.working()
	switch {
	case working != "" && s.Total == 1:
		parts = append(parts, working)
	case working != "":
		parts = append(parts, fmt.Sprintf("%s/%s numbers", text.Thousands(s.Done), text.Thousands(s.Total)), working)
	case s.Sealed:
		parts = append(parts, fmt.Sprintf("%s/%s numbers", text.Thousands(s.Done), text.Thousands(s.Total)), fmt.Sprintf("%.1f %% of the work", s.percent()))
	default:
		parts = append(parts, fmt.Sprintf("%s numbers, reading on", text.Thousands(s.Done)))
	}
	if s.Rate > 0 && working == "" {
		parts = append(parts, perSecond(s.Rate))
	}
	switch {
	case s.Workers == 0:
		parts = append(parts, "no workers")
	case working != "": // it says how many cores
	case s.Workers == 1:
		parts = append(parts, "1 worker")
	case s.Workers > 1:
		parts = append(parts, text.Thousands(uint64(s.Workers))+" workers")
	}
	if s.Known && s.Done < s.Total && working == "" {
		parts = append(parts, "ETA "+shortDuration(s.ETA))
	}
	line := strings.Join(parts, " · ")
	short := s.Job
	if len(short) > 5 {
		short = short[:4] + "…"
	}
	return []string{"j " + s.Job + " " + line, "j " + short + " " + line, line}
}

// percent never says 100 before it is true.
func (s Status) percent() float64 {
	if s.Share < 1 {
		return min(99.9, 100*s.Share)
	}
	return 100
}

func (s Status) log(log zerolog.Logger) {
	e := log.Info().Str("job", s.Job).Uint64("done", s.Done)
	if s.Sealed {
		e = e.Uint64("total", s.Total).Str("work", fmt.Sprintf("%.1f%%", s.percent()))
	}
	if s.Rate > 0 {
		e = e.Str("rate", perSecond(s.Rate))
	}
	if s.Workers >= 0 {
		e = e.Int("workers", s.Workers)
	}
	if working := s.working(); working != "" {
		e = e.Str("working", working)
	}
	if s.Known {
		e = e.Str("eta", shortDuration(s.ETA))
	}
	e.Msg("progress")
}

// perSecond writes a rate with about three digits, slow ones by the minute or hour.
func perSecond(rate float64) string {
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

// shortDuration writes the two largest units of d.
func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 1000*day:
		return "years"
	case d >= day:
		return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", (d+time.Second-1)/time.Second)
}

// terminalWidth returns the columns of the terminal f, else what COLUMNS says, else 80.
func terminalWidth(f *os.File) int {
	if n := consoleWidth(f); n > 0 {
		return n
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}
