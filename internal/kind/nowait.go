//go:build !waits

package kind

import "factorfleet/internal/worker"

// forTests is for the tests of the programs, see wait.go.
func forTests(f *Factor) worker.Kind { return f }
