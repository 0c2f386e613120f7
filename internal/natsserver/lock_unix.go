//go:build unix

package natsserver

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the exclusive lock of f. It returns errLocked at once if another process has the lock.
// The system releases the lock when the process ends.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
