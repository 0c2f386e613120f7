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
