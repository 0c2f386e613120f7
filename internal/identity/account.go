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

	"factorfleet/internal/schema"
)

// Claims are what a server is told: whom to trust, and who was revoked.
type Claims struct {
	Operator  string    // JWT
	Accounts  []Account // in the order in which they are to be put in force
	System    string    // JWT of the system account
	FleetKey  string    // public key of the account that has the streams
	SystemKey string    // and of the system account
	Revoked   int       // how many identities are revoked
}

// An Account is one in which identities are users.
type Account struct {
	Name schema.AccountName
	Key  string // public
	JWT  string
}

// Tokens returns the JWTs of the accounts, in their order.
func (c Claims) Tokens() (tokens []string) {
	for _, a := range c.Accounts {
		tokens = append(tokens, a.JWT)
	}
	return tokens
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

// revoked returns the public keys that were revoked, each with that of the account that has
// signed it, "" if that was not written down. They stay so for ever: a new identity of the
// same name has a new key.
func (s *Store) revoked() (map[string]string, error) {
	entries, err := os.ReadDir(s.path(dirRevoked))
	if err != nil {
		return nil, err
	}
	keys := make(map[string]string)
	for _, e := range entries {
		key := e.Name()
		if !nkeys.IsValidPublicUserKey(key) {
			continue
		}
		text, err := os.ReadFile(s.path(dirRevoked, key))
		if err != nil {
			return nil, err
		}
		keys[key] = ""
		if fields := strings.Fields(string(text)); len(fields) == 2 && nkeys.IsValidPublicAccountKey(fields[1]) {
			keys[key] = fields[1]
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
	if err := writeFile(s.path(dirRevoked, u.Key), []byte(name+" "+u.issuer+"\n"), 0o644); err != nil {
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
