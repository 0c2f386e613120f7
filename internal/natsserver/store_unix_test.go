//go:build unix

package natsserver

import (
	"os"
	"syscall"
	"testing"
)

// withoutDescriptors calls f while this process can open no file.
func withoutDescriptors(t *testing.T, f func()) {
	t.Helper()
	next, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	none := old
	none.Cur = uint64(next.Fd()) // the next descriptor
	next.Close()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	f()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
}

// wantEmpty checks that a directory is empty.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestTemporaryWithoutDescriptors: a temporary store that cannot be locked is not left on the disk.
func TestTemporaryWithoutDescriptors(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	var err error
	withoutDescriptors(t, func() { _, err = openStore("") })
	if err == nil {
		t.Error("a store without a lock was opened")
	}
	wantEmpty(t, parent)
}

// TestCloseWithoutDescriptors: a temporary store is removed although no file can be opened.
func TestCloseWithoutDescriptors(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	s, err := openStore("")
	if err != nil {
		t.Fatal(err)
	}
	put(t, "x", s.dir, "a", "b", "c")
	withoutDescriptors(t, func() { err = s.close() })
	if err != nil {
		t.Error(err)
	}
	wantEmpty(t, parent)
}
