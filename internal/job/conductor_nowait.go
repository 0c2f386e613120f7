//go:build !waits

package job

// beforeSolve does nothing. The build for the tests of the programs differs, see conductor_wait.go.
func beforeSolve(func() error) error { return nil }
