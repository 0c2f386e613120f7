// Package outfile writes a file that a user has named for output. The old file stays as it is until the new
// one is complete:
//
//	Open    FILE.partial is created and locked; FILE is not changed
//	Write   to FILE.partial
//	Commit  FILE.partial is synced to the disk and renamed to FILE
//	Abandon FILE.partial keeps what was written
//
// It never writes through a symbolic link: another user may have planted it. What is no regular file, such
// as a pipe or /dev/null, cannot be replaced, and is written directly.
package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLink is wrapped by Open if the file is a symbolic link.
var ErrLink = errors.New("symbolic link")

// Ext is appended to the name of a file that is not complete.
const Ext = ".partial"

// A File is a file that is being written. It is not safe for concurrent use. Either Commit or Abandon must
// be called once.
type File struct {
	path    string      // as the user has named it
	file    *os.File    // where Write writes
	old     fs.FileInfo // of the file at path; nil if there is none
	staged  *staged     // nil if file is the file at path itself
	written bool        // Write was called
}

// Open prepares to write the file at path. The error wraps ErrLink if that is a symbolic link. The names of
// open descriptors, such as /dev/fd/3, are the only permitted links; what they name is written at its end.
func Open(path string) (*File, error) {
	if isDescriptor(path) {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return nil, err
		}
		return &File{path: path, file: file}, nil
	}
	old, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return stage(path, nil)
	case err != nil:
		return nil, err
	case old.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a %w: name the file to write, or remove the link", path, ErrLink)
	case old.IsDir():
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	file, err := openSame(func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }, old)
	if err != nil {
		return nil, err
	}
	if !old.Mode().IsRegular() {
		return &File{path: path, file: file, old: old}, nil
	}
	file.Close() // it was opened only to learn whether this user may write to it
	return stage(path, old)
}

// isDescriptor reports whether path names an open descriptor of this process, or the null device.
func isDescriptor(path string) bool {
	switch clean := filepath.Clean(path); filepath.Dir(clean) {
	case "/dev/fd", "/proc/self/fd":
		return true
	default:
		return clean == "/dev/stderr" || clean == os.DevNull
	}
}

// openSame opens a file by open, and refuses it if it is another one than seen: then somebody has replaced
// it since it was looked at.
func openSame(open func() (*os.File, error), seen fs.FileInfo) (*os.File, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(seen, info) {
		err = fmt.Errorf("%s was replaced while it was opened", file.Name())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Is reports whether writing this File changes the file of info.
func (f *File) Is(info fs.FileInfo) bool {
	if f.old != nil && os.SameFile(f.old, info) {
		return true
	}
	written, err := f.file.Stat()
	return err == nil && os.SameFile(written, info)
}

// Write appends b.
func (f *File) Write(b []byte) (int, error) {
	if !f.written && f.staged != nil {
		if err := f.staged.begin(f.file, f.old); err != nil {
			return 0, err
		}
	}
	f.written = true
	return f.file.Write(b)
}

// Commit completes the file. After an error the old file is still there, and the caller must call Abandon.
func (f *File) Commit() error {
	if f.staged == nil {
		return f.file.Close()
	}
	if _, err := f.Write(nil); err != nil { // an empty file is complete too
		return err
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	if err := f.staged.replace(f.file, f.old); err != nil {
		return err
	}
	f.staged.dir.Close()
	return f.file.Close()
}

// Abandon ends an incomplete file. kept is the name of the file with what was written, "" if nothing was
// written. The old file is not changed, unless it is no regular file.
func (f *File) Abandon() (kept string) {
	if f.staged == nil {
		f.file.Close()
		return ""
	}
	if f.written {
		f.file.Sync() // best effort: an error of the output is known already
		kept = f.path + Ext
	} else {
		f.staged.discard()
	}
	f.file.Close()
	f.staged.dir.Close()
	return kept
}
