//go:build linux || darwin

package natsserver

import "syscall"

// freeSpace returns the bytes that this user may still write to the disk of dir.
func freeSpace(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
