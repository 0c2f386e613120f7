package natsserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// A store is a directory that this process alone uses: nats-server itself takes no
// lock, and two servers on one directory destroy it.
type store struct {
	dir       string
	temporary bool
	lock      *os.File // held open, and locked, until close
}

// lockName is the file whose lock is the directory's; it holds a word for whoever
// finds it.
const lockName = "LOCK"

// temporaryPattern names throw-away stores, so that one left behind by a killed
// process can be told and removed.
const temporaryPattern = "factorfleet-store-"

const lockText = `This is the store of one embedded server of factorfleet, alone: "embedded run --store" and
"embedded submit --store" use it, one process at a time, which keeps this file locked.

Never start a nats-server that is a member of a cluster on this directory: after half a
minute it would delete every stream in it. To move to a cluster, run "nats stream backup"
for each stream while "embedded run" serves this store, end it, start the cluster on empty
directories, and run "nats stream restore" there. Jobs go on with "producer wait JOB".
`

var errLocked = errors.New("locked")

// openStore locks dir, creating it if needed; "" makes a temporary directory.
func openStore(dir string) (*store, error) {
	temporary := dir == ""
	if temporary {
		removeStale(os.TempDir())
		made, err := os.MkdirTemp("", temporaryPattern)
		if err != nil {
			return nil, fmt.Errorf("make a temporary store: %w", err)
		}
		dir = made
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store: %w", err)
	}
	lock, err := lockDir(dir)
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("the store %s is in use by another process; stop it, or name another --store", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the store %s: %w", dir, err)
	}
	return &store{dir: dir, temporary: temporary, lock: lock}, nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	// A store of one server alone: as a member of a cluster its streams would be deleted.
	f.Truncate(0)
	f.WriteAt([]byte(lockText), 0)
	return f, nil
}

// What check writes: about as many files as the server makes for a stream, and more bytes
// than the last block of a full disk may have left.
const (
	probeFiles = 8
	probeSize  = 8 << 10 // bytes of each
)

// check writes some files into the directory, removes them, and returns what failed.
func (s *store) check() error {
	dir, err := os.MkdirTemp(s.dir, "probe-")
	if err == nil {
		defer removeTree(dir)
	}
	for i := 0; i < probeFiles && err == nil; i++ {
		err = os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), make([]byte, probeSize), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write to the store: %w", err)
	}
	return nil
}

// close unlocks the directory, and removes it if it is temporary. It may be called
// more than once. If the removal fails, such as for want of descriptors while the server
// still runs, the next call tries it again.
func (s *store) close() error {
	if s.lock == nil {
		return nil
	}
	if s.temporary {
		if err := removeAll(s.dir); err != nil {
			return err
		}
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}

// removeAll removes a directory into which a server may still be writing.
func removeAll(dir string) (err error) {
	for range 5 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		if err = removeTree(dir); err == nil {
			return nil
		}
	}
	return fmt.Errorf("remove the temporary store: %w", err)
}

// removeTree is os.RemoveAll with one descriptor at a time: that one holds a descriptor for
// each level of the tree, which a process near its limit does not have.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		remove := os.Remove
		if e.IsDir() {
			remove = removeTree
		}
		if err := remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// staleAge is how old the lock file of a temporary store must be for the store to be
// removed: one just being made is not locked for a moment.
const staleAge = time.Minute

// removeStale removes the temporary stores whose process is gone: nobody holds
// their lock.
func removeStale(parent string) {
	dirs, _ := filepath.Glob(filepath.Join(parent, temporaryPattern+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(filepath.Join(dir, lockName))
		if err != nil || time.Since(info.ModTime()) < staleAge {
			continue
		}
		if lock, err := lockDir(dir); err == nil {
			os.RemoveAll(dir)
			lock.Close()
		}
	}
}
