package outfile

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReplacedWhileOpened: a file that another process has renamed or replaced in the meantime is refused.
func TestReplacedWhileOpened(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s := &staged{dir: root, name: "x"}
	file, err := root.Create("x" + Ext)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := s.lock(file); err != nil {
		t.Fatal(err)
	}
	if err := root.Rename("x"+Ext, "x"); err != nil { // as Commit of another process does
		t.Fatal(err)
	}
	if err := s.lock(file); err == nil {
		t.Error("locked a file that has lost its name")
	}
	seen, err := root.Stat("x")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other")
	if _, err := openSame(func() (*os.File, error) { return os.Create(other) }, seen); err == nil {
		t.Error("opened another file than the one that was looked at")
	}
}

// TestAbandon: nothing is left of a file into which nothing was written, and an older partial file stays.
func TestAbandon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := f.Abandon(); kept != "" {
		t.Errorf("kept %q", kept)
	}
	if _, err := os.Lstat(path + Ext); !os.IsNotExist(err) {
		t.Errorf("%s: %v", path+Ext, err)
	}
	for _, text := range []string{"a longer text\n", "b\n"} {
		if f, err = Open(path); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if kept := f.Abandon(); kept != path+Ext {
			t.Errorf("kept %q", kept)
		}
		if f, err = Open(path); err != nil {
			t.Fatal(err)
		}
		f.Abandon()
		if got, err := os.ReadFile(path + Ext); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
}
