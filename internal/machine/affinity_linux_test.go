package machine

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSetAffinity: all threads are restricted, those that exist and those that come later, and GOMAXPROCS follows.
func TestSetAffinity(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	all := listOf(&before)
	t.Cleanup(func() {
		// SetAffinity can only restrict further.
		if err := eachThread(func(id int) error { return unix.SchedSetaffinity(id, &before) }); err != nil {
			t.Error(err)
		}
		runtime.SetDefaultGOMAXPROCS()
	})
	if err := SetAffinity([]int{all[0], maxCPU}); err == nil || !strings.Contains(err.Error(), "may not use CPU 1023: it may use "+FormatCPUs(all)) {
		t.Errorf("a CPU that does not exist: %v", err)
	}
	end := lockThreads(4)
	defer end()
	cpu := all[len(all)-1]
	if err := SetAffinity([]int{cpu}); err != nil {
		t.Fatal(err)
	}
	defer lockThreads(4)()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil || len(threads) < 8 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(id, &set); err == nil && FormatCPUs(listOf(&set)) != strconv.Itoa(cpu) {
			t.Errorf("thread %d may use CPUs %s", id, FormatCPUs(listOf(&set)))
		}
	}
	if n := runtime.GOMAXPROCS(0); n != 1 {
		t.Errorf("GOMAXPROCS is %d", n)
	}
}

// lockThreads makes the process have at least n threads until end is called.
func lockThreads(n int) (end func()) {
	done := make(chan struct{})
	var locked, ended sync.WaitGroup
	locked.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread()
			locked.Done()
			<-done
		})
	}
	locked.Wait()
	return func() { close(done); ended.Wait() }
}
