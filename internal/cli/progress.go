package cli

import (
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

const (
	redrawEvery = 200 * time.Millisecond // of the status line
	logEvery    = time.Minute            // of the log line
)

// ProgressFlag returns the flag of StartProgress.
func ProgressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Value: "auto", Usage: "`WHEN` to show a status line: always, never, or auto (on a terminal; elsewhere a log line every minute)"}
}

// CheckProgress returns an error with exit code Usage unless mode is a value of --progress: auto,
// always or never.
func CheckProgress(mode string) error {
	switch mode {
	case "auto", "always", "never":
		return nil
	}
	return Usagef("--progress %q: use auto, always or never", mode)
}

// StartProgress shows what status returns until stop is called; mode is the value of --progress. It
// calls status in a goroutine of its own. When stop returns, the status line is gone and status is
// not called again.
func StartProgress(mode string, screen *Screen, log zerolog.Logger, status func() Status) (stop func(), err error) {
	if err := CheckProgress(mode); err != nil {
		return nil, err
	}
	switch {
	case mode == "never":
		return func() {}, nil
	case ShowsProgress(mode, screen):
		return callEvery(redrawEvery, func() { screen.Draw(status().lines()...) }, screen.Clear), nil
	}
	return callEvery(logEvery, func() { status().log(log) }, func() {}), nil
}

// ShowsProgress reports whether StartProgress draws a status line.
func ShowsProgress(mode string, screen *Screen) bool {
	return mode == "always" || mode != "never" && screen.terminal
}

// callEvery calls f at each interval until stop is called, and then last.
func callEvery(interval time.Duration, f, last func()) (stop func()) {
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
