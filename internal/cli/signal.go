package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// A SignalError is the cause of a context that a signal has cancelled.
type SignalError struct{ Signal os.Signal }

// Error returns "interrupted" for SIGINT and the name of any other signal, such as "terminated" or "hangup".
func (e SignalError) Error() string {
	if e.Signal == os.Interrupt {
		return "interrupted"
	}
	return e.Signal.String()
}

// code returns 128+n for signal n.
func (e SignalError) code() ExitCode {
	if s, ok := e.Signal.(syscall.Signal); ok {
		return signalled + ExitCode(s)
	}
	return signalled
}

// Signals returns a context that the first SIGINT, SIGTERM or SIGHUP cancels, with a SignalError as its
// cause. The second signal calls onSecond, unless it is nil. The third exits the process at once.
// stop cancels the context; signals then have their default effect. SIGHUP comes when the terminal is
// closed. A process that was started with SIGHUP ignored, as by nohup, continues to ignore it.
func Signals(parent context.Context, onSecond func()) (ctx context.Context, stop func()) {
	received := make(chan os.Signal, 3)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(received, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go handleSignals(received, done, cancel, onSecond, func(code ExitCode) { os.Exit(int(code)) })
	return ctx, sync.OnceFunc(func() {
		signal.Stop(received)
		close(done)
		cancel(context.Canceled)
	})
}

// handleSignals acts on the first three signals, until done is closed. A SIGHUP after the first signal does
// not count: when a terminal is closed, its shell and the system each send one.
func handleSignals(received <-chan os.Signal, done <-chan struct{}, cancel context.CancelCauseFunc, onSecond func(), exit func(ExitCode)) {
	for count := 0; ; {
		select {
		case <-done:
			return
		case s := <-received:
			if s == syscall.SIGHUP && count > 0 {
				continue
			}
			count++
			switch {
			case count == 1:
				cancel(SignalError{s})
			case count == 2 && onSecond != nil:
				onSecond()
			case count >= 3:
				exit(SignalError{s}.code())
			}
		}
	}
}

// Interrupted returns the error of a command that a signal has cut short, with exit code 128+n, or
// nil if ctx has no such cause. A command whose drain is complete returns nil instead of it.
func Interrupted(ctx context.Context) error {
	var s SignalError
	if errors.As(context.Cause(ctx), &s) {
		return Exit(s.code(), s)
	}
	return nil
}
