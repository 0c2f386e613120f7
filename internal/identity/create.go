package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// A directory of keys is created in this order, so that a process that is killed meanwhile leaves nothing that
// a later one takes for damage, or for keys that somebody uses:
//
//	.creating                    exists until all else does; while it exists, Open says that there are no keys
//	authority, operator, claims
//	account.nk                   a directory without it has no keys
//	first identities             each as Add makes it
//
// .lock is locked by the process that writes. Open needs no lock: each file is written as a whole or not at all.

// firstUsers are the identities of a new directory of keys. Two workers suffice for a fleet of three
// machines, one of which runs the server.
var firstUsers = []User{
	{Name: "admin", Role: schema.RoleAdmin}, {Name: "producer", Role: schema.RoleProducer}, {Name: "observer", Role: schema.RoleObserver},
	{Name: "worker-1", Role: schema.RoleWorker}, {Name: "worker-2", Role: schema.RoleWorker},
}

// Prepare opens a directory of keys. If it has no keys, Prepare creates them with the first identities. It
// also completes what a process that was killed has left half-made.
func Prepare(dir string) (*Store, error) {
	s, err := Open(dir)
	if err == nil {
		return s, s.locked(s.complete)
	}
	if !errors.Is(err, ErrNoKeys) {
		return nil, err
	}
	return create(dir, firstUsers, Open)
}

// Create makes a directory of keys with an authority, an operator and its accounts, but without
// identities. The error wraps ErrTaken if the directory has keys.
func Create(dir string) (*Store, error) {
	return create(dir, nil, func(dir string) (*Store, error) {
		return nil, fmt.Errorf("the directory %s is %w: it has keys", dir, ErrTaken)
	})
}

// create makes a directory of keys with these identities. If another process has created the keys meanwhile, it
// returns what found returns.
func create(dir string, users []User, found func(dir string) (*Store, error)) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := s.makeDirs(); err != nil {
		return nil, err
	}
	err = s.locked(func() error {
		if s.hasKeys() {
			s, err = found(dir)
			return err
		}
		return s.fill(users)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// makeDirs makes the directories of the store.
func (s *Store) makeDirs() error {
	if err := s.checkOwners(); err != nil { // of what exists already
		return err
	}
	for _, d := range []string{s.dir, s.path(dirUsers), s.path(dirRevoked)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	return s.checkModes() // the directory may have existed before
}

// hasKeys reports whether the directory has keys whose creation was not interrupted.
func (s *Store) hasKeys() bool {
	return exists(s.path(fileAccount)) && !exists(s.path(fileCreating))
}

// fill makes all files of a new store, or of one whose creation was interrupted. The lock must be held.
func (s *Store) fill(users []User) (err error) {
	if !exists(s.path(fileCreating)) {
		if err := s.checkUnused(); err != nil {
			return err
		}
		if err := writeFile(s.path(fileCreating), nil, modePublic); err != nil {
			return err
		}
	}
	// Identities of an interrupted creation were never announced, and no other can have been added.
	for _, u := range users {
		if err := s.removeFiles(u.Name); err != nil {
			return err
		}
	}
	if s.authority, err = newAuthority(); err != nil {
		return err
	}
	if err := s.authority.write(s.path(fileCA), s.path(fileCAKey)); err != nil {
		return err
	}
	if err := s.createNATSKeys(); err != nil {
		return err
	}
	for _, u := range users {
		if err := s.add(u); err != nil {
			return err
		}
	}
	if err := s.complete(); err != nil {
		return err
	}
	return os.Remove(s.path(fileCreating))
}

// checkUnused returns an error if the directory has identities. They were signed by an account whose key is lost.
func (s *Store) checkUnused() error {
	for _, dir := range []string{s.path(dirUsers), s.path(dirRevoked), s.dir} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return dir != s.dir || strings.HasSuffix(e.Name(), credsExt) }) {
			return fmt.Errorf("%s is missing, but %s has identities: restore the file from a backup, or name another directory for new keys", s.path(fileAccount), s.dir)
		}
	}
	return nil
}

// createNATSKeys makes the operator and its accounts. It writes fileAccount last; see Open.
func (s *Store) createNATSKeys() (err error) {
	if s.operator, err = nkeys.CreateOperator(); err != nil {
		return err
	}
	if s.account, err = nkeys.CreateAccount(); err != nil {
		return err
	}
	if s.workers, err = s.workersSeed(); err != nil {
		return err
	}
	if err := s.writeClaims(); err != nil {
		return err
	}
	if err := s.writeSeed(fileOperator, s.operator); err != nil {
		return err
	}
	return s.writeSeed(fileAccount, s.account)
}
