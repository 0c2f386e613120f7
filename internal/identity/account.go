package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// Claims are what a server is told: whom to trust, and who was revoked.
type Claims struct {
	Operator   string // JWT
	Account    string // JWT of the fleet's account
	System     string // JWT of the system account
	AccountKey string // public keys of the two
	SystemKey  string
	Revoked    int // how many identities are revoked
}

// writeClaims signs what is signed only once. The system account's own key is forgotten:
// nobody is to be a user of it.
func (s *Store) writeClaims() error {
	system, err := nkeys.CreateAccount()
	if err != nil {
		return err
	}
	if s.claims.SystemKey, err = system.PublicKey(); err != nil {
		return err
	}
	account := jwt.NewAccountClaims(s.claims.SystemKey)
	account.Name = "SYS"
	if s.claims.System, err = account.Encode(s.operator); err != nil {
		return fmt.Errorf("sign the system account: %w", err)
	}
	operatorKey, err := s.operator.PublicKey()
	if err != nil {
		return err
	}
	operator := jwt.NewOperatorClaims(operatorKey)
	operator.Name, operator.SystemAccount = "factorfleet", s.claims.SystemKey
	if s.claims.Operator, err = operator.Encode(s.operator); err != nil {
		return fmt.Errorf("sign the operator: %w", err)
	}
	if err := writeFile(s.path(fileSystemJWT), []byte(s.claims.System), 0o644); err != nil {
		return err
	}
	return writeFile(s.path(fileOperatorJWT), []byte(s.claims.Operator), 0o644)
}

func (s *Store) readClaims() error {
	for file, at := range map[string]*string{fileSystemJWT: &s.claims.System, fileOperatorJWT: &s.claims.Operator} {
		text, err := os.ReadFile(s.path(file))
		if err != nil {
			return err
		}
		*at = string(text)
	}
	operator, err := jwt.DecodeOperatorClaims(s.claims.Operator)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path(fileOperatorJWT), err)
	}
	s.claims.SystemKey = operator.SystemAccount
	return nil
}

// Claims returns the claims, those of the account signed as they are now.
func (s *Store) Claims() (Claims, error) {
	c := s.claims
	var err error
	if c.AccountKey, err = s.account.PublicKey(); err != nil {
		return c, err
	}
	account := jwt.NewAccountClaims(c.AccountKey)
	account.Name = "FACTOR"
	account.Limits.DisallowBearer = true // a JWT alone lets nobody in
	account.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
		MaxAckPending: jwt.NoLimit, MemoryMaxStreamBytes: jwt.NoLimit, DiskMaxStreamBytes: jwt.NoLimit,
	}
	revoked, err := s.revoked()
	if err != nil {
		return c, err
	}
	for key, at := range revoked {
		account.RevokeAt(key, at)
	}
	c.Revoked = len(revoked)
	if c.Account, err = account.Encode(s.operator); err != nil {
		return c, fmt.Errorf("sign the account: %w", err)
	}
	return c, nil
}

// Revision changes when an identity is revoked: Claims are then to be signed anew.
func (s *Store) Revision() (string, error) {
	entries, err := os.ReadDir(s.path(dirRevoked))
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " "), nil
}

// forEver is after all that was ever issued to a key, by whatever clock.
var forEver = time.Unix(1<<40, 0)

// revoked returns the public keys that were revoked. They stay so for ever: a new
// identity of the same name has a new key.
func (s *Store) revoked() (map[string]time.Time, error) {
	entries, err := os.ReadDir(s.path(dirRevoked))
	if err != nil {
		return nil, err
	}
	keys := make(map[string]time.Time)
	for _, e := range entries {
		if key := e.Name(); nkeys.IsValidPublicUserKey(key) {
			keys[key] = forEver
		}
	}
	return keys, nil
}

// Revoke revokes an identity. An error wraps ErrUnknown if there is none of that name.
func (s *Store) Revoke(name string) error {
	u, err := s.User(name)
	if err != nil {
		return err
	}
	if err := writeFile(s.path(dirRevoked, u.Key), []byte(name+"\n"), 0o644); err != nil {
		return err
	}
	for _, file := range []string{s.CredsFile(name), s.ContextFile(name), s.path(dirUsers, name+".jwt")} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Users returns the identities that are not revoked, by name.
func (s *Store) Users() ([]User, error) {
	files, err := filepath.Glob(s.path(dirUsers, "*.jwt"))
	if err != nil {
		return nil, err
	}
	var list []User
	for _, file := range files {
		u, err := s.User(strings.TrimSuffix(filepath.Base(file), ".jwt"))
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b User) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
