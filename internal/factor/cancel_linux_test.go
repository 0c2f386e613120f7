package factor

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
)

// TestCancelCores cancels the work on numbers of up to 60 digits at random moments, on two cores.
func TestCancelCores(t *testing.T) { kernelstest.Each(t, testCancelCores) }

func testCancelCores(t *testing.T) {
	const times = 4
	enough := errors.New("enough")
	n := nat.FromBig(semiprime(rand.New(rand.NewPCG(7, 4)), 195))
	rnd := rand.New(rand.NewPCG(7, uint64(kernels.Active()))) // each level has moments of its own
	before := runtime.NumGoroutine()
	pool := lending(1)
	e := New(Options{Pool: pool})
	longest, ended := time.Duration(0), 0
	for range times {
		ctx, cancel := context.WithCancelCause(t.Context())
		var at time.Duration
		done := make(chan struct{})
		timer := time.AfterFunc(time.Duration(rnd.Int64N(int64(600*time.Millisecond))), func() {
			at = processTime()
			cancel(enough)
			close(done)
		})
		_, _, err := e.Append(ctx, nil, n)
		if timer.Stop() { // it was done
			cancel(nil)
			continue
		}
		<-done
		if err == enough {
			ended++
			longest = max(longest, processTime()-at)
		} else if err != nil {
			t.Error(err)
		}
		if pool.Idle() != 1 {
			t.Fatal("a core is not given back")
		}
	}
	t.Logf("%d of %d ended, the last after %v at most", ended, times, longest)
	if longest > slowly(500*time.Millisecond) { // TestGaps says more exactly
		t.Errorf("it took %v to end", longest)
	}
	for range 5000 { // a thread that is about to end may wait long for a busy processor
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines more than before", runtime.NumGoroutine()-before)
}

// processTime returns the CPU time of this process. Other work of the machine does not change it.
func processTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
