package natsserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"factorfleet/internal/private"
)

// A store is a directory that only this process uses. nats-server itself takes no lock, and two servers
// on one directory destroy it.
//
// lock is open and locked until close, and nil after it. mu guards lock, because several goroutines may stop a
// server.
type store struct {
	dir       string
	root      *os.Root // dir, open until close; no other user can put a file into it
	temporary bool
	mu        sync.Mutex
	lock      *os.File
}

// lockName is the file whose lock protects the directory. Its text explains that to a person who finds it.
const lockName = "LOCK"

// temporaryPattern is the prefix of temporary stores, by which those of killed processes are found.
const temporaryPattern = "factorfleet-store-"

const lockText = `This is the store of one server of factorfleet. "embedded run --store" and "embedded submit --store"
use it, one process at a time. The process keeps this file locked.

Never start a nats-server that is a member of a cluster on this directory: after half a
minute it would delete every stream in it. To move to a cluster, run "nats stream backup"
for each stream while "embedded run" serves this store. Then stop it, start the cluster on
empty directories, and run "nats stream restore" there. "producer wait JOB" resumes a job.
`

// openStore creates dir if it does not exist, and locks it. "" makes a temporary directory. Temporary
// stores of killed processes are removed first. A directory in which another user can put files is
// refused: see package private.
func openStore(dir string) (*store, error) {
	s := &store{temporary: dir == ""}
	var err error
	if s.temporary {
		private.Stale(temporaryPattern, removeStale)
		s.root, err = private.MkdirTemp(temporaryPattern)
	} else {
		s.root, err = openDir(dir)
	}
	switch {
	case s.temporary && errors.Is(err, private.ErrExposed):
		return nil, fmt.Errorf("open the store: %w; or name a store with --store DIR", err)
	case err != nil:
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s.dir = s.root.Name()
	s.lock, err = lockDir(s.root)
	if err == nil {
		return s, nil
	}
	if s.temporary {
		s.root.Remove(lockName)
		os.Remove(s.dir)
	}
	s.root.Close()
	if errors.Is(err, private.ErrLocked) {
		return nil, &inUseError{"the store " + s.dir + " is in use by another process; stop that process, or name another --store", err}
	}
	return nil, fmt.Errorf("lock the store %s: %w", s.dir, err)
}

// openDir opens a store that is kept, and creates it if it does not exist. The server opens its files by
// name, and follows links. So a store with a link or with a file of another user is refused.
func openDir(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := private.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := private.CheckTree(root); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// lockDir locks a directory and writes lockText into its lock file. The text is not needed for the lock, so errors
// of writing it are ignored: a full disk must not keep a server from starting.
func lockDir(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := private.TryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	f.Truncate(0)
	f.WriteAt([]byte(lockText), 0)
	return f, nil
}

// check writes about as many files as the server creates for a stream, and more bytes than the last free
// block of a full disk may have.
const (
	probeFiles  = 8
	probeSize   = 8 << 10 // bytes of each
	probePrefix = "probe-"
)

// check writes some files into the directory and removes them. It returns the first error.
func (s *store) check() error {
	dir, err := os.MkdirTemp(s.dir, probePrefix)
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

// close removes the directory if it is temporary, and unlocks it. It may be called several times: if the
// removal has failed, for example for lack of file descriptors, the next call tries it once more. It
// removes nothing if the name of the directory stands for something else by now.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil
	}
	if s.temporary {
		if !private.Named(s.root) {
			return fmt.Errorf("remove the temporary store: %s was replaced by another process", s.dir)
		}
		if err := removeAll(s.dir); err != nil {
			return err
		}
	}
	err := errors.Join(s.lock.Close(), s.root.Close())
	s.lock = nil
	return err
}

// removeAll removes a directory into which a server may still write. A file that appears between the reading and the
// removal of its directory makes a try fail, and the next one removes it.
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

// removeTree is os.RemoveAll with one open file descriptor at a time. os.RemoveAll has one for each level
// of the tree, which a process near its limit cannot get. It does not follow links.
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

// staleAge is the least age of the lock file of a temporary store that may be removed. A new store is
// unlocked for a moment.
const staleAge = time.Minute

// removeStale removes a temporary store unless a process has locked it. A process that was killed leaves its store,
// but not its lock. The lock is held while the store is removed, so that two processes do not remove it at once.
func removeStale(root *os.Root) {
	info, err := root.Lstat(lockName)
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < staleAge {
		return
	}
	lock, err := root.OpenFile(lockName, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if private.TryLock(lock) == nil && private.Named(root) {
		os.RemoveAll(root.Name())
	}
}
