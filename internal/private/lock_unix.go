//go:build unix

package private

import (
	"errors"
	"os"
	"syscall"
)

// TryLock takes the exclusive lock of f. It returns ErrLocked at once if another process has the lock.
// The system releases the lock when the process ends.
func TryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
