package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// A SignalError is the cause of a context that a signal ended.
type SignalError struct{ Signal os.Signal }

func (e SignalError) Error() string { return "ended by signal: " + e.Signal.String() }

func (e SignalError) code() ExitCode {
	if s, ok := e.Signal.(syscall.Signal); ok {
		return signalled + ExitCode(s)
	}
	return signalled
}

// Signals returns a context that the first SIGINT or SIGTERM cancels, with a
// SignalError as its cause. The second signal calls hurry, unless it is nil; the third
// exits at once. stop ends this; signals then do what they do by default.
func Signals(parent context.Context, hurry func()) (ctx context.Context, stop func()) {
	received := make(chan os.Signal, 3)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go watch(received, done, cancel, hurry, func(code ExitCode) { os.Exit(int(code)) })
	return ctx, sync.OnceFunc(func() {
		signal.Stop(received)
		close(done)
		cancel(context.Canceled)
	})
}

// watch acts on the first three signals, until done is closed.
func watch(received <-chan os.Signal, done <-chan struct{}, cancel context.CancelCauseFunc, hurry func(), exit func(ExitCode)) {
	for count := 1; ; count++ {
		select {
		case <-done:
			return
		case s := <-received:
			switch {
			case count == 1:
				cancel(SignalError{s})
			case count == 2 && hurry != nil:
				hurry()
			case count >= 3:
				exit(SignalError{s}.code())
			}
		}
	}
}

// Interrupted returns the error with which a command ends that a signal cut short, or
// nil if none did: exit code 128+n, and a line that says so. A command whose drain is
// complete returns nil instead.
func Interrupted(ctx context.Context) error {
	var s SignalError
	if errors.As(context.Cause(ctx), &s) {
		return Exit(s.code(), s)
	}
	return nil
}
