package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"factorfleet/internal/private"
)

// A staged is a file NAME.partial, which will replace the file NAME in the same directory.
type staged struct {
	dir  *os.Root
	name string // without Ext
	made bool   // this process has created NAME.partial
}

// newMode is the mode of a file that replaces none, before the umask.
const newMode fs.FileMode = 0o666

// stage opens the file path.partial without changing it. It may exist: a process that was killed has left
// it. Another process that writes it has locked it.
func stage(path string, old fs.FileInfo) (*File, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = &fs.PathError{Op: "open", Path: path, Err: failed.Err}
		}
		return nil, err
	}
	s := &staged{dir: dir, name: filepath.Base(path)}
	file, err := s.open(path + Ext)
	if err != nil {
		dir.Close()
		return nil, err
	}
	return &File{path: path, file: file, old: old, staged: s}, nil
}

// open opens and locks NAME.partial. path names it in messages.
func (s *staged) open(path string) (*os.File, error) {
	file, err := s.dir.OpenFile(s.name+Ext, os.O_WRONLY|os.O_CREATE|os.O_EXCL, newMode)
	s.made = err == nil
	if errors.Is(err, fs.ErrExist) {
		file, err = s.reopen(path)
	}
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, cause(err))
	}
	if err := s.lock(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("another process is writing %s: %w; wait for its end, or name another file", path, err)
	}
	return file, nil
}

// lock locks NAME.partial. It then looks whether file still has this name: a process that had the lock may
// have renamed the file.
func (s *staged) lock(file *os.File) error {
	if err := private.TryLock(file); errors.Is(err, private.ErrLocked) {
		return err // other errors come from file systems without locks
	}
	opened, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := s.dir.Lstat(s.name + Ext)
	if err == nil && !os.SameFile(opened, named) {
		err = errors.New("it was replaced")
	}
	return err
}

// reopen opens an existing NAME.partial if it is a regular file of this user with no other name.
func (s *staged) reopen(path string) (*os.File, error) {
	info, err := s.dir.Lstat(s.name + Ext)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || private.Links(info) != 1 {
		return nil, errors.New("a link or another kind of file has this name: remove it")
	}
	if err := private.CheckOwner("the file", info); err != nil {
		return nil, err
	}
	return openSame(func() (*os.File, error) { return s.dir.OpenFile(s.name+Ext, os.O_WRONLY, 0) }, info)
}

// cause returns err without the name of the file, which the caller states.
func cause(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// begin empties NAME.partial and gives it the mode of the file that it will replace.
func (s *staged) begin(file *os.File, old fs.FileInfo) error {
	if err := file.Truncate(0); err != nil || old == nil {
		return err
	}
	return file.Chmod(old.Mode().Perm())
}

// replace renames NAME.partial to NAME, and syncs the directory as far as the system permits it. The file
// gets the owner of the one that it replaces, if root runs this process.
func (s *staged) replace(file *os.File, old fs.FileInfo) error {
	if old != nil {
		private.Chown(file, old)
	}
	if err := s.dir.Rename(s.name+Ext, s.name); err != nil {
		return err
	}
	if dir, err := s.dir.Open("."); err == nil {
		dir.Sync()
		dir.Close()
	}
	return nil
}

// discard removes NAME.partial if this process has created it.
func (s *staged) discard() {
	if s.made {
		s.dir.Remove(s.name + Ext)
	}
}
