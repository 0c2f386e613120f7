//go:build unix

package private

import (
	"io/fs"
	"os"
	"syscall"
)

// hasModes reports whether the permission bits of a directory say who may write to it.
const hasModes = true

// foreignOwner returns the owner of a file, and whether that is neither this user nor root.
func foreignOwner(info fs.FileInfo) (uid int, foreign bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	uid = int(stat.Uid)
	return uid, uid != os.Geteuid() && uid != 0
}

// Links returns the number of names that a file has.
func Links(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink)
	}
	return 1
}

// Chown gives f the owner and the group of another file, as far as the system permits it.
func Chown(f *os.File, other fs.FileInfo) {
	if stat, ok := other.Sys().(*syscall.Stat_t); ok {
		f.Chown(int(stat.Uid), int(stat.Gid))
	}
}
