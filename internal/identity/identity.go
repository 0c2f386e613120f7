// Package identity makes and keeps what decides who takes part in a fleet: a
// certificate authority and the server's certificate, an operator and its accounts, and
// a file of credentials for each identity.
//
// A directory holds it all:
//
//	ca.crt ca.key           the authority; clients get the certificate
//	server.crt server.key   what the server shows
//	operator.nk             seed: the operator signs the accounts
//	account.nk workers.nk   seeds: the account of the fleet and that of workers sign users
//	operator.jwt system.jwt their claims, which a running server takes only once: who they
//	                        are, and the system account, which has no users
//	url                     where the server is
//	users/NAME.jwt          what an identity may do; no secret
//	NAME.creds              that and its seed, and ca.crt: all that another machine needs
//	NAME.json               a context of the nats command for it
//	revoked/KEY             the public key of an identity that was revoked; holds its name
//	                        and the public key of its account
//
// Nothing is written twice: whoever has the directory can sign, and a server that
// watches it (Revision) learns of a revocation without being restarted.
package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// A Store is a directory of keys.
type Store struct {
	dir              string
	operator         nkeys.KeyPair
	account, workers nkeys.KeyPair
	claims           Claims // those of the operator and of the system account
	authority        authority
}

const (
	fileCA, fileCAKey         = "ca.crt", "ca.key"
	fileServer, fileServerKey = "server.crt", "server.key"
	fileOperator, fileAccount = "operator.nk", "account.nk"
	fileWorkers               = "workers.nk"
	fileOperatorJWT           = "operator.jwt"
	fileSystemJWT             = "system.jwt"
	fileURL                   = "url"
	dirUsers, dirRevoked      = "users", "revoked"
)

// ErrNoKeys is wrapped when a directory holds no keys.
var ErrNoKeys = errors.New("no keys")

// ErrExposed is wrapped when others can read a key.
var ErrExposed = errors.New("readable by others")

// Dir is the directory.
func (s *Store) Dir() string { return s.dir }

// Open reads a directory that Create has made. An error wraps ErrNone if there is none, and
// ErrLoose if others can read a key in it.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	// The last file that Create writes: without it nothing was ever signed.
	if _, err := os.Stat(s.path(fileAccount)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoKeys)
	}
	if err := s.checkModes(); err != nil {
		return nil, err
	}
	if s.operator, err = s.readSeed(fileOperator, nkeys.PrefixByteOperator); err != nil {
		return nil, err
	}
	if s.account, err = s.readSeed(fileAccount, nkeys.PrefixByteAccount); err != nil {
		return nil, err
	}
	if s.workers, err = s.workersSeed(); err != nil {
		return nil, err
	}
	if err := s.readClaims(); err != nil {
		return nil, err
	}
	s.authority, err = readAuthority(s.path(fileCA), s.path(fileCAKey))
	return s, err
}

// Create makes a directory of keys: an authority, an operator and its accounts. What an
// interrupted Create has left is made anew.
func Create(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	for _, d := range []string{dir, s.path(dirUsers), s.path(dirRevoked)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.checkModes(); err != nil { // of a directory that was there
		return nil, err
	}
	if s.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if err := s.authority.write(s.path(fileCA), s.path(fileCAKey)); err != nil {
		return nil, err
	}
	if s.operator, err = nkeys.CreateOperator(); err != nil {
		return nil, err
	}
	if s.account, err = nkeys.CreateAccount(); err != nil {
		return nil, err
	}
	if s.workers, err = s.workersSeed(); err != nil {
		return nil, err
	}
	if err := s.writeClaims(); err != nil {
		return nil, err
	}
	if err := s.writeSeed(fileOperator, s.operator); err != nil {
		return nil, err
	}
	return s, s.writeSeed(fileAccount, s.account)
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

func (s *Store) writeSeed(name string, key nkeys.KeyPair) error {
	seed, err := key.Seed()
	if err != nil {
		return err
	}
	return writeFile(s.path(name), seed, 0o600)
}

func (s *Store) readSeed(name string, kind nkeys.PrefixByte) (nkeys.KeyPair, error) {
	seed, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, err
	}
	if prefix, _, err := nkeys.DecodeSeed(seed); err != nil || prefix != kind {
		return nil, fmt.Errorf("%s holds no seed of an %v", s.path(name), kind)
	}
	return nkeys.FromSeed(seed)
}

// workersSeed reads the key of the workers' account. A directory that was made when workers
// were users of the fleet's has none, and gets one.
func (s *Store) workersSeed() (nkeys.KeyPair, error) {
	key, err := s.readSeed(fileWorkers, nkeys.PrefixByteAccount)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = nkeys.CreateAccount(); err != nil {
		return nil, err
	}
	made := fmt.Sprintf(".new-%d-%s", os.Getpid(), fileWorkers)
	if err := s.writeSeed(made, key); err != nil {
		return nil, err
	}
	defer os.Remove(s.path(made))
	// Another process may have made one meanwhile, which then is the key.
	if err := os.Link(s.path(made), s.path(fileWorkers)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return s.readSeed(fileWorkers, nkeys.PrefixByteAccount)
}

// signer is the account in which identities of a role are users.
func (s *Store) signer(r schema.Role) nkeys.KeyPair {
	if schema.AccountOf(r) == schema.AccountWorkers {
		return s.workers
	}
	return s.account
}

// checkModes returns an error that wraps ErrLoose if others can read a key, or change
// what is in the directory.
func (s *Store) checkModes() error {
	if runtime.GOOS == "windows" { // has no such bits
		return nil
	}
	info, err := os.Stat(s.dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is %w, or worse: its mode is %#o; chmod 700 %s", s.dir, ErrExposed, info.Mode().Perm(), s.dir)
	}
	for _, pattern := range []string{"*.key", "*.nk", "*.creds"} {
		files, err := filepath.Glob(filepath.Join(s.dir, pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := checkMode(file); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkMode(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the key file %s is %w: its mode is %#o; if nobody has read it, chmod 600 %s", file, ErrExposed, info.Mode().Perm(), file)
	}
	return nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // its mode is 0600
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
