// Package identity makes and stores the keys that decide who takes part in a fleet. Certificates tell
// clients which server they talk to: a certificate authority signs the server's certificate. NATS keys
// tell the server which client it talks to: the server trusts an operator, which signs accounts, and an
// account signs users. Each identity of the fleet, such as one worker, is a user.
//
//	authority  ── signs ──>  server.crt
//	operator   ── signs ──>  account FACTOR   ── signs ──>  producers, observers, admins
//	           ── signs ──>  account WORKERS  ── signs ──>  workers
//
// A JWT is a signed statement (claims) about a public key: what an account may export, or what a user
// may publish. A seed is the secret from which a private key is derived. All of it is in one directory:
//
//	ca.crt ca.key           the certificate authority; clients get the certificate
//	server.crt server.key   the server's certificate and key
//	operator.nk             seed of the operator
//	account.nk workers.nk   seeds of the fleet's account and the workers' account
//	operator.jwt            claims of the operator; a server reads them only when it starts
//	system.jwt              claims of the system account, which has no users; likewise
//	url                     address of the server
//	users/NAME.jwt          claims of an identity; not secret
//	NAME.creds              these claims, the identity's seed, and ca.crt: all that another machine needs
//	NAME.json               context of the nats command for the identity
//	revoked/KEY             a revoked identity: KEY is its public key, the content its name and the
//	                        public key of its account
//	.lock                   locked by the process that writes
//
// Nothing else is stored: the claims of the accounts follow from these files. A server that watches the
// directory (Revision) can apply a revocation without a restart.
package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// A Store is a directory of keys. Several processes may use the same directory at once.
type Store struct {
	dir              string // absolute
	operator         nkeys.KeyPair
	account, workers nkeys.KeyPair // of the fleet and of the workers
	claims           Claims        // of the operator and of the system account
	authority        authority

	now func() time.Time // for tests; nil = the clock of this machine
}

// Names of files and directories in the directory of keys.
const (
	fileCA, fileCAKey         = "ca.crt", "ca.key"
	fileServer, fileServerKey = "server.crt", "server.key"
	fileOperator, fileAccount = "operator.nk", "account.nk"
	fileWorkers               = "workers.nk"
	fileOperatorJWT           = "operator.jwt"
	fileSystemJWT             = "system.jwt"
	fileURL                   = "url"
	fileCreating, fileLock    = ".creating", ".lock"
	dirUsers, dirRevoked      = "users", "revoked"

	temporaryPrefix = ".new-" // of files that are being written
)

// Modes of files with and without a secret.
const (
	modeSecret fs.FileMode = 0o600
	modePublic fs.FileMode = 0o644
)

// Dir returns the absolute path of the directory.
func (s *Store) Dir() string { return s.dir }

// Open reads a directory that Create has made. The error wraps ErrNoKeys if the directory has no keys,
// and ErrExposed if other users can read or replace a key in it.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if !s.hasKeys() {
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
	if s.workers, err = s.readSeed(fileWorkers, nkeys.PrefixByteAccount); errors.Is(err, fs.ErrNotExist) {
		err = s.locked(func() error { s.workers, err = s.workersSeed(); return err })
	}
	if err != nil {
		return nil, err
	}
	if err := s.readClaims(); err != nil {
		return nil, err
	}
	s.authority, err = readAuthority(s.path(fileCA), s.path(fileCAKey))
	return s, err
}

// clock returns the time.
func (s *Store) clock() time.Time {
	if s.now != nil {
		return s.now()
	}
	return time.Now()
}

// exists reports whether there is a file at path, or may be one.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// path returns the path of a file in the directory.
func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// signer returns the account whose users have the role.
func (s *Store) signer(r schema.Role) nkeys.KeyPair {
	if schema.AccountOf(r) == schema.AccountWorkers {
		return s.workers
	}
	return s.account
}
