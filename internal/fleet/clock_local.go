//go:build !waits

package fleet

import "time"

// localNow returns the time on the clock of this process.
func localNow() time.Time { return time.Now() }
