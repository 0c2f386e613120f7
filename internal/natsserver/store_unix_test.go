//go:build unix

package natsserver

import (
	"os"
	"syscall"
	"testing"
)

// TestTemporaryWithoutDescriptors: a temporary store that cannot be locked is not left on the disk.
func TestTemporaryWithoutDescriptors(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	next, err := os.Open(parent)
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
	_, err = openStore("")
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Error("a store without a lock was opened")
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
