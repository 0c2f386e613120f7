package cli

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestHandleSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received, done := make(chan os.Signal), make(chan struct{})
		ctx, cancel := context.WithCancelCause(t.Context())
		seconds, exited := 0, ExitCode(0)
		go handleSignals(received, done, cancel, func() { seconds++ }, func(code ExitCode) { exited = code })
		if Interrupted(ctx) != nil {
			t.Error("interrupted before any signal")
		}
		received <- syscall.SIGTERM
		<-ctx.Done()
		err := Interrupted(ctx)
		if Code(err) != 143 || !errors.Is(err, SignalError{syscall.SIGTERM}) || Code(context.Cause(ctx)) != 143 || seconds != 0 {
			t.Errorf("first signal: %v, code %d", err, Code(err))
		}
		received <- syscall.SIGHUP
		synctest.Wait()
		if seconds != 0 || exited != 0 {
			t.Errorf("SIGHUP after another signal: onSecond called %d times, exit %d", seconds, exited)
		}
		received <- os.Interrupt
		synctest.Wait()
		if seconds != 1 || exited != 0 {
			t.Errorf("second signal: onSecond called %d times, exit %d", seconds, exited)
		}
		received <- os.Interrupt
		synctest.Wait()
		if seconds != 1 || exited != 130 {
			t.Errorf("third signal: onSecond called %d times, exit %d", seconds, exited)
		}
		close(done)
	})
}

// TestSignalError: the message names what happened, in words.
func TestSignalError(t *testing.T) {
	for s, want := range map[os.Signal]string{os.Interrupt: "interrupted", syscall.SIGTERM: "terminated", syscall.SIGHUP: "hangup"} {
		if got := (SignalError{s}).Error(); got != want {
			t.Errorf("%v: %q, want %q", s, got, want)
		}
	}
}

// TestSignals sends a real signal.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send itself a signal on Windows")
	}
	ctx, stop := Signals(t.Context(), nil)
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if Code(Interrupted(ctx)) != 143 {
		t.Errorf("%v", context.Cause(ctx))
	}

	ctx, stop = Signals(t.Context(), nil)
	stop()
	stop()
	if ctx.Err() == nil || Interrupted(ctx) != nil {
		t.Errorf("stopped: %v", context.Cause(ctx))
	}
}
