//go:build !unix

package natsserver

// openFiles returns false: this system has no such limit, or it is not known.
func openFiles() (uint64, bool) { return 0, false }
