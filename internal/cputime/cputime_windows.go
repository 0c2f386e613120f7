package cputime

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// grain is the interval of the clock interrupt, 15.625 ms by default, at which Windows
// adds to the times of the running thread.
const grain = 16 * time.Millisecond

var getThreadTimes = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetThreadTimes")

func thread() time.Duration {
	var created, exited, kernel, user windows.Filetime
	ok, _, _ := getThreadTimes.Call(uintptr(windows.CurrentThread()), uintptr(unsafe.Pointer(&created)),
		uintptr(unsafe.Pointer(&exited)), uintptr(unsafe.Pointer(&kernel)), uintptr(unsafe.Pointer(&user)))
	if ok == 0 {
		return wall() // the same on every call: the system lacks the clock
	}
	return duration(kernel) + duration(user)
}

func process() (time.Duration, bool) {
	var created, exited, kernel, user windows.Filetime
	err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user)
	return duration(kernel) + duration(user), err == nil
}

// duration converts a count of 100 ns.
func duration(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
