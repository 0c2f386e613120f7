package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/nats-io/nkeys"

	"factorfleet/internal/private"
)

// writeSeed stores the seed of a key.
func (s *Store) writeSeed(name string, key nkeys.KeyPair) error {
	seed, err := key.Seed()
	if err != nil {
		return err
	}
	return writeFile(s.path(name), seed, modeSecret)
}

// readSeed reads a key whose kind is that of an operator or an account.
func (s *Store) readSeed(name string, kind nkeys.PrefixByte) (nkeys.KeyPair, error) {
	seed, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, err
	}
	if prefix, _, err := nkeys.DecodeSeed(seed); err != nil || prefix != kind {
		return nil, fmt.Errorf("%s does not contain the seed of an %v", s.path(name), kind)
	}
	return nkeys.FromSeed(seed)
}

// workersSeed reads the key of the workers' account. A directory from before workers had their own
// account does not have one: it is added. The lock must be held.
func (s *Store) workersSeed() (nkeys.KeyPair, error) {
	key, err := s.readSeed(fileWorkers, nkeys.PrefixByteAccount)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = nkeys.CreateAccount(); err != nil {
		return nil, err
	}
	return key, s.writeSeed(fileWorkers, key)
}

// Permission bits of other users: who may write to the directory can replace a key, and who may read or
// write a key file has the key.
const (
	othersWrite fs.FileMode = 0o022
	othersUse   fs.FileMode = 0o077
)

// checkOwners returns an error that wraps ErrExposed if another user owns a directory of the store, or
// owns the symbolic link that its name is. Directories that do not exist are skipped.
func (s *Store) checkOwners() error {
	for _, dir := range []string{s.dir, s.path(dirUsers), s.path(dirRevoked)} {
		for _, stat := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
			info, err := stat(dir)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if err := private.CheckOwner("the directory "+dir, info); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkModes returns an error that wraps ErrExposed if other users can read or replace a key.
func (s *Store) checkModes() error {
	if runtime.GOOS == "windows" { // has no such bits
		return nil
	}
	if err := s.checkOwners(); err != nil {
		return err
	}
	info, err := os.Stat(s.dir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&othersWrite != 0 {
		return fmt.Errorf("the directory %s is %w: its mode is %#o; run chmod 700 %s", s.dir, ErrExposed, mode, s.dir)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains([]string{".key", ".nk", credsExt}, filepath.Ext(e.Name())) {
			continue
		}
		if err := checkMode(s.path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// checkMode returns an error that wraps ErrExposed if other users can use a key file.
func checkMode(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := private.CheckOwner("the key file "+file, info); err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&othersUse != 0 {
		return fmt.Errorf("the key file %s is %w: its mode is %#o; run chmod 600 %s, and replace the key if it may have been read", file, ErrExposed, mode, file)
	}
	return nil
}

// writeFile writes a file as a whole or not at all: it writes a temporary file and renames it.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporaryPrefix+"*") // its mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
