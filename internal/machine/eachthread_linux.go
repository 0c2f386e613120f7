package machine

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// eachThread calls set once for each thread of this process. Afterwards it has been called for all of them, or for the
// thread that has created them after the call: a new thread has the settings of its creator.
//
// While set has not been called for a thread, that thread may create others. So the list is read until it has no new
// thread twice: one that was missed in the last reading was created after the reading before, by a thread that was done.
// A thread that has ended meanwhile is no error.
func eachThread(set func(id int) error) error {
	done := make(map[int]bool)
	for unchanged := 0; unchanged < 2; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		unchanged++
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[id] {
				continue
			}
			done[id], unchanged = true, 0
			if err := set(id); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return nil
}
