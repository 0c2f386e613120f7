package private

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestOpenMode: a directory into which others may write is made private if it is empty, else refused.
func TestOpenMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: no permission bits")
	}
	dir := t.TempDir()
	for _, test := range []struct {
		mode, want os.FileMode
		refused    bool
	}{{0o777, 0o700, false}, {0o755, 0o755, false}, {0o500, 0o500, false}, {0o720, 0o720, true}, {0o702, 0o702, true}} {
		if test.refused {
			if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, test.mode); err != nil {
			t.Fatal(err)
		}
		root, err := Open(dir)
		if errors.Is(err, ErrExposed) != test.refused || err != nil && !test.refused {
			t.Errorf("mode %#o: %v", test.mode, err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != test.want {
			t.Errorf("mode %#o has become %v, %v", test.mode, info.Mode(), err)
		}
		if root != nil {
			root.Close()
		}
	}
}

// TestMkdirTempParent: a directory for temporary files that anybody may write to needs the sticky bit. The message
// says what to do, because the directory may be one that a container has mounted so.
func TestMkdirTempParent(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: no permission bits")
	}
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	for mode, refused := range map[os.FileMode]bool{0o700: false, 0o755: false, 0o777 | os.ModeSticky: false, 0o777: true, 0o703: true} {
		if err := os.Chmod(parent, mode); err != nil {
			t.Fatal(err)
		}
		root, err := MkdirTemp("x-")
		if errors.Is(err, ErrExposed) != refused || err != nil && !refused {
			t.Errorf("mode %v: %v", mode, err)
		}
		if refused && err != nil && !strings.HasSuffix(err.Error(), "set TMPDIR to a directory of your own, or run chmod +t "+parent) {
			t.Errorf("mode %v: %v", mode, err)
		}
		if root != nil {
			root.Close()
		}
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 3 {
		t.Errorf("%d directories were made, %v", len(left), err)
	}
}

// TestNamed: the name of a temporary directory no longer counts once it stands for something else.
func TestNamed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	root, err := MkdirTemp("x-")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if !Named(root) {
		t.Error("a new directory has lost its name")
	}
	name := root.Name()
	if err := os.Rename(name, name+"-moved"); err != nil {
		t.Fatal(err)
	}
	if Named(root) {
		t.Error("a directory is named that was moved")
	}
	if err := os.Symlink(name+"-moved", name); err != nil {
		t.Fatal(err)
	}
	if Named(root) {
		t.Error("a link counts as the directory")
	}
}

// TestStale: only directories are visited, no links to them.
func TestStale(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, name := range []string{"x-1", "y-1"} {
		if err := os.Mkdir(filepath.Join(temp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("y-1", filepath.Join(temp, "x-2")); err != nil {
		t.Fatal(err)
	}
	var visited []string
	Stale("x-", func(root *os.Root) { visited = append(visited, filepath.Base(root.Name())) })
	if len(visited) != 1 || visited[0] != "x-1" {
		t.Errorf("visited %v", visited)
	}
}
