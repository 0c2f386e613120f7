package cputime

import (
	"runtime"
	"testing"
	"time"
)

// TestThread: the clock counts work and not sleep.
func TestThread(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "freebsd" {
		t.Skip("the clock is coarse or missing")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := Thread()
	time.Sleep(50 * time.Millisecond)
	if slept := Thread() - before; slept < 0 || slept > 25*time.Millisecond {
		t.Errorf("a sleep of 50 ms takes %v", slept)
	}
	before = Thread()
	began := time.Now()
	for Thread()-before < 5*time.Millisecond {
	}
	if took := time.Since(began); took < 5*time.Millisecond-time.Microsecond {
		t.Errorf("5 ms of CPU time in %v", took)
	}
}

// TestProcess: the clock of the process counts the work of other threads, too.
func TestProcess(t *testing.T) {
	before, ok := Process()
	if !ok {
		t.Skip("there is no such clock")
	}
	const spin = 20 * time.Millisecond
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for from := Thread(); Thread()-from < 2*spin; {
		}
	}()
	<-done
	if after, _ := Process(); after-before < spin {
		t.Errorf("%v of work are counted as %v", 2*spin, after-before)
	}
}

func BenchmarkThread(b *testing.B) {
	for b.Loop() {
		Thread()
	}
}
