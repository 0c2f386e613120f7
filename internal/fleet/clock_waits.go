//go:build waits

package fleet

import (
	"os"
	"time"
)

// clockError is by how much the clock of this process is wrong: the value of FACTORFLEET_TEST_CLOCK, such as
// 744h. The tests of the programs build them with the tag waits, which no other build has.
var clockError = func() time.Duration {
	d, _ := time.ParseDuration(os.Getenv("FACTORFLEET_TEST_CLOCK"))
	return d
}()

// localNow returns the time on the clock of this process.
func localNow() time.Time { return time.Now().Add(clockError) }
