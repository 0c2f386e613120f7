package identity

import (
	"errors"
	"fmt"
	"os"
	"time"

	"factorfleet/internal/private"
)

// A process that writes to the store holds the lock for some milliseconds.
const (
	lockTimeout = 10 * time.Second
	lockPause   = 10 * time.Millisecond
)

// locked calls f while no other process or goroutine writes to the store.
func (s *Store) locked(f func() error) error {
	file, err := os.OpenFile(s.path(fileLock), os.O_RDWR|os.O_CREATE, modeSecret)
	if err != nil {
		return err
	}
	defer file.Close() // releases the lock
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(lockPause) {
		err := private.TryLock(file)
		if err == nil {
			return f()
		}
		if !errors.Is(err, private.ErrLocked) || time.Now().After(deadline) {
			return fmt.Errorf("lock the keys in %s: %w", s.dir, err)
		}
	}
}
