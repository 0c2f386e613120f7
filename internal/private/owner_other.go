//go:build !unix

package private

import (
	"io/fs"
	"os"
)

// hasModes reports whether the permission bits of a directory say who may write to it.
const hasModes = false

// foreignOwner returns false: see the package comment.
func foreignOwner(fs.FileInfo) (uid int, foreign bool) { return 0, false }

// Links returns 1: the number of names is not known.
func Links(fs.FileInfo) uint64 { return 1 }

// Chown does nothing.
func Chown(*os.File, fs.FileInfo) {}
