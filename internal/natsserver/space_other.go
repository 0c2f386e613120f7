//go:build !linux && !darwin

package natsserver

// freeSpace returns false: the free space is not known on this system.
func freeSpace(string) (int64, bool) { return 0, false }
