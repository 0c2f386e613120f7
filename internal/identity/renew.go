package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// A PermissionState tells how the permissions in the credentials of an identity relate to those that this version
// gives its role. They are compared themselves, so that no number of a version has to be kept.
type PermissionState string

// The states.
const (
	Current PermissionState = "current" // equal
	Old     PermissionState = "old"     // they differ: Renew makes them equal
	Foreign PermissionState = "foreign" // signed by another account than today's: only Revoke and Add help
)

// stateOf returns the state of the permissions in claims.
func (s *Store) stateOf(u User, claims *jwt.UserClaims) (PermissionState, error) {
	key, err := s.signer(u.Role).PublicKey()
	if err != nil {
		return "", err
	}
	if u.issuer != key {
		return Foreign, nil
	}
	want := userClaims(u, schema.PermissionsOf(u.Role, u.Name))
	for _, p := range []*jwt.Permissions{&want.Permissions, &claims.Permissions} {
		for _, list := range []*jwt.StringList{&p.Pub.Allow, &p.Pub.Deny, &p.Sub.Allow, &p.Sub.Deny} {
			slices.Sort(*list)
			*list = slices.Clip(append(jwt.StringList{}, *list...))
		}
	}
	if reflect.DeepEqual(want.Permissions, claims.Permissions) {
		return Current, nil
	}
	return Old, nil
}

// Renew makes new credentials for an identity, with the permissions of this version and the same key, name, role
// and networks. They expire at until; the zero time means that they are valid for as long as the old ones were.
// The old credentials stay valid until they expire, because a process may be using them: to end them is the
// purpose of Revoke. The error wraps ErrUnknown if no identity has the name, and ErrNoSeed if its credentials
// are not in the directory.
func (s *Store) Renew(name string, until time.Time) error {
	return s.locked(func() error {
		if err := s.complete(); err != nil {
			return err
		}
		u, err := s.User(name)
		if err != nil {
			return err
		}
		if _, err := schema.ParseRole(string(u.Role)); err != nil {
			return fmt.Errorf("renew %s: %w", name, err)
		}
		if u.Permissions == Foreign {
			return fmt.Errorf("%s was made before workers had their own account, and its credentials permit too much: revoke it, then add it again", name)
		}
		seed, err := s.seedOf(u)
		if err != nil {
			return err
		}
		u.Expires = s.renewed(u, until)
		token, err := s.signUser(u, schema.PermissionsOf(u.Role, name))
		if err != nil {
			return err
		}
		return s.store(name, schema.Credentials{JWT: token, Seed: string(seed)})
	})
}

// renewed returns the time at which renewed credentials expire.
func (s *Store) renewed(u User, until time.Time) time.Time {
	if until.IsZero() && !u.Expires.IsZero() {
		return s.clock().Add(u.Expires.Sub(u.issued))
	}
	return until
}

// seedOf returns the seed in the credentials of an identity.
func (s *Store) seedOf(u User) ([]byte, error) {
	text, err := os.ReadFile(s.CredsFile(u.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing; copy it back, or revoke %s and add it again", ErrNoSeed, s.CredsFile(u.Name), u.Name)
	}
	if err != nil {
		return nil, err
	}
	key, err := jwt.ParseDecoratedUserNKey(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.CredsFile(u.Name), err)
	}
	if public, err := key.PublicKey(); err != nil || public != u.Key || !nkeys.IsValidPublicUserKey(public) {
		return nil, fmt.Errorf("%s has the key of another identity than %s: copy the right file back, or revoke %s and add it again", s.CredsFile(u.Name), u.Name, u.Name)
	}
	return key.Seed()
}
