package private

import "errors"

// ErrLocked is returned by TryLock if another process has the lock.
var ErrLocked = errors.New("it is locked")
