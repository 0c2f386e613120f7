package identity

import (
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// Revision returns a text that changes when an identity is revoked. The claims must then be signed again.
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

// Revoke revokes an identity and removes its files. Its name may be given to a new one, which has a new
// key. The error wraps ErrUnknown if no identity has the name.
func (s *Store) Revoke(name string) error {
	return s.locked(func() error {
		u, err := s.User(name)
		if err != nil {
			return err
		}
		if err := writeFile(s.path(dirRevoked, u.Key), []byte(name+" "+u.issuer+"\n"), modePublic); err != nil {
			return err
		}
		return s.removeFiles(name)
	})
}

// revoked returns the public keys of revoked users, each with the public key of the account that has
// signed it. The latter is "" for a record from before workers had their own account.
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

// endOfTime is later than every time at which a user may be signed. A server refuses users that were
// signed before the time of their revocation, so this one is final.
var endOfTime = time.Unix(1<<40, 0)

// revokeUsers adds the revoked users to the claims of an account: its own, and those whose account is
// unknown.
func revokeUsers(account *jwt.AccountClaims, revoked map[string]string) {
	for key, issuer := range revoked {
		if issuer == account.Subject || issuer == "" {
			account.RevokeAt(key, endOfTime)
		}
	}
}
