//go:build unix

package natsconn

import (
	"os"
	"syscall"
)

// CheckKeyMode returns an error if other users may read or write the file of a key. It checks only files
// of the user who runs this process: a file of another user, such as a mounted secret, was set up on
// purpose.
func CheckKeyMode(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // the error is reported when the file is read
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode().Perm(); ok && int(owner.Uid) == os.Geteuid() && mode&0o077 != 0 {
		return Errorf(nil, "other users may read or write the key file %s: its mode is %#o; run chmod 600 %s, and replace the key if it may have been read", path, mode, path)
	}
	return nil
}
