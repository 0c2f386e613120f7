//go:build unix

package natsconn

import (
	"os"
	"syscall"
)

// looseKey returns an error if others than its owner may read or write the file of a key, and the
// owner is who runs this: whoever mounts secrets for us knows what they do.
func looseKey(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // what reads it says so
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode().Perm(); ok && int(owner.Uid) == os.Geteuid() && mode&0o077 != 0 {
		return Refuse(nil, "others may read or write the key file %s: its mode is %#o; if nobody has read it, chmod 600 %s", path, mode, path)
	}
	return nil
}
