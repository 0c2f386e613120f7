//go:build waits

package job

import (
	"os"
	"time"
)

// solveWait is how long this process waits before each linear algebra: the value of FACTORFLEET_TEST_SOLVE, such as
// 10m. So a test can kill a supervisor in that phase. The tests of the programs build them with the tag waits, which no
// other build has.
var solveWait = func() time.Duration {
	d, _ := time.ParseDuration(os.Getenv("FACTORFLEET_TEST_SOLVE"))
	return d
}()

// beforeSolve returns nil after solveWait, or the error of alive.
func beforeSolve(alive func() error) error {
	const look = 10 * time.Millisecond
	for end := time.Now().Add(solveWait); time.Now().Before(end); time.Sleep(look) {
		if err := alive(); err != nil {
			return err
		}
	}
	return nil
}
