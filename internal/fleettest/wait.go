package fleettest

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// leastParallel is the number of parallel tests of a package, at least: most of them wait for a server
// most of the time.
const leastParallel = 8

// Main is the TestMain of a package with servers. It runs at least eight tests in parallel, and hides
// the contexts of the nats command that the machine's user has. It does not return.
func Main(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // the default
		p.Set(strconv.Itoa(max(leastParallel, runtime.GOMAXPROCS(0))))
	}
	dir, err := os.MkdirTemp("", "factorfleet-test-")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CONFIG_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// awaitTimeout is long because the race detector is slow on a busy machine.
const awaitTimeout = 3 * time.Minute

// Await calls ok every 5 ms until it returns true. It fails the test after awaitTimeout; what says for
// which condition it waits.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(awaitTimeout); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Background runs f in a goroutine until stop is called, or the test ends. f must return when its
// context ends; an error that it returns before fails the test.
func Background(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("background: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}
