// Package private opens directories in which no other user of the machine can put or replace a file. A
// program that writes to a directory of another user may follow a link of that user, and then overwrites
// a file of its own.
//
// The superuser counts as no other user: root can change every file anyway. Windows has no owners of this
// kind, so there every directory is accepted.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExposed is wrapped if another user can put or replace a file in a directory.
var ErrExposed = errors.New("open to other users")

// Permission bits. Who may write to a directory can replace every file in it, unless its sticky bit is
// set: then only the owner of a file can.
const (
	othersWrite fs.FileMode = 0o022 // the group and everybody
	anyoneWrite fs.FileMode = 0o002 // everybody
)

// Open opens the directory dir. The error wraps ErrExposed, and says what to do, in these cases: another
// user owns dir, or owns the symbolic link that dir is, or may write to dir. An empty directory of this
// user is not refused for its mode: Open sets it to 0700, because mkdir under umask 002 makes such a
// directory. If it has files, others may have put them there, and a person must look.
//
// The owner is that of the open directory. Files that are opened through the Root are in this directory,
// whatever happens to the name dir.
func Open(dir string) (*os.Root, error) {
	name, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if name.Mode()&fs.ModeSymlink != 0 {
		if err := CheckOwner("the symbolic link "+dir, name); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := check(root); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// MkdirTemp makes a directory in os.TempDir with mode 0700 and opens it. Its name begins with prefix. The
// error wraps ErrExposed if another user could replace it.
//
// In a directory that anybody may write to, only the sticky bit keeps another user from renaming the new
// directory and putting another one in its place. Files that are opened through the Root would still be in
// the first one. But nats-server opens its files by name: it would then write into the directory of the other
// user and follow the links there. So such a directory is refused, also where there is no other user, as in
// most containers: this program cannot see that.
func MkdirTemp(prefix string) (*os.Root, error) {
	parent := os.TempDir()
	info, err := os.Stat(parent)
	if err != nil {
		return nil, err
	}
	if err := CheckOwner("the directory for temporary files "+parent, info); err != nil {
		return nil, err
	}
	if hasModes && info.Mode()&anyoneWrite != 0 && info.Mode()&fs.ModeSticky == 0 {
		return nil, fmt.Errorf("the directory for temporary files %s is %w: its mode is %#o without the sticky bit; set TMPDIR to a directory of your own, or run chmod +t %s", parent, ErrExposed, info.Mode().Perm(), parent)
	}
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return nil, err
	}
	root, err := Open(dir)
	if err != nil {
		os.Remove(dir)
	}
	return root, err
}

// Stale calls remove for each directory of this user in os.TempDir whose name begins with prefix. It opens
// the directory first, and skips links.
func Stale(prefix string, remove func(*os.Root)) {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		root, err := Open(dir)
		if err != nil {
			continue
		}
		remove(root)
		root.Close()
	}
}

// Named reports whether the name by which root was opened still stands for the same directory, and not for
// a link to it.
func Named(root *os.Root) bool {
	named, err := os.Lstat(root.Name())
	if err != nil {
		return false
	}
	opened, err := root.Stat(".")
	return err == nil && os.SameFile(named, opened)
}

// check returns nil if no other user can put or replace a file in the open directory.
func check(root *os.Root) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if err := CheckOwner("the directory "+root.Name(), info); err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if !hasModes || mode&othersWrite == 0 {
		return nil
	}
	tightened, err := tighten(root, mode)
	if tightened || err != nil {
		return err
	}
	return fmt.Errorf("the directory %s is %w: its mode is %#o; use a new directory in it, or look for files in it that are not yours and then run chmod 700 %s", root.Name(), ErrExposed, mode, root.Name())
}

// tighten sets the mode of an empty directory to 0700. It looks after it has changed the mode: from then on
// no other user can add a file. It restores the mode of a directory that is not empty. A directory of root
// can be tightened only by root.
func tighten(root *os.Root, mode fs.FileMode) (tightened bool, err error) {
	if err := root.Chmod(".", 0o700); errors.Is(err, fs.ErrPermission) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err == nil && len(entries) == 0 {
		return true, nil
	}
	return false, errors.Join(err, root.Chmod(".", mode))
}

// CheckOwner returns an error that wraps ErrExposed if neither this user nor root owns a file. what names
// the file in the message.
func CheckOwner(what string, info fs.FileInfo) error {
	if uid, foreign := foreignOwner(info); foreign {
		return fmt.Errorf("%s is %w: it belongs to the user with id %d; use a directory of your own", what, ErrExposed, uid)
	}
	return nil
}

// CheckTree returns an error that wraps ErrExposed if a file below the directory is a symbolic link or
// belongs to another user. Somebody may have put it there while the directory had another mode. Files that
// vanish or cannot be read are skipped.
func CheckTree(root *os.Root) error {
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		full := filepath.Join(root.Name(), path)
		if info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a symbolic link, by which other files could be overwritten: remove it, or name another directory", full)
		}
		return CheckOwner(full, info)
	})
}
