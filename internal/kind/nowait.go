//go:build !waits

package kind

import "factorfleet/internal/worker"

// withWaits returns f. The build for the tests of the programs differs, see wait.go.
func withWaits(f *factorKind) worker.Kind { return f }
